/** Where a held statement waits: raises its request at the collector, follows it, and uses the approval up, once. */
import { isDeepStrictEqual } from 'node:util';
import type { CollectorClient } from '../kit/collectorClient.ts';
import { CollectorRefusal, CollectorUnreachable } from '../kit/collectorClient.ts';
import { PortcullisError } from '../kit/errors.ts';
import { Grants } from './grants.ts';
import type { ApprovalRequest, NewRequest } from './request.ts';
import { requestDigest } from './requestDigest.ts';

/** What is asked, without the values that a prepared statement is run with: the hold brings those. */
export interface ApprovalAsk extends Omit<NewRequest, 'digest' | 'parameters' | 'unmask'> {
  /** What the names in the text stand for now. Not sent: a request is good for what they stood for when it was made. */
  readonly footing: string;
}

/** How a statement waits. */
export interface Hold {
  /** Bind values in text form; undefined for a simple query. */
  readonly parameters: readonly (string | null)[] | undefined;
  /** Aborted with {@link HoldEnd} as its reason. */
  readonly signal: AbortSignal;
  /** Called once, when the request stands and nobody has decided yet. */
  readonly onWaiting: (request: ApprovalRequest) => void;
}

/**
 * `cancelled`: its sender wants it no more. `skipped`: what came before it in its pipeline has failed, so it will not run.
 * `left`: the session is gone; the request stays, for the next run of it. `flooded`: its sender sends more than is kept.
 */
export type HoldEnd = 'cancelled' | 'skipped' | 'left' | 'flooded';

/** Tells that requests may have changed. */
export interface RequestChanges {
  /** Answers how to stop listening. */
  onRequests(listener: () => void): () => void;
}

/** Where no change was heard of for so long the request is looked at all the same. */
const pollMs = 5_000;
const rememberedRequests = 1_000;

export class ApprovalDesk {
  readonly #client: CollectorClient;
  readonly #changes: RequestChanges;
  /** By request, for those that were asked here. */
  readonly #footings = new Map<string, string>();
  /** What its person may see in clear by approved requests. */
  readonly grants: Grants;

  constructor(client: CollectorClient, changes: RequestChanges) {
    this.#client = client;
    this.#changes = changes;
    this.grants = new Grants(client, changes);
  }

  /**
   * Resolves when the request is approved and the approval used up for this one run. An approval given while nobody
   * waited serves at once.
   * @throws PortcullisError APPROVAL_DENIED, APPROVAL_ENDED, APPROVAL_CANCELLED, APPROVAL_UNREACHABLE
   */
  async obtain(ask: ApprovalAsk, hold: Hold): Promise<{ request: string; by: readonly string[] }> {
    const { signal, parameters } = hold;
    const { footing, ...shown } = ask;
    const body: NewRequest = {
      ...shown,
      ...(parameters === undefined ? {} : { parameters }),
      digest: requestDigest({
        connection: ask.connection,
        text: ask.text,
        ...(parameters && { parameters }),
      }),
    };
    const request = await this.#decided(await this.#ask(body, footing), hold);
    // Who has left or cancelled while the approval was looked up does not use it.
    if (signal.aborted) throw await this.#giveUp(request, signal.reason as HoldEnd);
    await this.#use(request);
    return { request: request.id, by: approversOf(request) };
  }

  /** Resolves when columns may be seen in clear as asked; who does not wait for it uses {@link askToSee}. Throws as `obtain`. */
  async obtainSight(
    ask: Omit<NewRequest, 'digest' | 'parameters'>,
    hold: Hold,
  ): Promise<{ request: string; by: readonly string[] }> {
    const request = await this.#decided(await this.askToSee(ask), hold);
    await this.grants.refresh().catch((error) => {
      throw asDeskError(error);
    });
    return { request: request.id, by: approversOf(request) };
  }

