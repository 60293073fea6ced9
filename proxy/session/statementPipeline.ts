/**
 * The way of a statement through one session, from its text to its outcome. From top to bottom:
 *
 *   judge    text → facts → decision → use of classified columns        (nothing has run, nothing is recorded)
 *   admit    event written to the journal                               (now it may be forwarded)
 *   planRows row description → mask plan                                (rows are rewritten by it as they stream)
 *   finish   outcome written
 */
import type { EventClient } from '../audit/events.ts';
import { type IntentTemplate, renderIntent } from '../audit/eventTemplate.ts';
import type { Journal } from '../audit/journal.ts';
import type { Identity } from '../identity/identity.ts';
import { monotonicMicros } from '../kit/clock.ts';
import { PortcullisError } from '../kit/errors.ts';
import { type MaskPlan, planMasks } from '../masking/maskPlan.ts';
import type { Decision } from '../policy/decision.ts';
import { decisionError } from '../policy/findings.ts';
import type { PolicyEngine } from '../policy/policyEngine.ts';
import type { Analyser } from '../sql/analyser.ts';
import { type ColumnUse, judgeColumnUse, useError } from '../sql/columnUse.ts';
import type { Effect, StatementFacts } from '../sql/facts.ts';
import { recordedText } from '../sql/recordedText.ts';
import type { GovernedConnection } from './governedConnection.ts';
import { type Admission, type JudgedMessage, type JudgedStatement, StatementRun } from './judgement.ts';

/** The parts that all sessions share. */
export interface PipelineParts {
  readonly analyser: Analyser;
  readonly policy: PolicyEngine;
  readonly journal: Journal;
  /** Salted commitment to an exact text: hex. */
  readonly commit: (text: string) => string;
}

/** Who asks, through what, to where: fixed for the life of a session. */
export interface SessionContext {
  readonly id: string;
  readonly identity: Identity;
  readonly connection: GovernedConnection;
  readonly client: EventClient;
}

/** What a prepared statement's name stands for, where EXECUTE asks. */
export type FindPrepared = (name: string) => JudgedMessage | undefined;

export type OutcomeStatus = 'ok' | 'error' | 'cancelled' | 'unknown' | 'notRun';

/** Judged texts kept per session; a text beyond this size is judged each time. */
const keptTexts = 256;
const keptTextLength = 32_768;

export class StatementPipeline {
  readonly #parts: PipelineParts;
  readonly #context: SessionContext;
  readonly #judged = new Map<string, JudgedMessage>();
  readonly #plans = new Map<string, { readonly stamp: string; readonly plan: MaskPlan | undefined }>();
  /** OIDs of relations that were looked for in the catalog once. */
  readonly #strangers = new Set<number>();
  /** A cursor may have been opened by, or over, a function that cannot be looked into. */
  #hasRunOpaque = false;
  statementsRun = 0;

  constructor(parts: PipelineParts, context: SessionContext) {
    this.#parts = parts;
    this.#context = context;
  }

  /** Changes whenever a judgement may come out differently: policy, catalog or classifications are others. */
  get stamp(): string {
    return `${this.#parts.policy.version}/${this.#context.connection.stamp}`;
  }

