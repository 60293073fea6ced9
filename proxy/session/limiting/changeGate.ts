/**
 * Keeps statements that change more rows than they may from being committed. How many it has changed, the server says as
 * the statement ends; a Query outside a transaction is committed by then, so BEGIN stands before it, and COMMIT or
 * ROLLBACK comes once the count is known. The client sees one statement, as it sent it.
 */
import type { PortcullisError } from '../../kit/errors.ts';
import { WireError } from '../../wire/protocol.ts';
import { encodeRefusal } from '../answerMessages.ts';
import type { CountedChange, Expectation } from '../inFlight.ts';
import type { StatementRun } from '../judging/judgement.ts';
import { beginQuery, commitQuery, failingParse, failingQuery, rollbackQuery } from '../ownMessages.ts';
import type { SessionState } from '../sessionState.ts';
import type { StatementPipeline } from '../statementPipeline.ts';
import { overrun } from './changedRows.ts';

/** Before a Query whose changes are counted is forwarded: what comes behind it waits until its transaction has ended. */
export function beginCounting(state: SessionState, limit: number): CountedChange {
  const isOurs = state.isOutsideTransaction;
  if (isOurs) {
    state.toServer(beginQuery);
    state.inFlight.push({ kind: 'begin' });
  }
  state.isCounting = true;
  return { limit, isOurs, complete: undefined, tag: undefined };
}

export class ChangeGate {
  readonly #state: SessionState;
  readonly #pipeline: StatementPipeline;
  /** Tells the client something, between two messages of the server. */
  readonly #say: (message: Buffer) => void;

  constructor(state: SessionState, pipeline: StatementPipeline, say: (message: Buffer) => void) {
    this.#state = state;
    this.#pipeline = pipeline;
    this.#say = say;
  }

  /**
   * The statement under way ends, with this message. True where the client is not told, now or ever.
   * @param tag CommandComplete's; of PortalSuspended another that counts nothing: what writes and is not read to its end
   *   does not say how many rows it has changed
   */
  holdsEnd(tag: string, message: Buffer): boolean {
    const { head } = this.#state.inFlight;
    if (head?.kind === 'begin' || head?.kind === 'end') return true;
    if (head?.kind === 'query' && head.change !== undefined) {
      head.change.tag = tag;
      head.change.complete = Buffer.from(message);
      return true;
    }
    if (head?.kind !== 'execute' || head.rowsChanged === undefined) return false;
    const error = overrun(tag, head.rowsChanged);
    if (error === undefined) return false;
    this.#undo(head, error);
    return true;
  }

  /** The server is ready behind a Query. True where the client is not told: the transaction around it ends first. */
  holdsReady(head: Extract<Expectation, { kind: 'query' }>): boolean {
    const { change, touchesClassified } = head;
    const run = head.runs[0];
    if (change === undefined) return false;
    if (run === undefined) throw new WireError('changes are counted of a statement that is none');
    const error = change.tag === undefined ? undefined : overrun(change.tag, change.limit);
    const { inFlight, toServer } = this.#state;
    if (change.isOurs) {
      toServer(change.complete !== undefined && error === undefined ? commitQuery : rollbackQuery);
      inFlight.push({ kind: 'end', run, change, error, touchesClassified, hasFailed: false });
      return true;
    }
    if (error === undefined) {
      if (change.complete !== undefined) this.#complete(run, change);
      return false;
    }
    this.#pipeline.finish(run, 'error', { sqlState: error.sqlState });
    toServer(failingQuery);
    inFlight.push({ kind: 'refusal', error, endsWithReady: true, hasFailed: false });
    return true;
  }

  /** The transaction around a Query has ended: only now the client is told of the two. */
  endTransaction({ run, change, error, hasFailed }: Extract<Expectation, { kind: 'end' }>): void {
    if (error !== undefined) {
      this.#pipeline.finish(run, 'error', { sqlState: error.sqlState });
      this.#say(encodeRefusal(error));
    } else if (change.complete !== undefined && !hasFailed) this.#complete(run, change);
  }

  /** The Execute is answered by an error, and its transaction fails, as if the server had raised it. */
  #undo({ run }: Extract<Expectation, { kind: 'execute' }>, error: PortcullisError): void {
    this.#state.inFlight.shift();
    if (run !== undefined) this.#pipeline.finish(run, 'error', { sqlState: error.sqlState });
    this.#state.toServer(failingParse);
    this.#state.inFlight.push({ kind: 'refusal', error, endsWithReady: false, hasFailed: false });
    this.#state.startSkipping();
    this.#state.answerCopy('none');
  }

  #complete(run: StatementRun, { complete, tag }: CountedChange): void {
    run.tag = tag;
    this.#pipeline.finish(run, 'ok', tag === undefined ? {} : { tag });
    if (complete !== undefined) this.#say(complete);
  }
}
