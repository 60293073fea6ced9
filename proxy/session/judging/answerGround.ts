/**
 * Whether the server has run a statement on what it was judged by. The server settles what names mean when it reads the
 * statement and has its locks, which may be long after we have judged it, and others may have changed a view or a function
 * just before, beside us. Its description of the rows comes after that: what the database looks like from then on tells,
 * before any row has passed, what they were read from.
 */
import { monotonicMicros } from '../../kit/clock.ts';
import type { JudgedStatement } from './judgement.ts';
import { namesOf } from './standsOn.ts';
import type { StatementJudge } from './statementJudge.ts';
import type { FindPrepared, TextJudge } from './textJudge.ts';

/** From here on a statement may have waited for a lock: microseconds. */
const slowFrom = 50_000;

/** How often it is judged again while the ground goes on moving. */
const tries = 3;

interface Looked {
  readonly asked: JudgedStatement;
  readonly now: JudgedStatement;
  readonly ground: string;
  readonly tries: number;
}

export class AnswerGround {
  readonly #judge: StatementJudge;
  readonly #texts: TextJudge;
  #looked: Looked | undefined;
  /** The server may have waited before it read a statement that it keeps (Parse, PREPARE): the next one may run that. */
  #mayBeOld = false;
  /** When the server was last seen to have done something: what was sent before was read later. */
  #doneAt = 0;

  constructor(judge: StatementJudge, texts: TextJudge) {
    this.#judge = judge;
    this.#texts = texts;
  }

  /**
   * The statement as it is judged by what the server has read; a promise where that has to be found out: ask again, with the
   * same, when it resolves.
   *
   * @param sentAt when it was sent, microseconds of the monotonic clock
   * Rejects with the refusal where it would have been refused, and where the database cannot be looked at.
   */
  settle(
    judged: JudgedStatement,
    sentAt: number,
    findPrepared: FindPrepared,
  ): JudgedStatement | Promise<void> {
    const looked = this.#looked?.asked === judged ? this.#looked : undefined;
    if (looked === undefined) {
      if (this.#mayStandElsewhere(judged, sentAt)) return this.#look(judged, findPrepared, false);
      if (judged.mayBeRemade) return this.#look(judged, findPrepared, true);
    }
    if ((looked?.ground ?? judged.ground) === this.#judge.ground) return looked?.now ?? judged;
    return this.#again(judged, findPrepared, looked?.tries ?? 0);
  }

  /**
   * The server has read, or run, what was sent at that time.
   *
   * @param isKept it may be run again without being read
   */
  noteDone(sentAt: number, isKept: boolean): void {
    if (isKept) this.#mayBeOld ||= this.#hasWaited(sentAt);
    this.#doneAt = monotonicMicros();
  }

  /** Its rows are planned: the next time is another. */
  forget(): void {
    this.#looked = undefined;
  }

  /** Names of known tables mean those, unless they have been given to others: which takes the tables' locks. */
  #mayStandElsewhere({ facts }: JudgedStatement, sentAt: number): boolean {
    if (facts.relations.length === 0) return false;
    return this.#mayBeOld || !this.#judge.connection.changes.isSettled || this.#hasWaited(sentAt);
  }

  #hasWaited(sentAt: number): boolean {
    return monotonicMicros() - Math.max(sentAt, this.#doneAt) > slowFrom;
  }

  async #look(judged: JudgedStatement, findPrepared: FindPrepared, isQuick: boolean): Promise<void> {
    const { connection } = this.#judge;
    if (isQuick) await connection.confirm(namesOf([judged]));
    else {
      this.#mayBeOld = false;
      await connection.refresh();
    }
    if (judged.ground === this.#judge.ground) this.#note(judged, judged, 0);
    else await this.#again(judged, findPrepared, 0);
  }

  async #again(judged: JudgedStatement, findPrepared: FindPrepared, before: number): Promise<void> {
    if (before >= tries) {
      this.#note(judged, unknown(judged), before);
      return;
    }
    const message = await this.#texts.judgeAnswered(judged.message, findPrepared);
    const now = message.statements[judged.index];
    // What others have found meanwhile is no reason to end what was let through: it is masked.
    const isRemade = this.#judge.connection.catalog.version !== judged.catalogVersion;
    if (message.refusal !== undefined && isRemade) throw message.refusal;
    const isSure = now !== undefined && message.refusal === undefined;
    this.#note(judged, isSure ? now : unknown(judged), before + 1);
  }

  #note(asked: JudgedStatement, now: JudgedStatement, count: number): void {
    this.#looked = { asked, now, ground: this.#judge.ground, tries: count };
  }
}

/** Nothing is known of where its columns come from: all that have no origin are masked. */
function unknown(judged: JudgedStatement): JudgedStatement {
  return { ...judged, readsHidden: true, isOpaque: true, output: undefined };
}