  /** Judges all statements of a text before any of them runs. Answers at once unless the text is long or names are new. */
  judge(text: string, findPrepared: FindPrepared): JudgedMessage | Promise<JudgedMessage> {
    const stamp = this.stamp;
    const known = this.#judged.get(text);
    if (known !== undefined && known.stamp === stamp) return known;
    if (!this.#parts.analyser.isSimple(text)) return this.#judgeSlowly(text, findPrepared);
    try {
      const judged = this.#weigh(text, this.#parts.analyser.analyse(text), findPrepared, false);
      return judged ?? this.#judgeAfterRefresh(text, findPrepared);
    } catch (error) {
      return this.#refuseText(text, error);
    }
  }

  /** False where policy, catalog or classifications have changed since, or names may mean something else. */
  isCurrent(judged: JudgedMessage): boolean {
    return judged.stamp === this.stamp && !judged.isByName;
  }

  /** Judges again where the ground has moved since. */
  judgeAgain(judged: JudgedMessage, findPrepared: FindPrepared): JudgedMessage | Promise<JudgedMessage> {
    return this.isCurrent(judged) ? judged : this.judge(judged.text, findPrepared);
  }

  /** Writes the events of a message that is about to be forwarded; without them nothing runs. */
  admit(judged: JudgedMessage): Admission | Promise<Admission> {
    if (judged.refusal !== undefined) return this.#refuse(judged, judged.refusal);
    const { journal } = this.#parts;
    const runs: StatementRun[] = [];
    try {
      let isDurable = false;
      for (const statement of judged.statements) {
        runs.push(new StatementRun(statement, journal.intent(statement.intent)));
        this.#hasRunOpaque ||= statement.isOpaque;
        isDurable ||= statement.isDurable;
      }
      if (isDurable) return this.#admitDurably(judged, runs);
      journal.flush();
    } catch (error) {
      return this.#withdraw(runs, error);
    }
    this.statementsRun += runs.length;
    return { kind: 'run', runs, message: judged };
  }

  /** The text of a prepared statement that SQL's PREPARE has made, judged as a message of its own. */
  judgePrepared(facts: StatementFacts): JudgedMessage {
    const judged = this.#weigh(facts.text, [facts], () => undefined, true);
    return judged ?? this.#refuseText(facts.text, new Error('the catalog is fresh and yet not'));
  }

  /**
   * Which columns of the rows to come are masked, and how: from the message that describes them. A promise where they
   * come from a relation that the catalog does not know yet; ask again when it resolves.
   */
  planRows(
    rowDescription: Buffer,
    judged: JudgedStatement | undefined,
  ): MaskPlan | undefined | Promise<void> {
    const { connection } = this.#context;
    const isOpaque =
      judged === undefined || judged.isOpaque || (this.#hasRunOpaque && readsCursor(judged.facts));
    const key = `${isOpaque ? 'o' : ''}${rowDescription.toString('latin1')}`;
    const known = this.#plans.get(key);
    if (known !== undefined && known.stamp === connection.stamp) return known.plan;
    const { plan, unknownRelations } = planMasks(
      rowDescription,
      connection.catalog,
      connection.classifications,
      isOpaque,
    );
    const isNew = unknownRelations.some((oid) => !this.#strangers.has(oid));
    // A relation that stays unknown was made by this session's own open transaction, and holds what it put there.
    for (const oid of unknownRelations) this.#strangers.add(oid);
    if (isNew) return connection.refresh();
    if (this.#plans.size >= keptTexts) this.#plans.clear();
    this.#plans.set(key, { stamp: connection.stamp, plan });
    return plan;
  }

  /** Writes what came of a run. Once: later calls for the same run say nothing. */
  finish(run: StatementRun, status: OutcomeStatus, more: { tag?: string; sqlState?: string } = {}): void {
    if (run.isFinished) return;
    run.isFinished = true;
    this.#parts.journal.outcome({
      for: run.seq,
      status,
      rows: run.rows,
      micros: monotonicMicros() - run.startedAt,
      tag: more.tag,
      sqlState: more.sqlState,
      maskedColumns: run.maskedColumns,
    });
    if (status === 'ok' && changesSchema(run.judged.facts)) this.#context.connection.noteSchemaChange();
  }

  /** facts → decision → use, statement by statement. Undefined where the catalog does not know a relation. */
  #weigh(
    text: string,
    allFacts: readonly StatementFacts[],
    findPrepared: FindPrepared,
    isCatalogFresh: boolean,
  ): JudgedMessage | undefined {
    const { policy } = this.#parts;
    const { identity, connection } = this.#context;
    const statements: JudgedStatement[] = [];
    const preparedHere = new Map<string, Omit<StatementFacts, 'tree'>>();
    let refusal: PortcullisError | undefined;
    let touchesClassified = false;
    let isByName = false;
    for (const ownFacts of allFacts) {
      let facts = ownFacts;
      if (facts.role.kind === 'execute') {
        isByName = true;
        const { name } = facts.role;
        const inner = preparedHere.get(name) ?? findPrepared(name)?.statements[0]?.facts;
        if (inner === undefined) refusal ??= new PortcullisError('STATEMENT_NAME_UNKNOWN', { name });
        else facts = mergeExecute(facts, inner);
        touchesClassified ||= findPrepared(name)?.touchesClassified ?? true;
      }
      facts = markUserFunctions(facts, connection.catalog.userFunctions);
      if (facts.role.kind === 'prepare') preparedHere.set(facts.role.name, facts.role.inner);
      const decision = policy.decide(identity, connection.info, facts);
      const use = judgeColumnUse(facts, connection.catalog, connection.classifications, {
        isReloaded: isCatalogFresh,
      });
      if (use.unknownRelations.length > 0 && !isCatalogFresh) return undefined;
      if (decision.outcome !== 'allow') refusal ??= decisionError(decision, facts, text);
      else if (use.violations.length > 0) refusal ??= useError(use.violations, text);
      touchesClassified ||= use.touchesClassified;
      const { tree: _tree, ...kept } = facts;
      statements.push({
        facts: kept,
        isOpaque: facts.effects.some(({ kind }) => kind === 'procedural' || kind === 'call'),
        intent: this.#renderIntent(text, facts, decision, use),
        isDurable: !facts.readOnly,
      });
    }
    const judged: JudgedMessage = {
      text,
      statements,
      refusal,
      touchesClassified,
      hasCopyIn: allFacts.some((facts) => facts.role.kind === 'copyIn'),
      changesNames: allFacts.some(
        (facts) => facts.role.kind === 'prepare' || facts.role.kind === 'deallocate',
      ),
      isByName,
      stamp: this.stamp,
    };
    if (!isByName) this.#keep(judged);
    return judged;
  }

  #renderIntent(text: string, facts: StatementFacts, decision: Decision, use: ColumnUse): IntentTemplate {
    const { identity, connection, client, id } = this.#context;
    return renderIntent({
      client,
      connection: connection.info.name,
      environment: connection.info.environment,
      identity: { email: identity.email, groups: identity.groups, subject: identity.subject },
      session: id,
      decision: { outcome: decision.outcome, policies: decision.policies, version: decision.policyVersion },
      effects: facts.effects,
      relations: facts.relations,
      statement: {
        text: recordedText(this.#parts.analyser.parser, facts.text, {
          keepLiterals: mayKeepLiterals(facts, use),
        }),
        commitment: this.#parts.commit(text),
        fingerprint: facts.fingerprint,
        node: facts.node,
      },
    });
  }

  async #judgeAfterRefresh(text: string, findPrepared: FindPrepared): Promise<JudgedMessage> {
    try {
      await this.#context.connection.refresh();
      const judged = this.#weigh(text, this.#parts.analyser.analyse(text), findPrepared, true);
      if (judged === undefined) throw new Error('the catalog is fresh and yet not');
      return judged;
    } catch (error) {
      return this.#refuseText(text, error);
    }
  }

  async #judgeSlowly(text: string, findPrepared: FindPrepared): Promise<JudgedMessage> {
    try {
      const facts = await this.#parts.analyser.analyseInWorker(text);
      const judged = this.#weigh(text, facts, findPrepared, false);
      if (judged !== undefined) return judged;
      await this.#context.connection.refresh();
      return (
        this.#weigh(text, facts, findPrepared, true) ?? this.#refuseText(text, new Error('the catalog moved'))
      );
    } catch (error) {
      return this.#refuseText(text, error);
    }
  }

  /** A text that could not be judged runs nothing, whatever the reason. */
  #refuseText(text: string, error: unknown): JudgedMessage {
    return {
      text,
      statements: [],
      refusal: asRefusal(error),
      touchesClassified: true,
      hasCopyIn: false,
      changesNames: false,
      isByName: false,
      stamp: this.stamp,
    };
  }

  async #admitDurably(judged: JudgedMessage, runs: readonly StatementRun[]): Promise<Admission> {
    try {
      await this.#parts.journal.sync();
    } catch (error) {
      return this.#withdraw(runs, error);
    }
    this.statementsRun += runs.length;
    return { kind: 'run', runs, message: judged };
  }

  #withdraw(runs: readonly StatementRun[], error: unknown): Admission {
    for (const run of runs) {
      run.isFinished = true;
      this.#parts.journal.withdraw(run.seq);
    }
    return { kind: 'refused', error: asRefusal(error) };
  }

  /** A refusal is evidence too: it is on the disk before the client hears of it. */
  async #refuse(judged: JudgedMessage, error: PortcullisError): Promise<Admission> {
    const { journal, analyser, commit } = this.#parts;
    const { identity, connection, client, id } = this.#context;
    try {
      journal.refusal({
        client,
        connection: connection.info.name,
        environment: connection.info.environment,
        identity: { email: identity.email, groups: identity.groups, subject: identity.subject },
        session: id,
        reason: { code: error.code, message: recordedReason(error), sqlState: error.sqlState },
        effects: judged.statements.flatMap((statement) => statement.facts.effects),
        relations: judged.statements.flatMap((statement) => statement.facts.relations),
        statement: {
          text: recordedText(analyser.parser, judged.text, { keepLiterals: false }),
          commitment: commit(judged.text),
        },
      });
      await journal.sync();
    } catch (failure) {
      return { kind: 'refused', error: asRefusal(failure) };
    }
    return { kind: 'refused', error };
  }

  #keep(judged: JudgedMessage): void {
    if (judged.text.length > keptTextLength) return;
    this.#judged.delete(judged.text);
    this.#judged.set(judged.text, judged);
    if (this.#judged.size > keptTexts) {
      const oldest = this.#judged.keys().next().value;
      if (oldest !== undefined) this.#judged.delete(oldest);
    }
  }
}

