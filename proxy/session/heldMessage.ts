/** The message that is held at the head of a client's stream: what it waits for, and what came of that. */
import type { Hold, HoldEnd } from '../approvals/approvalDesk.ts';
import { Verdict } from '../wire/frameWalker.ts';
import { type Answer, isAdmission } from './judging/answer.ts';
import type { StatementPipeline } from './statementPipeline.ts';

export interface HeldMessagePeer {
  /** What it waited for is there: show the message again. */
  goOn(): void;
  /** Waiting failed in a way that it never should. */
  onFatal(error: Error): void;
}

export class HeldMessage {
  readonly #pipeline: StatementPipeline;
  readonly #peer: HeldMessagePeer;
  #answer: Answer | undefined;
  /** Ends the wait for a reviewer. */
  #review: AbortController | undefined;
  #hasLeft = false;
  #isStopped = false;

  constructor(pipeline: StatementPipeline, peer: HeldMessagePeer) {
    this.#pipeline = pipeline;
    this.#peer = peer;
  }

  /** What the message waited for; undefined where it has not waited, or only for time to pass. */
  take(): Exclude<Answer, 'goOn'> | undefined {
    const answer = this.#answer;
    this.#answer = undefined;
    return answer === 'goOn' ? undefined : answer;
  }

  /** Nobody uses it: the client has left, or the server skips the message. What it admitted does not run. */
  drop(): void {
    const answer = this.take();
    if (isAdmission(answer) && answer.kind === 'run') {
      for (const run of answer.runs) this.#pipeline.finish(run, 'notRun');
    }
  }

  waitFor(promise: Promise<Answer>): typeof Verdict.hold {
    promise.then(
      (answer) => this.arrive(answer),
      (error: Error) => this.#peer.onFatal(error),
    );
    return Verdict.hold;
  }

  /** Waits for a reviewer, who is asked with `review`'s hold; ends early by {@link endReview}. */
  waitForReview(review: (signal: Hold['signal']) => Promise<Answer>): typeof Verdict.hold {
    const controller = new AbortController();
    this.#review = controller;
    if (this.#hasLeft) this.endReview('left');
    const reviewed = review(controller.signal).finally(() => {
      if (this.#review === controller) this.#review = undefined;
    });
    return this.waitFor(reviewed);
  }

  /** False where no wait for a reviewer is under way. */
  endReview(reason: HoldEnd): boolean {
    const review = this.#review;
    this.#review = undefined;
    review?.abort(reason);
    return review !== undefined;
  }

  arrive(answer: Answer): void {
    this.drop();
    this.#answer = answer;
    if (this.#isStopped) this.drop();
    else this.#peer.goOn();
  }

  /** The client sends no more: what is under way goes on, but nothing waits for a reviewer any longer. */
  clientHasLeft(): void {
    this.#hasLeft = true;
    this.endReview('left');
  }

  /** Whatever arrives from now on is not used. */
  stop(): void {
    this.#isStopped = true;
    this.clientHasLeft();
  }
}
