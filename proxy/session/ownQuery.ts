/** A query of ours in a client's session, which the client does not see: its messages, and its answer row by row. */
import { serialize } from 'pg-protocol';
import { MessageCursor } from '../wire/cursor.ts';
import { Backend, WireError } from '../wire/protocol.ts';
import { readErrorFields } from './answerMessages.ts';

/** How many Close messages {@link encodeOwnQuery} sends. */
const closes = 3;

/**
 * @param name of our own statement and portal on the server. The first Close is for one that an error has left behind;
 * closing what is not there is no error (manual 55.2.3)
 */
export function encodeOwnQuery(name: string, text: string): Buffer {
  const closeStatement = serialize.close({ type: 'S', name });
  return Buffer.concat([
    closeStatement,
    serialize.parse({ name, text }),
    serialize.bind({ statement: name, portal: name }),
    serialize.execute({ portal: name }),
    serialize.close({ type: 'P', name }),
    closeStatement,
  ]);
}

export abstract class OwnQuery {
  /** Asked by itself, not among messages of the client: an error of it is nothing to the client. */
  readonly endsWithReady: boolean;
  readonly #rows: string[][] = [];
  #closed = 0;
  #hasFailed = false;

  constructor(endsWithReady: boolean) {
    this.endsWithReady = endsWithReady;
  }

  /** The whole answer: all values as text, none of them NULL. */
  protected abstract onAnswer(rows: readonly (readonly string[])[], hasFailed: boolean): void;

  takesError(message: Buffer): boolean {
    this.#hasFailed = true;
    const { severity } = readErrorFields(message);
    return this.endsWithReady && severity !== 'FATAL' && severity !== 'PANIC';
  }

  /** Takes a message of the answer; `whole` for the last one. */
  read(type: number, message: Buffer): 'whole' | 'more' {
    switch (type) {
      case Backend.dataRow:
        this.#rows.push(readRow(message));
        return 'more';
      case Backend.closeComplete:
        this.#closed++;
        return this.#closed === closes && !this.endsWithReady ? this.#end() : 'more';
      case Backend.readyForQuery:
        return this.#end();
      case Backend.parseComplete:
      case Backend.bindComplete:
      case Backend.commandComplete:
      case Backend.errorResponse:
        return 'more';
      default:
        throw new WireError('the server answered something else than was asked');
    }
  }

  #end(): 'whole' {
    this.onAnswer(this.#rows, this.#hasFailed);
    return 'whole';
  }
}

function readRow(message: Buffer): string[] {
  const cursor = new MessageCursor(message, 5, message.length);
  const values: string[] = [];
  for (let left = cursor.int16(); left > 0; left--) {
    values.push(cursor.bytes(cursor.int32()).toString('utf8'));
  }
  return values;
}
