/**
 * A question to the server that the client does not see: in which schemas does it look for a name now, and in which order?
 * Its answer leaves nothing to be worked out: `"$user"`, the temporary schema, schemas that do not exist or may not be used
 * (manual 5.10.3; 9.27.1, current_schemas).
 */
import { serialize } from 'pg-protocol';
import { encodeOwnQuery, OwnQuery } from '../ownQuery.ts';

/** One row a schema: their names may hold anything. */
const text =
  'SELECT s FROM pg_catalog.unnest(pg_catalog.current_schemas(true)) WITH ORDINALITY AS p (s, n) ORDER BY n';

const messages = encodeOwnQuery('portcullis_path', text);
const withSync = Buffer.concat([messages, serialize.sync()]);
const withFlush = Buffer.concat([messages, serialize.flush()]);

/** `undefined`: the server did not say. */
export type OnPath = (schemas: readonly string[] | undefined) => void;

/** Asked between two messages of the client. */
export class PathProbe extends OwnQuery {
  /** Nothing else is sent before it is answered: the client's message waits for it. */
  readonly holdsNames = false;
  readonly touchesClassified = false;
  readonly #onPath: OnPath;

  constructor(endsWithReady: boolean, onPath: OnPath) {
    super(endsWithReady);
    this.#onPath = onPath;
  }

  encode(): Buffer {
    return this.endsWithReady ? withSync : withFlush;
  }

  /** It is not answered any more: an error before it has ended the segment. */
  withdraw(): void {
    this.#onPath(undefined);
  }

  protected override onAnswer(rows: readonly (readonly string[])[], hasFailed: boolean): void {
    this.#onPath(hasFailed ? undefined : rows.map(([schema = '']) => schema));
  }
}
