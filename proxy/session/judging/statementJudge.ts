/** facts → decision → use of classified columns: what a text may do, for one identity on one connection. Runs nothing. */
import type { EventUnmaskedColumn } from '../../audit/events.ts';
import type { Identity } from '../../identity/identity.ts';
import { PortcullisError } from '../../kit/errors.ts';
import type { Classifications } from '../../masking/classification.ts';
import { holdsMask } from '../../masking/writtenMask.ts';
import {
  type Circumstances,
  type GivenApproval,
  noCircumstances,
} from '../../policy/circumstances/circumstances.ts';
import type { Decision } from '../../policy/decision.ts';
import { decisionError } from '../../policy/findings.ts';
import type { LivePolicy } from '../../policy/live/livePolicy.ts';
import type { Catalog } from '../../schema/catalog.ts';
import {
  type Carry,
  type ColumnUse,
  type JudgeOptions,
  judgeColumnUse,
  useError,
} from '../../sql/columnUse.ts';
import type { Effect, StatementFacts } from '../../sql/facts.ts';
import type { OutputLineage } from '../../sql/lineage/outputLineage.ts';
import { countArguments, type LookupCount } from '../../sql/lookups/countLookups.ts';
import { readNewTable } from '../../sql/newTable.ts';
import { estimateRows } from '../../sql/rows/estimateRows.ts';
import { Clearance } from '../clearance.ts';
import { SessionTables } from '../following/sessionTables.ts';
import type { GovernedConnection } from '../governedConnection.ts';
import { LivePath } from '../searchPath/livePath.ts';
import {
  findMeant,
  findUnique,
  type MeantRelations,
  noneMeant,
  qualifyFacts,
  readAmbiguousNames,
} from '../searchPath/meantRelations.ts';
import { type NameMove, readNameMove, strongestMove } from '../searchPath/nameMoves.ts';
import { groundEffects, TemporaryNames } from './groundEffects.ts';
import type { Follow } from './judgement.ts';
import { NewCode } from './newCode.ts';
import { PlannerSettings } from './plannerSettings.ts';
import { refuseSortedRead } from './sortedReads.ts';
import { standsOnCode } from './standsOn.ts';
import { noteClasses } from './tableClasses.ts';
import { tableNumbers } from './tableNumbers.ts';
import { refuseTellingView } from './tellingViews.ts';

/** What a prepared statement's name stands for, where EXECUTE asks. */
export interface PreparedFacts {
  readonly facts: Omit<StatementFacts, 'tree'>;
  readonly touchesClassified: boolean;
  readonly output: OutputLineage | undefined;
  readonly lookups: LookupCount | undefined;
}

export type FindPreparedFacts = (name: string) => PreparedFacts | undefined;

export interface WeighedStatement {
  readonly facts: StatementFacts;
  /** It calls a function that reads protected columns, out of masking's sight. */
  readonly readsHidden: boolean;
  /** Others can change what it means without a new name: by the text of a view or a function, or by making what is not there. */
  readonly mayBeRemade: boolean;
  /** The schema that it was judged by: {@link StatementJudge.ground}. */
  readonly ground: string;
  readonly decision: Decision;
  readonly use: ColumnUse;
  /** Where its rows come from: EXECUTE's are those of the statement behind the name. */
  readonly output: OutputLineage | undefined;
  /** The table that it makes of protected columns, also of those that the identity sees in clear. */
  readonly follow: Follow | undefined;
  /** Columns that become protected by what it copies into them, also of what the identity sees in clear. */
  readonly carries: readonly Carry[];
  /** What it compares protected columns with: EXECUTE does so with its own arguments. */
  readonly lookups: LookupCount | undefined;
  /** Protected columns that it shows or uses in clear, for the identity may. */
  readonly unmasked: readonly EventUnmaskedColumn[] | undefined;
  /** Why it may not run, whatever a reviewer says; undefined where it may, or needs approval only. */
  readonly refusal: PortcullisError | undefined;
}

