/**
 * A question to the server that the client does not see: which columns does this query have, and where do they come from?
 * Asked in the client's own session right before a statement whose rows come without RowDescription, so that names mean
 * what they will mean to it: search_path, temporary tables, what its transaction has changed.
 */
import { serialize } from 'pg-protocol';
import { monotonicMicros } from '../kit/clock.ts';
import { maskErrorFields } from '../masking/maskMessage.ts';
import type { MaskPlan } from '../masking/maskPlan.ts';
import { MessageCursor } from '../wire/cursor.ts';
import { Backend, WireError } from '../wire/protocol.ts';
import { readErrorFields } from './answerMessages.ts';
import type { JudgedStatement } from './judging/judgement.ts';

/** Of our own statement on the server, between Parse and Close. */
const name = 'portcullis_columns';

const close = serialize.close({ type: 'S', name });
const describe = serialize.describe({ type: 'S', name });
const sync = serialize.sync();

export interface ProbedColumn {
  readonly name: string;
  /** OID and number of the column that it is, as it is; 0 for what is computed. */
  readonly relation: number;
  readonly attribute: number;
}

export class ColumnProbe {
  readonly judged: JudgedStatement;
  /** Asked by itself, before a Query: an error of it must not end what the client has begun, and is not told. */
  readonly endsWithReady: boolean;
  /** Names mean after it what they meant before. */
  readonly holdsNames = false;
  /** The statement may touch protected columns: errors are masked. */
  readonly touchesClassified: boolean;
  readonly sentAt = monotonicMicros();
  /** Format of the values to come: 0 text, 1 binary. */
  readonly #format: number;
  #closed = 0;
  columns: readonly ProbedColumn[] | undefined;
  plan: MaskPlan | undefined;
  /** The server's error in place of an answer. */
  failure: Buffer | undefined;

  constructor(
    judged: JudgedStatement,
    more: { endsWithReady: boolean; touchesClassified: boolean; format: number },
  ) {
    this.judged = judged;
    this.endsWithReady = more.endsWithReady;
    this.touchesClassified = more.touchesClassified;
    this.#format = more.format;
  }

  /** The first Close is for one that an error has left behind; closing what is not there is no error (manual, 55.2.3). */
  encode(query: string): Buffer {
    const messages = [close, serialize.parse({ name, text: query }), describe, close];
    return Buffer.concat(this.endsWithReady ? [...messages, sync] : messages);
  }

  /** RowDescription as it would be for the values to come: of a statement it says format 0 always. */
  #describeRows(message: Buffer): Buffer {
    const described = Buffer.from(message);
    const cursor = new MessageCursor(described, 5, described.length);
    for (let left = cursor.int16(); left > 0; left--) {
      cursor.cstringBytes();
      cursor.skip(16);
      described.writeInt16BE(this.#format, cursor.position);
      cursor.skip(2);
    }
    return described;
  }

  /** False for an error that is the client's to hear. Of others it is kept what to say if the statement fails for it. */
  takesError(message: Buffer): boolean {
    const { severity } = readErrorFields(message);
    if (!this.endsWithReady || severity === 'FATAL' || severity === 'PANIC') return false;
    const own = dropPosition(message);
    this.failure = this.touchesClassified ? maskErrorFields(own, { isCodeFree: this.judged.isOpaque }) : own;
    return true;
  }

  /**
   * Takes a message of the answer; `whole` for the last one. A promise where it must be shown again when that resolves.
   * @param plan as StatementPipeline.planRows
   */
  read(
    type: number,
    message: Buffer,
    plan: (rowDescription: Buffer, judged: JudgedStatement) => MaskPlan | undefined | Promise<void>,
  ): 'whole' | 'more' | Promise<void> {
    switch (type) {
      case Backend.rowDescription: {
        const planned = plan(this.#describeRows(message), this.judged);
        if (planned instanceof Promise) return planned;
        this.#answer(message, planned);
        return 'more';
      }
      case Backend.closeComplete:
        this.#closed++;
        return this.#closed === 2 && !this.endsWithReady ? 'whole' : 'more';
      case Backend.readyForQuery:
        return 'whole';
      case Backend.parseComplete:
      case Backend.parameterDescription:
      case Backend.noData:
      case Backend.errorResponse:
        return 'more';
      default:
        throw new WireError('the server answered something else than was asked');
    }
  }

  #answer(message: Buffer, plan: MaskPlan | undefined): void {
    const cursor = new MessageCursor(message, 5, message.length);
    const columns: ProbedColumn[] = [];
    for (let left = cursor.int16(); left > 0; left--) {
      const column = cursor.cstringBytes().toString('utf8');
      columns.push({ name: column, relation: cursor.int32() >>> 0, attribute: cursor.int16() });
      cursor.skip(12);
    }
    this.columns = columns;
    this.plan = plan;
  }
}

/** What the server says unasked (manual, 55.2.6). */
export function isUnasked(type: number): boolean {
  return (
    type === Backend.noticeResponse ||
    type === Backend.parameterStatus ||
    type === Backend.notificationResponse
  );
}

/** An error or a notice without the position, which counts in our text and not in the client's. */
export function dropPosition(message: Buffer): Buffer {
  const kept: Buffer[] = [];
  let at = 5;
  while (at < message.length && message[at] !== 0) {
    const end = message.indexOf(0, at);
    if (end < 0) break;
    if (message[at] !== 0x50) kept.push(message.subarray(at, end + 1)); // P
    at = end + 1;
  }
  const whole = Buffer.concat([message.subarray(0, 5), ...kept, Buffer.from([0])]);
  whole.writeInt32BE(whole.length - 1, 1);
  return whole;
}
