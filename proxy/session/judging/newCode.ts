/** Whether the session may have made functions, operators or casts that the catalog does not show yet. */
import type { Effect, StatementFacts } from '../../sql/facts.ts';
import type { GovernedConnection } from '../governedConnection.ts';

const codeObjects: ReadonlySet<string> = new Set([
  'function',
  'procedure',
  'routine',
  'aggregate',
  'operator',
  'operator class',
  'cast',
  'type',
  'domain',
  'extension',
  'schema',
]);

/**
 * A function `lower(varchar)` of somebody's own goes before PostgreSQL's for a varchar column (manual 10.3). Until the
 * transaction that may have made one has ended and the catalog was read again, no function is taken for PostgreSQL's own.
 */
export class NewCode {
  /** Grows with every change of `isThere`, for what was judged before may not hold. */
  #changes = 0;
  #notes = 0;
  #isThere = false;

  get isThere(): boolean {
    return this.#isThere;
  }

  get stamp(): number {
    return this.#changes;
  }

  /** Notes what a statement may make, whether or not it comes to run. */
  note({ effects }: Pick<StatementFacts, 'effects'>): void {
    if (!effects.some(makesCode)) return;
    this.#notes += 1;
    if (this.#isThere) return;
    this.#isThere = true;
    this.#changes += 1;
  }

  /** The transaction has ended: what it made is known once the catalog has been looked at. */
  settle(connection: Pick<GovernedConnection, 'refresh'>): void {
    const seen = this.#notes;
    connection.refresh().then(
      () => {
        if (this.#notes !== seen || !this.#isThere) return;
        this.#isThere = false;
        this.#changes += 1;
      },
      () => undefined, // It stays in doubt until the catalog can be read.
    );
  }
}

function makesCode({ kind, object }: Effect): boolean {
  switch (kind) {
    case 'procedural':
    case 'unknown':
      return true;
    case 'create':
    case 'alter':
    case 'alterAdditive':
      return object !== undefined && codeObjects.has(object);
    default:
      return false;
  }
}