export interface WeighedText {
  readonly text: string;
  readonly statements: readonly WeighedStatement[];
  /** The first refusal of its statements: none of them runs. */
  readonly refusal: PortcullisError | undefined;
  /** True where error texts about it may hold protected values. */
  readonly touchesClassified: boolean;
  /** True where it runs prepared statements by name (EXECUTE). */
  readonly isByName: boolean;
  /** Texts that EXECUTE's names stand for. */
  readonly namedTexts: readonly string[];
  /** What it was judged under. */
  readonly stamp: string;
  /** The path that its names were looked up on ({@link LivePath.id}); undefined where none of them needs one. */
  readonly path: number | undefined;
  /** What it may do to the meaning of names. */
  readonly nameMove: NameMove;
}

export class StatementJudge {
  readonly policy: LivePolicy;
  readonly identity: Identity;
  readonly connection: GovernedConnection;
  /** What the identity sees in clear. */
  readonly clearance: Clearance;
  /** Tables that the session has made or renamed, and the catalog does not show. */
  readonly tables = new SessionTables();
  /** Where the server looks for names without a schema. */
  readonly path: LivePath;
  readonly #temporary = new TemporaryNames();
  readonly #newCode = new NewCode();
  readonly #planner: PlannerSettings;
  readonly #circumstances: Circumstances;

  constructor(
    policy: LivePolicy,
    identity: Identity,
    connection: GovernedConnection,
    planner: PlannerSettings = new PlannerSettings(),
    circumstances: Circumstances = noCircumstances,
  ) {
    this.#planner = planner;
    this.#circumstances = circumstances;
    this.policy = policy;
    this.identity = identity;
    this.connection = connection;
    this.path = new LivePath(connection);
    this.clearance = new Clearance(policy, identity, connection, this.tables, circumstances);
  }

  /** Changes whenever a judgement may come out differently: policy, catalog or classifications are others. */
  get stamp(): string {
    const { connection, policy } = this;
    const sizes = this.#asksRows ? `/${connection.sizes.version}` : '';
    return `${policy.stampFor('effects')}${sizes}/${connection.stamp}/${this.#newCode.stamp}/${this.tables.stamp}/${this.#planner.stamp}/${this.clearance.grantsVersion}`;
  }

  /** Changes with the schema: what relations and code there are, and what is classified. */
  get ground(): string {
    return `${this.connection.stamp}/${this.tables.stamp}`;
  }

  /** Whether a policy looks at the approval that a statement runs by. */
  get asksApproval(): boolean {
    return this.policy.useFor('effects').has('approval');
  }

