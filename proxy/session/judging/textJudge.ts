/** Texts of one session, judged and remembered: all statements of a text before any of them runs. */
import type { IntentFields } from '../../audit/events.ts';
import { renderIntent } from '../../audit/eventTemplate.ts';
import { PortcullisError } from '../../kit/errors.ts';
import type { CatalogRelation } from '../../schema/catalog.ts';
import type { Analyser } from '../../sql/analyser.ts';
import { readCopyOut } from '../../sql/copyOut.ts';
import type { StatementFacts } from '../../sql/facts.ts';
import { readReason } from '../../sql/readReason.ts';
import { refuseCopyOut } from '../copyOut.ts';
import { tellsChangedRows } from '../limiting/changedRows.ts';
import { unsure } from '../searchPath/livePath.ts';
import { describeNeed, unaskable } from './approvalNeed.ts';
import type { Approval, ApprovalNeed, JudgedMessage, JudgedStatement } from './judgement.ts';
import { describeSight, offerSight } from './sightWish.ts';
import { namesOf } from './standsOn.ts';
import type { FindPreparedFacts, StatementJudge, WeighedStatement, WeighedText } from './statementJudge.ts';

/** What a prepared statement's name stands for, where EXECUTE asks. */
export type FindPrepared = (name: string) => JudgedMessage | undefined;

export interface TextJudgeParts {
  readonly analyser: Analyser;
  readonly judge: StatementJudge;
  /** False where there is nobody to ask for an approval: what needs one is refused at once. */
  readonly canAsk: boolean;
  /** The fields of a statement's events, for this session. */
  readonly intentFields: (statement: WeighedStatement, text: string) => IntentFields;
}

/** Judged texts kept per session; a text beyond this size is judged each time. */
const keptTexts = 256;
const keptTextLength = 32_768;

export class TextJudge {
  readonly #parts: TextJudgeParts;
  readonly #judged = new Map<string, JudgedMessage>();
  /** Those whose names depend on the path, by path and text: a session may go to and fro between paths. */
  readonly #judgedOnPath = new Map<string, JudgedMessage>();

  constructor(parts: TextJudgeParts) {
    this.#parts = parts;
  }

  /**
   * Answers at once unless the text is long, names are new, or the server has to be asked where it looks for them. Never
   * throws: what cannot be judged is refused.
   */
  judge(text: string, findPrepared: FindPrepared): JudgedMessage | Promise<JudgedMessage> {
    const { analyser } = this.#parts;
    const known = this.#known(text);
    if (known !== undefined) return known.looksFirst ? this.#lookFirst(known, findPrepared) : known;
    if (!analyser.isSimple(text)) return this.#judgeSlowly(text, findPrepared);
    try {
      const facts = analyser.analyse(text);
      if (this.#mustFindPath(facts, findPrepared)) return this.#judgeOnPath(text, facts, findPrepared);
      const judged = this.#weigh(text, facts, findPrepared, false);
      return judged === undefined || judged.looksFirst ? this.#judgeAfterRefresh(text, findPrepared) : judged;
    } catch (error) {
      return this.#refuseText(text, error);
    }
  }

  /** What was judged before under what is in force now. */
  #known(text: string): JudgedMessage | undefined {
    const { judge } = this.#parts;
    const known = this.#judged.get(text);
    if (known === undefined || known.path === undefined || judge.path.holds(known.path)) {
      return known?.stamp === judge.stamp ? known : undefined;
    }
    const onPath = this.#judgedOnPath.get(pathKey(judge.path.id, text));
    return onPath?.stamp === judge.stamp && judge.path.holds(judge.path.id) ? onPath : undefined;
  }

