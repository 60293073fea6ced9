/**
 * The way of a statement through one session, from its text to its outcome. From top to bottom:
 *
 *   judge    text → facts → decision → use of classified columns        (nothing has run, nothing is recorded)
 *   approve  held until a reviewer decides, where policy asks for one   (still nothing has run)
 *   admit    event written to the journal                               (now it may be forwarded)
 *   planRows row description → what it stands on, once more → mask plan (rows are rewritten by it as they stream)
 *   finish   outcome written
 */
import type { ApprovalDesk, Hold } from '../approvals/approvalDesk.ts';
import type { EventClient } from '../audit/events.ts';
import { renderIntent } from '../audit/eventTemplate.ts';
import type { Journal } from '../audit/journal/journal.ts';
import type { Identity } from '../identity/identity.ts';
import { monotonicMicros } from '../kit/clock.ts';
import { PortcullisError } from '../kit/errors.ts';
import { cleanTexts } from '../masking/detecting/cleanText.ts';
import type { CleanedValue } from '../masking/detecting/cleanValue.ts';
import type { ScannedColumn } from '../masking/detecting/scanPlan.ts';
import type { MaskPlan } from '../masking/maskPlan.ts';
import type { Circumstances } from '../policy/circumstances/circumstances.ts';
import type { LivePolicy } from '../policy/live/livePolicy.ts';
import type { Catalog, CatalogRelation } from '../schema/catalog.ts';
import type { Analyser } from '../sql/analyser.ts';
import type { Carry } from '../sql/columnUse.ts';
import type { StatementFacts } from '../sql/facts.ts';
import { readReason } from '../sql/readReason.ts';
import { followCarries, followColumns } from './following/followColumns.ts';
import { noteFoundValue } from './foundValues.ts';
import type { GovernedConnection } from './governedConnection.ts';
import { AnswerGround } from './judging/answerGround.ts';
import {
  type Admission,
  type Approval,
  type ApprovalNeed,
  type ApprovedMessage,
  type JudgedMessage,
  type JudgedStatement,
  StatementRun,
} from './judging/judgement.ts';
import { PlannerSettings } from './judging/plannerSettings.ts';
import { StatementJudge } from './judging/statementJudge.ts';
import { asRefusal, type FindPrepared, TextJudge } from './judging/textJudge.ts';
import type { Parameters } from './limiting/lookups.ts';
import type { SessionLimits } from './limiting/sessionLimits.ts';
import { RowPlanner } from './rowPlanner.ts';
import type { LivePath } from './searchPath/livePath.ts';
import { StatementRecorder } from './statementRecorder.ts';

/** The parts that all sessions share. */
export interface PipelineParts {
  readonly analyser: Analyser;
  readonly policy: LivePolicy;
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
  /** What policies may look at besides who asks and what. */
  readonly circumstances: Circumstances;
  /** What the session was opened with. */
  readonly settings?: ReadonlyMap<string, string> | undefined;
  /** Absent where nobody can be asked for approvals. */
  readonly desk?: ApprovalDesk | undefined;
  readonly limits: SessionLimits;
  /** Why this identity may run nothing now (its sign-in has expired); undefined where it may. */
  readonly checkAccess?: (() => PortcullisError | undefined) | undefined;
}

/** What is known of rows besides their description and their statement. */
export interface RowsAsked {
  /** The statement behind the protocol's portal of the name that FETCH reads from. */
  readonly portal: JudgedStatement | undefined;
  /** When it was sent: microseconds of the monotonic clock. */
  readonly sentAt: number;
  readonly findPrepared: FindPrepared;
}

export type OutcomeStatus = 'ok' | 'error' | 'cancelled' | 'unknown' | 'notRun';

export class StatementPipeline {
  readonly #parts: PipelineParts;
  readonly #context: SessionContext;
  readonly #texts: TextJudge;
  readonly #rows: RowPlanner;
  readonly #planner: PlannerSettings;
  readonly #ground: AnswerGround;
  readonly #recorder: StatementRecorder;
  /** Where the server looks for names of this session. */
  readonly path: LivePath;
  statementsRun = 0;