  get #asksRows(): boolean {
    return this.policy.useFor('effects').has('estimatedRows');
  }

  get #asksClasses(): boolean {
    return this.policy.useFor('effects').has('classifications');
  }

  /** A statement is about to be sent. */
  noteRun(facts: Pick<StatementFacts, 'effects'>): void {
    this.#newCode.noteRun(facts);
  }

  /** What the session's transactions have made is there for all to see, and the catalog shows it when it is read again. */
  noteTransactionEnd(): void {
    if (this.#newCode.mayRunMore) this.#newCode.settle(this.connection);
    this.tables.settle(this.connection);
  }

  /** True where a statement has a name that means different relations on different paths. */
  needsPath(allFacts: readonly StatementFacts[]): boolean {
    const { catalog } = this.clearance;
    return allFacts.some((facts) => readAmbiguousNames(facts, catalog).length > 0);
  }

  /** Undefined where the catalog does not know a relation and may be stale: refresh it, then weigh again. */
  weigh(
    text: string,
    allFacts: readonly StatementFacts[],
    findPrepared: FindPreparedFacts,
    isCatalogFresh: boolean,
  ): WeighedText | undefined {
    const { code, info } = this.connection;
    const { classifications } = this.clearance;
    const { stamp } = this;
    const statements: WeighedStatement[] = [];
    const preparedHere = new Map<string, Pick<PreparedFacts, 'facts' | 'output' | 'lookups'>>();
    const namedTexts: string[] = [];
    let touchesClassified = false;
    let isByName = false;
    let needsPath = false;
    const moves: NameMove[] = [];
    for (const unqualified of allFacts) {
      const { catalog } = this.clearance;
      const { ground } = this;
      const ambiguous = readAmbiguousNames(unqualified, catalog);
      needsPath ||= ambiguous.length > 0;
      const meant = this.#findMeant(unqualified, ambiguous, moves);
      const bareFacts = qualifyFacts(unqualified, meant);
      const ownFacts = this.#asksRows
        ? estimateRows(bareFacts, tableNumbers(catalog, this.connection.sizes))
        : bareFacts;
      let facts = ownFacts;
      let refusal: PortcullisError | undefined;
      let executed: OutputLineage | undefined;
      let executedLookups: LookupCount | undefined;
      if (facts.role.kind === 'execute') {
        isByName = true;
        const { name } = facts.role;
        const prepared = findPrepared(name);
        const inner = preparedHere.get(name) ?? prepared;
        if (inner === undefined) refusal = new PortcullisError('STATEMENT_NAME_UNKNOWN', { name });
        else {
          facts = mergeExecute(facts, inner.facts);
          executed = inner.output;
          executedLookups = inner.lookups && countArguments(inner.lookups, ownFacts.tree);
          namedTexts.push(inner.facts.text);
        }
        touchesClassified ||= prepared?.touchesClassified ?? true;
      }
      const completed = code.complete(facts);
      const noted = noteHiddenReads(completed, catalog, classifications);
      facts = noted;
      this.#temporary.note(facts);
      const isOnTemporary = facts.effects.some((effect) => this.#temporary.has(effect, catalog));
      if (isOnTemporary && !isCatalogFresh) return undefined;
      facts = groundEffects(facts, catalog, this.#temporary);
      if (this.#asksClasses) facts = noteClasses(facts, catalog, classifications);
      const decision = this.policy.decide(this.identity, info, facts, this.#circumstances);
      const isCodeKnown = !this.#newCode.isThere;
      const options: JudgeOptions = {
        isReloaded: isCatalogFresh,
        isCodeKnown,
        code: {
          named: (names) => [...code.named(names), ...this.#newCode.named(names)],
          behindOperator: (symbol) => code.behindOperator(symbol),
          mayTrigger: this.#newCode.mayTrigger,
          mayHide: this.#newCode.mayHide,
        },
        mayCopy: !this.#newCode.mayRunMore && !this.policy.unmasksByPlace,
        mayCarry: true,
        meant,
        ground: this.clearance.stamp,
      };
      const judged = judgeColumnUse(facts, catalog, classifications, options);
      // Constants that are compared with what is seen in clear stay out of records and errors all the same.
      const use = this.clearance.touches(facts.relations) ? { ...judged, touchesClassified: true } : judged;
      if (use.unknownRelations.length > 0 && !isCatalogFresh) return undefined;
      // What the session's last transaction has made may be known in a moment.
      if (use.violations.length > 0 && this.#newCode.mayRunMore && !isCatalogFresh) return undefined;
      if (decision.outcome === 'deny') refusal ??= decisionError(decision, facts, text);
      else if (use.violations.length > 0) refusal ??= useError(use.violations, text);
      refusal ??= refuseSortedRead(facts, catalog, classifications, this.#planner.changedBy(completed));
      refusal ??= refuseTellingView(facts, catalog, classifications, (query) => code.reader.readTree(query));
      if (use.writesClassified && holdsMask(facts.text)) refusal ??= new PortcullisError('MASK_WRITTEN_BACK');
      touchesClassified ||= use.touchesClassified;
      // What a statement makes is there for the next.
      this.#newCode.note(completed);
      if (refusal === undefined) this.#planner.note(completed);
      this.tables.noteNames(facts.tree, catalog);
      moves.push(readNameMove(facts));
      const { role } = facts;
      if (role.kind === 'prepare') {
        const { output, lookups } = use;
        preparedHere.set(role.name, { facts: role.inner, output, lookups });
      }
      const output = role.kind === 'execute' ? executed : use.output;
      const counted = role.kind === 'execute' ? executedLookups : use.lookups;
      const readsTemporary = facts.relations.some((relation) => this.#temporary.mayName(relation));
      const lookups = counted && (readsTemporary ? { ...counted, readsTemporary } : counted);
      const unmasked = this.clearance.columnsOf(facts);
      const follow = this.#follow(facts, use);
      const carries = this.#carries(facts, use, options);
      const open = carries.find((carry) => this.connection.isUnclassified(carry));
      if (open !== undefined) refusal ??= new PortcullisError('COPY_STAYS_OPEN', { table: open.table });
      const copiedTo = follow?.table.name ?? carries[0]?.table;
      if (copiedTo !== undefined && allFacts.length > 1) {
        refusal ??= new PortcullisError('TABLE_NOT_FOLLOWED', { table: copiedTo });
      }
      const readsHidden = noted !== completed;
      const mayBeRemade = use.unknownRelations.length > 0 || standsOnCode(facts, catalog);
      statements.push({
        facts,
        readsHidden,
        mayBeRemade,
        ground,
        decision,
        use,
        output,
        lookups,
        unmasked,
        follow,
        carries,
        refusal,
      });
    }
    const refusal = statements.find((statement) => statement.refusal !== undefined)?.refusal;
    return {
      text,
      statements,
      refusal,
      touchesClassified,
      isByName,
      namedTexts,
      stamp,
      path: needsPath ? this.path.id : undefined,
      nameMove: strongestMove(moves),
    };
  }

  /** Why a statement may not run by the approval that was given for it; undefined where it may. */
  refusalUnder(
    approval: GivenApproval,
    facts: Omit<StatementFacts, 'tree'>,
    text: string,
  ): PortcullisError | undefined {
    const circumstances = { ...this.#circumstances, approval };
    const decision = this.policy.decide(this.identity, this.connection.info, facts, circumstances);
    return decision.outcome === 'allow' ? undefined : decisionError(decision, facts, text);
  }

  /** What names mean, where that is sure: nothing has moved them in this text, and the session has made none of them. */
  #findMeant(
    facts: StatementFacts,
    ambiguous: readonly string[],
    movesBefore: readonly NameMove[],
  ): MeantRelations {
    if (!this.tables.isEmpty) return noneMeant;
    const { catalog } = this.clearance;
    const { schemas } = this.path;
    const isSure = schemas !== undefined && !movesBefore.some((move) => this.path.isMovedBy(move));
    const onPath = isSure ? findMeant(ambiguous, catalog, schemas) : noneMeant;
    const all = [...findUnique(facts, catalog), ...onPath];
    return new Map(all.filter(([name]) => !this.#temporary.mayName({ name })));
  }

  /** What an identity sees in clear is protected from others in the copy, too. */
  #follow(facts: StatementFacts, use: ColumnUse): Follow | undefined {
    const table = readNewTable(facts.tree);
    if (table === undefined) return undefined;
    const { catalog } = this.clearance;
    const { classifications } = this.connection;
    const isCleared = this.clearance.touches(facts.relations);
    const output = isCleared ? judgeColumnUse(facts, catalog, classifications).output : use.output;
    return output && { table, output };
  }

  #carries(facts: StatementFacts, use: ColumnUse, options: JudgeOptions): readonly Carry[] {
    if (!this.clearance.touches(facts.relations)) return use.carries;
    return judgeColumnUse(facts, this.clearance.catalog, this.connection.classifications, options).carries;
  }
}

/**
 * What functions read is out of sight of masking: one that reads protected data counts as code that cannot be looked into,
 * whatever it does with them.
 */
function noteHiddenReads(
  facts: StatementFacts,
  catalog: Catalog,
  classifications: Classifications,
): StatementFacts {
  const found = (facts.hiddenReads ?? []).find(({ schema, name }) => {
    const candidates = catalog
      .named(name)
      .filter((relation) => schema === undefined || relation.schema === schema);
    // Views of the server's own show what others do, and samples of what tables hold.
    return candidates.some(
      (relation) =>
        relation.schema === 'pg_catalog' || (classifications.inRelation(relation.oid)?.size ?? 0) > 0,
    );
  });
  if (found === undefined) return facts;
  const why = `calls a function that reads ${found.name}, which masking cannot follow`;
  const effect: Effect = { kind: 'procedural', predicate: 'none', why };
  return { ...facts, effects: [...facts.effects, effect], readOnly: false };
}

/** EXECUTE does what the statement behind the name does. */
function mergeExecute(execute: StatementFacts, inner: Omit<StatementFacts, 'tree'>): StatementFacts {
  return {
    ...execute,
    // Where its effects stand, they stand in the text of the PREPARE.
    effects: [...execute.effects, ...inner.effects.map(({ location: _location, ...effect }) => effect)],
    relations: inner.relations,
    functions: [...execute.functions, ...inner.functions],
    attributeNames: [...(execute.attributeNames ?? []), ...(inner.attributeNames ?? [])],
    operators: [...(execute.operators ?? []), ...(inner.operators ?? [])],
    types: [...(execute.types ?? []), ...(inner.types ?? [])],
    readOnly: execute.readOnly && inner.readOnly,
  };
}