  /** True where a name's meaning depends on a path that is not known, and the server can be asked. */
  #mustFindPath(allFacts: readonly StatementFacts[], findPrepared: FindPrepared): boolean {
    const { judge } = this.#parts;
    if (judge.path.id !== unsure || !judge.path.mayBeFound) return false;
    return (
      judge.needsPath(allFacts) ||
      allFacts.some(({ role }) => role.kind === 'execute' && findPrepared(role.name)?.path !== undefined)
    );
  }

  /** A table that the session has made, which the catalog may not show yet. */
  noteTable(table: CatalogRelation): void {
    this.#parts.judge.tables.add(table);
  }

  /** False where policy, catalog or classifications have changed since, or names may mean something else. */
  isCurrent(judged: JudgedMessage): boolean {
    return this.#holds(judged) && !judged.isByName;
  }

  #holds({ stamp, path }: JudgedMessage): boolean {
    const { judge } = this.#parts;
    return stamp === judge.stamp && (path === undefined || judge.path.holds(path));
  }

  /** Judges again where the ground has moved since. */
  judgeAgain(judged: JudgedMessage, findPrepared: FindPrepared): JudgedMessage | Promise<JudgedMessage> {
    return this.isCurrent(judged) ? judged : this.judge(judged.text, findPrepared);
  }

  /**
   * A text whose answer has begun, by what is known now. Nothing can be asked in the session before the answer has passed:
   * where its path is not sure, names mean all that they may.
   */
  async judgeAnswered(text: string, findPrepared: FindPrepared): Promise<JudgedMessage> {
    const { analyser } = this.#parts;
    const known = this.#known(text);
    if (known !== undefined) return known;
    try {
      const facts = analyser.isSimple(text) ? analyser.analyse(text) : await analyser.analyseInWorker(text);
      const judged = this.#weigh(text, facts, findPrepared, true, false);
      if (judged === undefined) throw new Error('the catalog is fresh and yet not');
      return judged;
    } catch (error) {
      return this.#refuseText(text, error);
    }
  }

  /** With names that mean all that they may: a portal reads what they meant when it was bound, on a path that was another. */
  judgeInDoubt(text: string): JudgedMessage {
    const { analyser, judge } = this.#parts;
    try {
      const facts = analyser.isSimple(text) ? analyser.analyse(text) : [];
      const judged = judge.path.inDoubt(() => this.#weigh(text, facts, () => undefined, true, false));
      if (judged === undefined || facts.length === 0)
        throw new Error('the search path has moved since it was bound');
      return judged;
    } catch (error) {
      return this.#refuseText(text, error);
    }
  }

  /** Why a text may not run by the approval that was given for it. */
  refusalUnder({ request, by }: Approval, judged: JudgedMessage): PortcullisError | undefined {
    const { judge, analyser } = this.#parts;
    if (!judge.asksApproval) return undefined;
    const approval = { id: request, reviewers: by, reason: readReason(analyser.parser, judged.text) };
    for (const { facts } of judged.statements) {
      const refusal = judge.refusalUnder(approval, facts, judged.text);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /** A statement is about to be sent, though it may have been judged long before. */
  noteRun({ facts }: JudgedStatement): void {
    this.#parts.judge.noteRun(facts);
  }

  /** The transaction has ended: what it made is known as soon as the catalog has been read again. */
  noteTransactionEnd(): void {
    this.#parts.judge.noteTransactionEnd();
  }

  /** The text of a prepared statement that SQL's PREPARE has made, judged as a message of its own. */
  judgePrepared(facts: StatementFacts): JudgedMessage {
    // Not kept: its text is that of the PREPARE, which is judged as such when it comes again.
    const judged = this.#weigh(facts.text, [facts], () => undefined, true, false);
    return judged ?? this.#refuseText(facts.text, new Error('the catalog is fresh and yet not'));
  }

  /**
   * What a name stands for, judged under what is in force now: a policy or a classification of another day may have let
   * through what this one does not. @throws PortcullisError why that may not run now
   */
  #freshen(prepared: JudgedMessage | undefined): JudgedMessage | undefined {
    if (prepared === undefined || this.#holds(prepared)) return prepared;
    const judged = this.#judgeAtOnce(prepared.text) ?? this.judge(prepared.text, () => undefined);
    // It takes a while; the next attempt finds it done.
    if (judged instanceof Promise) throw new PortcullisError('APPROVAL_OUTDATED');
    if (judged.refusal !== undefined) throw judged.refusal;
    return judged;
  }

  /** Without asking for the path: where it is not sure, names mean all that they may. Undefined where that takes a while. */
  #judgeAtOnce(text: string): JudgedMessage | undefined {
    const { analyser } = this.#parts;
    if (!analyser.isSimple(text)) return undefined;
    const known = this.#known(text);
    return known ?? this.#weigh(text, analyser.analyse(text), () => undefined, false);
  }

  /** Undefined where the catalog does not know a relation and may be stale. */
  #weigh(
    text: string,
    allFacts: readonly StatementFacts[],
    findPrepared: FindPrepared,
    isCatalogFresh: boolean,
    isKept = true,
  ): JudgedMessage | undefined {
    const { judge, canAsk } = this.#parts;
    const findFacts: FindPreparedFacts = (name) => {
      const prepared = this.#freshen(findPrepared(name));
      const statement = prepared?.statements[0];
      if (prepared === undefined || statement === undefined) return undefined;
      const { facts, output, lookups } = statement;
      return { facts, output, lookups, touchesClassified: prepared.touchesClassified };
    };
    const weighed = judge.weigh(text, allFacts, findFacts, isCatalogFresh);
    if (weighed === undefined) return undefined;
    const { touchesClassified, isByName } = weighed;
    const sight = this.#wishToSee(weighed);
    const isRefused = PortcullisError.is(sight);
    const refusal = isRefused ? sight : sight === undefined ? weighed.refusal : undefined;
    const wanted = isRefused ? undefined : sight;
    const approval = wanted ?? (refusal === undefined ? describeNeed(weighed, judge.connection) : undefined);
    const roles = allFacts.map((facts) => facts.role.kind);
    const statements = weighed.statements.map((statement, index) =>
      this.#toJudged(text, statement, index, approval !== undefined),
    );
    const judged: JudgedMessage = {
      text,
      statements,
      refusal:
        refusal ??
        refuseCopyOut(statements, touchesClassified) ??
        (approval !== undefined && !canAsk ? unaskable(approval) : undefined),
      approval,
      touchesClassified,
      writesClassified: weighed.statements.some(({ use }) => use.writesClassified),
      hasCopyIn: roles.includes('copyIn'),
      changesNames: roles.includes('prepare') || roles.includes('deallocate'),
      isByName,
      stamp: weighed.stamp,
      path: weighed.path,
      nameMove: weighed.nameMove,
      looksFirst: statements.some(isReadUnseen),
    };
    if (!isByName && isKept) this.#keep(judged);
    return judged;
  }

  /** What it wants to see in clear; why it may not; or what it is refused for, with the way to ask. */
  #wishToSee(weighed: WeighedText): ApprovalNeed | PortcullisError | undefined {
    const { judge, canAsk, analyser } = this.#parts;
    if (!canAsk) return undefined;
    try {
      const { parser } = analyser;
      return describeSight(weighed, judge, parser) ?? offerSight(weighed, judge, parser);
    } catch (error) {
      return asRefusal(error);
    }
  }

  #toJudged(
    text: string,
    statement: WeighedStatement,
    index: number,
    needsApproval: boolean,
  ): JudgedStatement {
    const fields = this.#parts.intentFields(statement, text);
    const { tree: _tree, ...facts } = statement.facts;
    return {
      message: text,
      index,
      ground: statement.ground,
      catalogVersion: this.#parts.judge.connection.catalog.version,
      mayBeRemade: statement.mayBeRemade,
      facts,
      intent: renderIntent(fields),
      fields: needsApproval ? fields : undefined,
      readsHidden: statement.readsHidden,
      isOpaque: facts.effects.some(({ kind }) => kind === 'procedural' || kind === 'call'),
      // What reviewers have approved is on the disk before it happens: a statement, or that columns are seen in clear.
      isDurable:
        needsApproval ||
        !facts.readOnly ||
        (statement.unmasked ?? []).some(({ request }) => request !== undefined),
      tellsChangedRows: tellsChangedRows(statement.facts),
      output: statement.output,
      lookups: statement.lookups,
      cursor: statement.use.cursor,
      unmasked: statement.unmasked,
      follow: statement.follow,
      carries: statement.carries,
      copyOut: readCopyOut(statement.facts, this.#parts.analyser.parser),
    };
  }

  /** Asks the server first where it looks for names. */
  async #judgeOnPath(
    text: string,
    facts: readonly StatementFacts[],
    findPrepared: FindPrepared,
  ): Promise<JudgedMessage> {
    try {
      await this.#parts.judge.path.find();
      const judged = this.#known(text) ?? this.#weigh(text, facts, findPrepared, false);
      if (judged === undefined || judged.looksFirst) return await this.#judgeAfterRefresh(text, findPrepared);
      return judged;
    } catch (error) {
      return this.#refuseText(text, error);
    }
  }

  async #lookFirst(known: JudgedMessage, findPrepared: FindPrepared): Promise<JudgedMessage> {
    try {
      await this.#parts.judge.connection.confirm(namesOf(known.statements));
      const current = this.#known(known.text);
      return current ?? (await this.#judgeAfterRefresh(known.text, findPrepared));
    } catch (error) {
      return this.#refuseText(known.text, error);
    }
  }

  async #judgeAfterRefresh(text: string, findPrepared: FindPrepared): Promise<JudgedMessage> {
    try {
      await this.#parts.judge.connection.refresh();
      const known = this.#known(text);
      if (known !== undefined) return known;
      const facts = this.#parts.analyser.analyse(text);
      if (this.#mustFindPath(facts, findPrepared)) await this.#parts.judge.path.find();
      const judged = this.#weigh(text, facts, findPrepared, true);
      if (judged === undefined) throw new Error('the catalog is fresh and yet not');
      return judged;
    } catch (error) {
      return this.#refuseText(text, error);
    }
  }

  async #judgeSlowly(text: string, findPrepared: FindPrepared): Promise<JudgedMessage> {
    try {
      const facts = await this.#parts.analyser.analyseInWorker(text);
      if (this.#mustFindPath(facts, findPrepared)) await this.#parts.judge.path.find();
      const judged = this.#weigh(text, facts, findPrepared, false);
      if (judged !== undefined && !judged.looksFirst) return judged;
      await this.#parts.judge.connection.refresh();
      if (this.#mustFindPath(facts, findPrepared)) await this.#parts.judge.path.find();
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
      approval: undefined,
      touchesClassified: true,
      writesClassified: false,
      hasCopyIn: false,
      changesNames: false,
      isByName: false,
      stamp: this.#parts.judge.stamp,
      path: undefined,
      nameMove: 'none',
      looksFirst: false,
    };
  }

  #keep(judged: JudgedMessage): void {
    if (judged.text.length > keptTextLength) return;
    keep(this.#judged, judged.text, judged);
    if (judged.path !== undefined) keep(this.#judgedOnPath, pathKey(judged.path, judged.text), judged);
  }
}

/** True where no description of rows comes, or it comes after the deed: what it stands on is looked at before. */
function isReadUnseen({ facts, mayBeRemade }: JudgedStatement): boolean {
  return mayBeRemade && (!facts.readOnly || facts.node === 'DeclareCursorStmt');
}

function keep(kept: Map<string, JudgedMessage>, key: string, judged: JudgedMessage): void {
  kept.delete(key);
  kept.set(key, judged);
  if (kept.size <= keptTexts) return;
  const oldest = kept.keys().next().value;
  if (oldest !== undefined) kept.delete(oldest);
}

function pathKey(path: number, text: string): string {
  return `${path}\0${text}`;
}

/** Whatever was thrown while judging: the statement is refused for it. */
export function asRefusal(error: unknown): PortcullisError {
  if (PortcullisError.is(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new PortcullisError('STATEMENT_NOT_UNDERSTOOD', { message }, { cause: error });
}
