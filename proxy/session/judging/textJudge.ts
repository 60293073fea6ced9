/** Texts of one session, judged and remembered: all statements of a text before any of them runs. */
import type { IntentFields } from '../../audit/events.ts';
import { renderIntent } from '../../audit/eventTemplate.ts';
import { PortcullisError } from '../../kit/errors.ts';
import type { CatalogRelation } from '../../schema/catalog.ts';
import type { Analyser } from '../../sql/analyser.ts';
import { readCopyOut } from '../../sql/copyOut.ts';
import type { StatementFacts } from '../../sql/facts.ts';
import { refuseCopyOut } from '../copyOut.ts';
import { tellsChangedRows } from '../limiting/changedRows.ts';
import { describeNeed, unaskable } from './approvalNeed.ts';
import type { JudgedMessage, JudgedStatement } from './judgement.ts';
import type { FindPreparedFacts, StatementJudge, WeighedStatement } from './statementJudge.ts';

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

  constructor(parts: TextJudgeParts) {
    this.#parts = parts;
  }

  /** Answers at once unless the text is long or names are new. Never throws: what cannot be judged is refused. */
  judge(text: string, findPrepared: FindPrepared): JudgedMessage | Promise<JudgedMessage> {
    const { analyser, judge } = this.#parts;
    const known = this.#judged.get(text);
    if (known !== undefined && known.stamp === judge.stamp) return known;
    if (!analyser.isSimple(text)) return this.#judgeSlowly(text, findPrepared);
    try {
      const judged = this.#weigh(text, analyser.analyse(text), findPrepared, false);
      return judged ?? this.#judgeAfterRefresh(text, findPrepared);
    } catch (error) {
      return this.#refuseText(text, error);
    }
  }

  /** A table that the session has made, which the catalog may not show yet. */
  noteTable(table: CatalogRelation): void {
    this.#parts.judge.tables.add(table);
  }

  /** False where policy, catalog or classifications have changed since, or names may mean something else. */
  isCurrent(judged: JudgedMessage): boolean {
    return judged.stamp === this.#parts.judge.stamp && !judged.isByName;
  }

  /** Judges again where the ground has moved since. */
  judgeAgain(judged: JudgedMessage, findPrepared: FindPrepared): JudgedMessage | Promise<JudgedMessage> {
    return this.isCurrent(judged) ? judged : this.judge(judged.text, findPrepared);
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
    if (prepared === undefined || prepared.stamp === this.#parts.judge.stamp) return prepared;
    const judged = this.judge(prepared.text, () => undefined);
    // It takes a while; the next attempt finds it done.
    if (judged instanceof Promise) throw new PortcullisError('APPROVAL_OUTDATED');
    if (judged.refusal !== undefined) throw judged.refusal;
    return judged;
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
    const approval = weighed.refusal === undefined ? describeNeed(weighed, judge.connection) : undefined;
    const roles = allFacts.map((facts) => facts.role.kind);
    const statements = weighed.statements.map((statement) =>
      this.#toJudged(text, statement, approval !== undefined),
    );
    const judged: JudgedMessage = {
      text,
      statements,
      refusal:
        weighed.refusal ??
        refuseCopyOut(statements, touchesClassified) ??
        (approval !== undefined && !canAsk ? unaskable(approval) : undefined),
      approval,
      touchesClassified,
      writesClassified: weighed.statements.some(({ use }) => use.writesClassified),
      hasCopyIn: roles.includes('copyIn'),
      changesNames: roles.includes('prepare') || roles.includes('deallocate'),
      isByName,
      stamp: weighed.stamp,
    };
    if (!isByName && isKept) this.#keep(judged);
    return judged;
  }

  #toJudged(text: string, statement: WeighedStatement, needsApproval: boolean): JudgedStatement {
    const fields = this.#parts.intentFields(statement, text);
    const { tree: _tree, ...facts } = statement.facts;
    return {
      facts,
      intent: renderIntent(fields),
      fields: needsApproval ? fields : undefined,
      readsHidden: statement.readsHidden,
      isOpaque: facts.effects.some(({ kind }) => kind === 'procedural' || kind === 'call'),
      isDurable: needsApproval || !facts.readOnly,
      tellsChangedRows: tellsChangedRows(statement.facts),
      output: statement.output,
      lookups: statement.lookups,
      cursor: statement.use.cursor,
      unmasked: statement.unmasked,
      follow: statement.follow,
      copyOut: readCopyOut(statement.facts, this.#parts.analyser.parser),
    };
  }

  async #judgeAfterRefresh(text: string, findPrepared: FindPrepared): Promise<JudgedMessage> {
    try {
      await this.#parts.judge.connection.refresh();
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
      await this.#parts.judge.connection.refresh();
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
    };
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

/** Whatever was thrown while judging: the statement is refused for it. */
export function asRefusal(error: unknown): PortcullisError {
  if (PortcullisError.is(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new PortcullisError('STATEMENT_NOT_UNDERSTOOD', { message }, { cause: error });
}