/** The parser's message may quote the text ("syntax error at or near …"): its position says enough for the record. */
function recordedReason(error: PortcullisError): string {
  return error.code === 'STATEMENT_NOT_PARSED' ? 'the statement could not be parsed' : error.message;
}

/** Literals stay readable only where every relation is known and none has a classified column. */
function mayKeepLiterals(facts: StatementFacts, use: ColumnUse): boolean {
  return !use.touchesClassified && use.unknownRelations.length === 0 && facts.relations.length > 0;
}

/** EXECUTE does what the statement behind the name does. */
function mergeExecute(execute: StatementFacts, inner: Omit<StatementFacts, 'tree'>): StatementFacts {
  return {
    ...execute,
    // Where its effects stand, they stand in the text of the PREPARE.
    effects: [...execute.effects, ...inner.effects.map(({ location: _location, ...effect }) => effect)],
    relations: inner.relations,
    functions: [...execute.functions, ...inner.functions],
    readOnly: execute.readOnly && inner.readOnly,
  };
}

/**
 * A function of the database's own may stand in for a built-in of the same name (by argument types, or by search_path),
 * and `x.f` may call f: what it does is not known from its name.
 */
function markUserFunctions(facts: StatementFacts, userFunctions: ReadonlySet<string>): StatementFacts {
  const names = [...facts.functions, ...(facts.attributeNames ?? [])].filter((name) =>
    userFunctions.has(name),
  );
  if (names.length === 0) return facts;
  const effects = names.map((functionName): Effect => {
    return {
      kind: 'procedural',
      predicate: 'none',
      functionName,
      why: `calls ${functionName}, a function of this database`,
    };
  });
  return { ...facts, effects: [...facts.effects, ...effects], readOnly: false };
}

function readsCursor(facts: Pick<StatementFacts, 'node'>): boolean {
  return facts.node === 'FetchStmt';
}

function changesSchema(facts: Pick<StatementFacts, 'effects'>): boolean {
  return facts.effects.some(({ kind }) => schemaEffects.has(kind));
}

const schemaEffects: ReadonlySet<string> = new Set([
  'create',
  'alterAdditive',
  'alter',
  'drop',
  'refresh',
  'comment',
  'procedural',
  'call',
]);

function asRefusal(error: unknown): PortcullisError {
  if (PortcullisError.is(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new PortcullisError('STATEMENT_NOT_UNDERSTOOD', { message }, { cause: error });
}
