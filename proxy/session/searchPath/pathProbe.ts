/**
 * A question to the server that the client does not see: in which schemas does it look for a name now, and in which order?
 * Its answer leaves nothing to be worked out: `"$user"`, the temporary schema, schemas that do not exist or may not be used
 * (manual 5.10.3; 9.27.1, current_schemas).
 */
import { serialize } from 'pg-protocol';
import { MessageCursor } from '../../wire/cursor.ts';
import { Backend, WireError } from '../../wire/protocol.ts';
import { readErrorFields } from '../answerMessages.ts';

/** Of our own statement and portal on the server, between Parse and Close. */
const name = 'portcullis_path';

/** One row a schema: their names may hold anything. */
const text =
  'SELECT s FROM pg_catalog.unnest(pg_catalog.current_schemas(true)) WITH ORDINALITY AS p (s, n) ORDER BY n';

const closeStatement = serialize.close({ type: 'S', name });
const messages = Buffer.concat([
  closeStatement,
  serialize.parse({ name, text }),
  serialize.bind({ statement: name, portal: name }),
  serialize.execute({ portal: name }),
  serialize.close({ type: 'P', name }),
  closeStatement,
]);
/** How many Close messages that sends. */
const closes = 3;

const withSync = Buffer.concat([messages, serialize.sync()]);
const withFlush = Buffer.concat([messages, serialize.flush()]);

/** `undefined`: the server did not say. */
export type OnPath = (schemas: readonly string[] | undefined) => void;

export class PathProbe {
  /** Asked by itself, between two messages of the client: an error of it is nothing to the client. */
  readonly endsWithReady: boolean;
  /** Nothing else is sent before it is answered: the client's message waits for it. */
  readonly holdsNames = false;
  readonly touchesClassified = false;
  readonly #onPath: OnPath;
  readonly #schemas: string[] = [];
  #closed = 0;
  #hasFailed = false;

  constructor(endsWithReady: boolean, onPath: OnPath) {
    this.endsWithReady = endsWithReady;
    this.#onPath = onPath;
  }

  encode(): Buffer {
    return this.endsWithReady ? withSync : withFlush;
  }

  takesError(message: Buffer): boolean {
    this.#hasFailed = true;
    const { severity } = readErrorFields(message);
    return this.endsWithReady && severity !== 'FATAL' && severity !== 'PANIC';
  }

  /** It is not answered any more: an error before it has ended the segment. */
  withdraw(): void {
    this.#onPath(undefined);
  }

  /** Takes a message of the answer; `whole` for the last one. */
  read(type: number, message: Buffer): 'whole' | 'more' {
    switch (type) {
      case Backend.dataRow:
        this.#schemas.push(readSchema(message));
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
    this.#onPath(this.#hasFailed ? undefined : this.#schemas);
    return 'whole';
  }
}

function readSchema(message: Buffer): string {
  const cursor = new MessageCursor(message, 5, message.length);
  cursor.int16();
  return cursor.bytes(cursor.int32()).toString('utf8');
}