  constructor(parts: PipelineParts, context: SessionContext) {
    this.#parts = parts;
    this.#context = context;
    this.#recorder = new StatementRecorder(parts, context);
    this.#planner = new PlannerSettings(context.settings, () => context.connection.catalog.settings);
    const judge = new StatementJudge(
      parts.policy,
      context.identity,
      context.connection,
      this.#planner,
      context.circumstances,
    );
    this.path = judge.path;
    this.#rows = new RowPlanner(judge.clearance.follow(context.desk?.grants));
    this.#texts = new TextJudge({
      analyser: parts.analyser,
      judge,
      canAsk: context.desk !== undefined,
      intentFields: (statement, text) => this.#recorder.describe(statement, text),
    });
    this.#ground = new AnswerGround(judge, this.#texts);
  }

  /** Judges all statements of a text before any of them runs. Answers at once unless the text is long or names are new. */
  judge(text: string, findPrepared: FindPrepared): JudgedMessage | Promise<JudgedMessage> {
    return this.#texts.judge(text, findPrepared);
  }

  /** False where policy, catalog or classifications have changed since, or names may mean something else. */
  isCurrent(judged: JudgedMessage): boolean {
    return this.#texts.isCurrent(judged);
  }

  /** Judges again where the ground has moved since. */
  judgeAgain(judged: JudgedMessage, findPrepared: FindPrepared): JudgedMessage | Promise<JudgedMessage> {
    return this.#texts.judgeAgain(judged, findPrepared);
  }

  /** A text whose names were looked up when another path was in force. */
  judgeInDoubt(text: string): JudgedMessage {
    return this.#texts.judgeInDoubt(text);
  }

  /** The server is ready for another statement, outside of any transaction. */
  noteTransactionEnd(): void {
    this.#planner.settle();
    this.#texts.noteTransactionEnd();
  }

  /** The text of a prepared statement that SQL's PREPARE has made, judged as a message of its own. */
  judgePrepared(facts: StatementFacts): JudgedMessage {
    return this.#texts.judgePrepared(facts);
  }

  /**
   * Asks for the approval that `judged` needs and waits for it; what was approved is then judged once more, for the
   * ground may have moved meanwhile. The approval is used up with this. Never rejects: no approval is a refusal.
   */
  async approve(
    judged: JudgedMessage,
    hold: Hold,
    findPrepared: FindPrepared,
  ): Promise<ApprovedMessage | Admission> {
    const { connection, client, desk } = this.#context;
    const need = judged.approval;
    try {
      if (need === undefined || desk === undefined) throw new PortcullisError('APPROVAL_OUTDATED');
      if (need.sight !== undefined) return await this.#see(judged, need.sight, hold, findPrepared);
      const { name, environment } = connection.info;
      const ask = {
        ...need,
        connection: name,
        environment,
        application: client.application ?? '',
        reason: readReason(this.#parts.analyser.parser, judged.text),
      };
      const approval = await desk.obtain(ask, hold);
      // Others may have changed the schema while it waited: that is looked at now, not when the next look is due.
      await connection.refresh();
      const message = await this.judgeAgain(judged, findPrepared);
      if (hold.signal.aborted) throw new PortcullisError('APPROVAL_CANCELLED', { reason: 'it was given up' });
      if (message.refusal !== undefined) return this.#refuse(message, message.refusal);
      if (!isCovered(message, judged)) return this.#refuse(message, new PortcullisError('APPROVAL_OUTDATED'));
      return { kind: 'approved', approval, message };
    } catch (error) {
      return this.#refuse(judged, asRefusal(error));
    }
  }

  /**
   * Asks for columns to be seen in clear and waits for it; then the message runs as any other: by what is seen in clear now.
   * Rejects where it is not approved.
   */
  async #see(
    judged: JudgedMessage,
    sight: NonNullable<ApprovalNeed['sight']>,
    hold: Hold,
    findPrepared: FindPrepared,
  ): Promise<ApprovedMessage | Admission> {
    const { connection, client, desk } = this.#context;
    if (desk === undefined) throw new PortcullisError('APPROVAL_OUTDATED');
    const approval = await desk.obtainSight({ ...sight, application: client.application ?? '' }, hold);
    await connection.refresh();
    const message = await this.judgeAgain(judged, findPrepared);
    if (hold.signal.aborted) throw new PortcullisError('APPROVAL_CANCELLED', { reason: 'it was given up' });
    if (message.refusal !== undefined) return this.#refuse(message, message.refusal);
    // What still has to be asked for was not what has been approved.
    if (message.approval !== undefined) throw new PortcullisError('APPROVAL_OUTDATED');
    return { kind: 'approved', approval, message };
  }

  /** Writes the events of a message that is about to be forwarded; without them nothing runs. */
  admit(
    judged: JudgedMessage,
    approved?: ApprovedMessage,
    parameters?: Parameters,
  ): Admission | Promise<Admission> {
    const refusal = this.#context.checkAccess?.() ?? judged.refusal ?? this.#overLimit(judged, parameters);
    if (refusal !== undefined) return this.#refuse(judged, refusal);
    const isForSight = judged.approval?.sight !== undefined;
    const isUncovered = approved === undefined || isForSight || !isCovered(judged, approved.message);
    if (judged.approval !== undefined && isUncovered) {
      return this.#refuse(judged, new PortcullisError('APPROVAL_OUTDATED'));
    }
    const unmet = approved && this.#texts.refusalUnder(approved.approval, judged);
    if (unmet !== undefined) return this.#refuse(judged, unmet);
    const carries = judged.statements.flatMap((statement) => statement.carries);
    if (carries.length > 0) return this.#admitCarrying(judged, approved, carries);
    return this.#admitNow(judged, approved);
  }

  /** What copies protected values into a column that nothing protects runs once everybody protects it: whether it comes to copy, is not waited for. */
  async #admitCarrying(
    judged: JudgedMessage,
    approved: ApprovedMessage | undefined,
    carries: readonly Carry[],
  ): Promise<Admission> {
    const { connection } = this.#context;
    // Asked before, too: what is protected here already would be copied the next time, told or not.
    const canTell = await connection.tellLearned();
    if (canTell) connection.learn(followCarries(carries, connection.classifications));
    if (!canTell || !(await connection.tellLearned())) {
      return this.#refuse(judged, new PortcullisError('COPY_NOT_TOLD', { table: carries[0]?.table ?? '' }));
    }
    // By what is protected now, and what has become of the table while others were told.
    const now = await this.#texts.judge(judged.text, () => undefined);
    const open = now.statements.flatMap((statement) => statement.carries)[0];
    const refusal = now.refusal ?? (open && new PortcullisError('COPY_STAYS_OPEN', { table: open.table }));
    if (refusal !== undefined) return this.#refuse(now, refusal);
    return this.#admitNow(now, approved);
  }

  #admitNow(judged: JudgedMessage, approved: ApprovedMessage | undefined): Admission | Promise<Admission> {
    const { journal } = this.#parts;
    const runs: StatementRun[] = [];
    try {
      let isDurable = false;
      for (const statement of judged.statements) {
        const run = new StatementRun(statement, journal.intent(intentOf(statement, approved?.approval)));
        runs.push(run);
        this.#planner.noteRun(run);
        this.#texts.noteRun(statement);
        this.#rows.noteRun(statement);
        isDurable ||= statement.isDurable;
      }
      if (isDurable) return this.#admitDurably(judged, runs);
      journal.flush();
    } catch (error) {
      return this.#withdraw(runs, error);
    }
    this.statementsRun += runs.length;
    return { kind: 'run', runs, message: judged, rowsChanged: this.#rowsChanged(judged) };
  }

  /** True where Query messages have to be sent one by one, for the rows that they change are counted. */
  get countsChanges(): boolean {
    return this.#context.limits.countsChanges;
  }

  #rowsChanged(judged: JudgedMessage): number | undefined {
    return this.#context.limits.rowsChanged(judged.statements);
  }

  /** A table that a run has made of protected columns: they are protected in it from now on, for every session. */
  follow({ judged, tag }: StatementRun, table: CatalogRelation): void {
    const { connection } = this.#context;
    if (judged.follow === undefined || tag === undefined) return;
    if (judged.follow.table.mayExist && !tag.startsWith('SELECT')) return; // nothing was made, or it is empty
    connection.learn(followColumns(table, judged.follow.output, connection.classifications));
    this.#texts.noteTable(table);
  }

  /** What the database holds. */
  get catalog(): Catalog {
    return this.#context.connection.catalog;
  }

  /**
   * The masks for the rows that a message describes; a promise where it must be asked again when that resolves. Where the
   * answer cannot be that of the statement as it was judged, that is recorded and thrown.
   *
   */
  planRows(
    rowDescription: Buffer,
    judged: JudgedStatement | undefined,
    { portal, sentAt, findPrepared }: RowsAsked,
  ): MaskPlan | undefined | Promise<void> {
    const refuse = (error: unknown): never => {
      if (judged !== undefined && PortcullisError.is(error)) {
        this.#recorder.refuse([judged], judged.facts.text, error);
      }
      throw error;
    };
    try {
      const now = judged && this.#ground.settle(judged, sentAt, findPrepared);
      if (now instanceof Promise) return now.catch(refuse);
      const plan = this.#rows.plan(rowDescription, now, portal);
      if (!(plan instanceof Promise)) this.#ground.forget();
      return plan;
    } catch (error) {
      return refuse(error);
    }
  }

  /** The server has parsed a statement that was sent at that time, in microseconds of the monotonic clock. */
  noteParsed(sentAt: number): void {
    this.#ground.noteDone(sentAt, true);
  }

  /** Something was found in a value that no mask covers, and was masked. */
  noteFound(run: StatementRun, column: ScannedColumn, value: CleanedValue): void {
    noteFoundValue(run, this.#context.connection, column, value);
  }

  /** Writes what came of a run. Once: later calls for the same run say nothing. */
  finish(run: StatementRun, status: OutcomeStatus, more: { tag?: string; sqlState?: string } = {}): void {
    if (run.isFinished) return;
    run.isFinished = true;
    this.#ground.noteDone(run.startedAt, run.judged.facts.role.kind === 'prepare');
    this.#planner.noteEnd(run, status === 'ok');
    this.#context.limits.countRows(run.rows);
    this.#context.limits.noteDone(run.judged.facts, more.tag);
    this.#parts.journal.outcome({
      for: run.seq,
      status,
      rows: run.rows,
      micros: monotonicMicros() - run.startedAt,
      tag: more.tag,
      sqlState: more.sqlState,
      maskedColumns: cleanTexts(run.maskedColumns),
      unmaskedColumns: cleanTexts(run.judged.unmasked),
    });
    if (status === 'ok') this.#rows.noteDone(run.judged);
    if (status === 'ok' && changesSchema(run.judged.facts)) this.#context.connection.noteSchemaChange();
  }

  #overLimit(judged: JudgedMessage, parameters: Parameters): PortcullisError | undefined {
    const { limits } = this.#context;
    try {
      return (
        limits.refusalOf(judged.statements) ??
        limits.lookupRefusal(judged.statements, judged.text, parameters)
      );
    } catch (error) {
      return asRefusal(error);
    }
  }

  async #admitDurably(judged: JudgedMessage, runs: readonly StatementRun[]): Promise<Admission> {
    try {
      await this.#parts.journal.sync();
    } catch (error) {
      return this.#withdraw(runs, error);
    }
    this.statementsRun += runs.length;
    return { kind: 'run', runs, message: judged, rowsChanged: this.#rowsChanged(judged) };
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
    try {
      this.#recorder.refuse(judged.statements, judged.text, error);
      await this.#parts.journal.sync();
    } catch (failure) {
      return { kind: 'refused', error: asRefusal(failure) };
    }
    return { kind: 'refused', error };
  }
}

/** The event of an approved statement names who approved it. */
function intentOf({ intent, fields }: JudgedStatement, approval: Approval | undefined) {
  if (approval === undefined || fields === undefined) return intent;
  return renderIntent({ ...fields, decision: { ...fields.decision, approval } });
}

/** An approval covers what the reviewer saw: the same text for the same reasons, or less. */
function isCovered(now: JudgedMessage, then: JudgedMessage): boolean {
  return now.approval === undefined || JSON.stringify(now.approval) === JSON.stringify(then.approval);
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
  'privilege',
]);
