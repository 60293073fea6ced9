/** What one session may use up, by the policy in force, and what it has used up. Looked at once a second. */
import type { Identity } from '../../identity/identity.ts';
import { PortcullisError } from '../../kit/errors.ts';
import type { Circumstances } from '../../policy/circumstances/circumstances.ts';
import type { ConnectionInfo } from '../../policy/decision.ts';
import type { Limits } from '../../policy/limits.ts';
import type { LivePolicy } from '../../policy/live/livePolicy.ts';
import type { StatementFacts } from '../../sql/facts.ts';
import type { LookupCount } from '../../sql/lookups/countLookups.ts';
import type { StatementRun } from '../judging/judgement.ts';
import { changesRows } from './changedRows.ts';
import { type Parameters, takeLookups } from './lookups.ts';
import type { RowBudgets } from './rowBudgets.ts';

/** Effects that bring rows into a table that is there. */
const filling: ReadonlySet<string> = new Set(['insert', 'update', 'merge', 'copyIn', 'procedural', 'call']);
/** Commands whose tag tells how many rows they have written. */
const counting: ReadonlySet<string> = new Set(['INSERT', 'UPDATE', 'MERGE', 'COPY', 'DELETE']);
const perSecond = 1_000_000; // microseconds
const systemSchemas: ReadonlySet<string> = new Set(['pg_catalog', 'information_schema']);

interface Limited {
  readonly facts: Pick<StatementFacts, 'effects'>;
  readonly tellsChangedRows: boolean;
  readonly lookups: LookupCount | undefined;
}

export class SessionLimits {
  readonly #policy: LivePolicy;
  readonly #identity: Identity;
  readonly #connection: ConnectionInfo;
  readonly #circumstances: Circumstances;
  readonly #budgets: RowBudgets;
  /** Rows that the session has put into temporary tables. */
  #temporaryRows = 0;
  #known: { readonly stamp: string; readonly limits: Limits } | undefined;

  constructor(
    policy: LivePolicy,
    identity: Identity,
    connection: ConnectionInfo,
    circumstances: Circumstances,
    budgets: RowBudgets,
  ) {
    this.#policy = policy;
    this.#circumstances = circumstances;
    this.#identity = identity;
    this.#connection = connection;
    this.#budgets = budgets;
  }

  /** Why none of these statements may begin; undefined where they may. Throws where the policy cannot be evaluated. */
  refusalOf(statements: readonly Limited[]): PortcullisError | undefined {
    const { rowsPerHour } = this.#limits;
    if (this.rowsChanged(statements) !== undefined && !areCounted(statements)) {
      return new PortcullisError('CHANGES_NOT_COUNTED');
    }
    if (rowsPerHour === undefined || !statements.some(({ facts }) => readsRows(facts))) return undefined;
    return this.#budgets.used(this.#identity.subject) >= rowsPerHour
      ? new PortcullisError('ROWS_USED_UP', { rows: rowsPerHour })
      : undefined;
  }

  /**
   * Why none of these statements may look up what it does; undefined where they may, and it is counted.
   * @param text of the message
   */
  lookupRefusal(
    statements: readonly Limited[],
    text: string,
    parameters: Parameters,
  ): PortcullisError | undefined {
    const { protectedLookupsPerHour: limit } = this.#limits;
    if (limit === undefined) return undefined;
    for (const { lookups } of statements) {
      if (lookups === undefined) continue;
      const taken = takeLookups(lookups, text, parameters, this.#temporaryRows);
      if (taken === undefined) return new PortcullisError('LOOKUPS_NOT_COUNTED');
      const who = JSON.stringify([this.#identity.subject, this.#connection.name]);
      if (!this.#budgets.lookups.take(who, taken, limit)) {
        return new PortcullisError('LOOKUPS_USED_UP', { lookups: limit });
      }
    }
    return undefined;
  }

  /** Rows that go into temporary tables can be compared with protected columns from there. */
  noteDone({ effects }: Pick<StatementFacts, 'effects'>, tag: string | undefined): void {
    const written = effects.filter(
      ({ kind, relation, temporary }) =>
        kind !== 'read' && (temporary === true || relation?.schema?.startsWith('pg_temp') === true),
    );
    if (written.length === 0 || tag === undefined) return;
    const [, command = '', count = '0'] = /^(\w+)(?:.* (\d+))?$/.exec(tag) ?? [];
    // The count of a SELECT or an EXPLAIN is not that of what it writes on the way.
    const isOther = written.some(({ kind }) => filling.has(kind)) && !counting.has(command);
    this.#temporaryRows += isOther ? Number.POSITIVE_INFINITY : Number(count);
  }

  /** How many rows these statements may change; undefined where that is not limited, or they change none. */
  rowsChanged(statements: readonly Limited[]): number | undefined {
    const { rowsChanged } = this.#limits;
    return rowsChanged !== undefined && statements.some(({ facts }) => changesRows(facts))
      ? rowsChanged
      : undefined;
  }

  /** True where changed rows are counted at all: a statement then begins when those before it are answered. */
  get countsChanges(): boolean {
    return this.#limits.rowsChanged !== undefined;
  }

  /** Why a statement that runs has to end. */
  overrunOf(run: StatementRun, nowMicros: number): PortcullisError | undefined {
    const { statementSeconds, rowsPerHour } = this.#limits;
    if (statementSeconds !== undefined && nowMicros - run.startedAt > statementSeconds * perSecond) {
      return new PortcullisError('STATEMENT_TIME_USED_UP', { seconds: statementSeconds });
    }
    if (rowsPerHour !== undefined && this.#budgets.used(this.#identity.subject) + run.rows > rowsPerHour) {
      return new PortcullisError('ROWS_USED_UP', { rows: rowsPerHour });
    }
    return undefined;
  }

  /** Why a session has to end that left its transaction open since then. */
  idleOverrun(sinceMicros: number, nowMicros: number): PortcullisError | undefined {
    const { idleInTransactionSeconds: seconds } = this.#limits;
    return seconds !== undefined && nowMicros - sinceMicros > seconds * perSecond
      ? new PortcullisError('IDLE_IN_TRANSACTION', { seconds })
      : undefined;
  }

  countRows(rows: number): void {
    this.#budgets.add(this.#identity.subject, rows);
  }

  get #limits(): Limits {
    const stamp = this.#policy.stampFor('limits');
    if (this.#known?.stamp !== stamp) {
      const limits = this.#policy.limits(this.#identity, this.#connection, this.#circumstances);
      this.#known = { stamp, limits };
    }
    return this.#known.limits;
  }
}

/** One statement that the server answers by a count. */
function areCounted(statements: readonly Limited[]): boolean {
  return statements.length === 1 && statements[0]?.tellsChangedRows === true;
}

/** What tools ask the catalog stays free: without it nobody could even look why. */
function readsRows({ effects }: Pick<StatementFacts, 'effects'>): boolean {
  return effects.some(
    ({ kind, relation }) =>
      kind === 'read' && relation !== undefined && !systemSchemas.has(relation.schema ?? ''),
  );
}
