/** Where a held statement waits: raises its request at the collector, follows it, and uses the approval up, once. */
import { createHash } from 'node:crypto';
import type { CollectorClient } from '../kit/collectorClient.ts';
import { CollectorRefusal, CollectorUnreachable } from '../kit/collectorClient.ts';
import { PortcullisError } from '../kit/errors.ts';
import type { ApprovalRequest, NewRequest } from './request.ts';

/** What is asked, without the values that a prepared statement is run with: the hold brings those. */
export type ApprovalAsk = Omit<NewRequest, 'digest' | 'parameters'>;

/** How a statement waits. */
export interface Hold {
  /** Bind values in text form; undefined for a simple query. */
  readonly parameters: readonly (string | null)[] | undefined;
  /** Aborted with {@link HoldEnd} as its reason. */
  readonly signal: AbortSignal;
  /** Called once, when the request stands and nobody has decided yet. */
  readonly onWaiting: (request: ApprovalRequest) => void;
}

/** `cancelled`: its sender wants it no more. `left`: the session is gone; the request stays, for the next run of it. */
export type HoldEnd = 'cancelled' | 'left';

/** Tells that requests may have changed. */
export interface RequestChanges {
  /** Answers how to stop listening. */
  onRequests(listener: () => void): () => void;
}

/** Where no change was heard of for so long the request is looked at all the same. */
const pollMs = 5_000;

export class ApprovalDesk {
  readonly #client: CollectorClient;
  readonly #changes: RequestChanges;

  constructor(client: CollectorClient, changes: RequestChanges) {
    this.#client = client;
    this.#changes = changes;
  }

  /**
   * Resolves when the request is approved and the approval used up for this one run. An approval given while nobody
   * waited serves at once.
   * @throws PortcullisError APPROVAL_DENIED, APPROVAL_ENDED, APPROVAL_CANCELLED, APPROVAL_UNREACHABLE
   */
  async obtain(ask: ApprovalAsk, hold: Hold): Promise<{ request: string; by: readonly string[] }> {
    const { signal, parameters } = hold;
    const body: NewRequest = {
      ...ask,
      ...(parameters === undefined ? {} : { parameters }),
      digest: requestDigest(ask.connection, ask.text, parameters),
    };
    let request = await this.#call('POST', '/v1/requests', body);
    if (request.state === 'open') hold.onWaiting(request);
    while (request.state === 'open') {
      await this.#change(signal);
      if (signal.aborted) throw await this.#giveUp(request, signal.reason as HoldEnd);
      request = await this.#look(request);
    }
    if (request.state !== 'approved') throw describeEnd(request);
    await this.#call('POST', `/v1/requests/${request.id}/use`, {});
    const by = request.reviews.filter(({ decision }) => decision === 'approve').map((review) => review.by);
    return { request: request.id, by: [...new Set(by)] };
  }

  async #giveUp(request: ApprovalRequest, end: HoldEnd): Promise<PortcullisError> {
    if (end === 'left') return new PortcullisError('APPROVAL_CANCELLED', { reason: 'its session has ended' });
    // Where the collector cannot be told, the request stays and expires; nothing runs by it unless it is asked again.
    await this.#call('POST', `/v1/requests/${request.id}/withdraw`, {}).catch(() => undefined);
    return new PortcullisError('APPROVAL_CANCELLED', { reason: 'of a user request' });
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

/** What an approval is bound to: hex SHA-256 over connection, text and parameters. */
export function requestDigest(
  connection: string,
  text: string,
  parameters: readonly (string | null)[] | undefined,
): string {
  return createHash('sha256')
    .update(JSON.stringify([connection, text, parameters ?? null]))
    .digest('hex');
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