  /** Waits until it is approved. */
  async #decided(asked: ApprovalRequest, { signal, onWaiting }: Hold): Promise<ApprovalRequest> {
    let request = asked;
    if (request.state === 'open') onWaiting(request);
    while (request.state === 'open') {
      await this.#change(signal);
      if (signal.aborted) throw await this.#giveUp(request, signal.reason as HoldEnd);
      request = await this.#look(request);
    }
    if (request.state !== 'approved') throw describeEnd(request);
    return request;
  }

  /**
   * Asks to see columns in clear, and does not wait: what is approved is in {@link grants}.
   * @throws PortcullisError APPROVAL_UNREACHABLE
   */
  askToSee(ask: Omit<NewRequest, 'digest' | 'parameters'>): Promise<ApprovalRequest> {
    return this.#call('POST', '/v1/requests', { ...ask, digest: requestDigest(ask) });
  }

  /** A request for the same text that shows reviewers another state of things makes room for one that shows this. */
  async #ask(body: NewRequest, footing: string): Promise<ApprovalRequest> {
    const request = await this.#call('POST', '/v1/requests', body);
    const before = this.#footings.get(request.id) ?? footing;
    if (before === footing && showsTheSame(request, body)) return this.#remember(request, footing);
    await this.#call('POST', `/v1/requests/${request.id}/withdraw`, {});
    return this.#remember(await this.#call('POST', '/v1/requests', body), footing);
  }

  #remember(request: ApprovalRequest, footing: string): ApprovalRequest {
    this.#footings.set(request.id, footing);
    const [oldest] = this.#footings.keys();
    if (this.#footings.size > rememberedRequests && oldest !== undefined) this.#footings.delete(oldest);
    return request;
  }

  /** Of several runs that wait for one request, one uses it. The others are told so. */
  async #use(request: ApprovalRequest): Promise<void> {
    try {
      await this.#client.call('POST', `/v1/requests/${request.id}/use`, {});
    } catch (error) {
      if (!CollectorRefusal.is(error, 409)) throw asDeskError(error);
      const now = await this.#look(request);
      throw now.state === 'approved' ? asDeskError(error) : describeEnd(now);
    }
  }

  async #giveUp(request: ApprovalRequest, end: HoldEnd): Promise<PortcullisError> {
    if (end === 'left' || end === 'flooded') return cancelled(end);
    // Where the collector cannot be told, the request stays and expires; nothing runs by it unless it is asked again.
    await this.#call('POST', `/v1/requests/${request.id}/withdraw`, {}).catch(() => undefined);
    return cancelled(end);
  }

  /** While it waits, a collector that cannot be reached is waited for as well. */
  async #look(request: ApprovalRequest): Promise<ApprovalRequest> {
    try {
      return await this.#client.call<ApprovalRequest>('GET', `/v1/requests/${request.id}`);
    } catch (error) {
      if (CollectorUnreachable.is(error) || CollectorRefusal.is(error, 503)) return request;
      throw asDeskError(error);
    }
  }

  async #call(method: 'POST', path: string, body: unknown): Promise<ApprovalRequest> {
    try {
      return await this.#client.call<ApprovalRequest>(method, path, body);
    } catch (error) {
      throw asDeskError(error);
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const settle = () => {
        clearTimeout(timer);
        stopListening();
        signal.removeEventListener('abort', settle);
        resolve();
      };
      const timer = setTimeout(settle, pollMs);
      timer.unref();
      const stopListening = this.#changes.onRequests(settle);
      signal.addEventListener('abort', settle);
      if (signal.aborted) settle();
    });
  }
}

function approversOf({ reviews }: ApprovalRequest): readonly string[] {
  return [...new Set(reviews.flatMap(({ decision, by }) => (decision === 'approve' ? [by] : [])))];
}

function cancelled(end: HoldEnd): PortcullisError {
  const reasons: Record<HoldEnd, string> = {
    cancelled: 'of a user request',
    skipped: 'a statement before it has failed',
    left: 'its session has ended',
    flooded: 'too much was sent behind it',
  };
  return new PortcullisError('APPROVAL_CANCELLED', { reason: reasons[end] });
}

/** Whether reviewers are shown what they would be shown if it were asked for now. */
function showsTheSame(request: ApprovalRequest, now: NewRequest): boolean {
  return (
    isDeepStrictEqual(request.findings, now.findings) &&
    isDeepStrictEqual(request.relations, now.relations) &&
    isDeepStrictEqual(request.approvers, now.approvers)
  );
}

function describeEnd({ state, reviews, id }: ApprovalRequest): PortcullisError {
  const denial = reviews.findLast(({ decision }) => decision === 'deny');
  if (state === 'denied' && denial !== undefined) {
    const detail = denial.comment === '' ? undefined : `${denial.by} says: ${denial.comment}`;
    return new PortcullisError('APPROVAL_DENIED', { by: denial.by }, { detail });
  }
  const words: Partial<Record<string, string>> = {
    withdrawn: 'was withdrawn',
    expired: 'expired before anybody decided',
    used: 'has been used already',
  };
  return new PortcullisError('APPROVAL_ENDED', { id, what: words[state] ?? `is ${state}` });
}

function asDeskError(error: unknown): PortcullisError {
  if (PortcullisError.is(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new PortcullisError('APPROVAL_UNREACHABLE', { message }, { cause: error });
}
