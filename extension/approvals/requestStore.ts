/** The requests as the collector last listed them; asked for again when the proxy says that they have changed. */
import { type Disposable, type Event, EventEmitter } from 'vscode';
import type { ApprovalRequest, ProxyStatus, SignedInIdentity } from '../../proxy/control/messages.ts';
import { describeProblem, type ProxyLink } from '../kit/proxyLink.ts';

export interface RequestsChange {
  /** Undefined with the first list after signing in: nothing in it is news. */
  readonly before: readonly ApprovalRequest[] | undefined;
}

export class RequestStore implements Disposable {
  readonly #link: ProxyLink;
  readonly #changed = new EventEmitter<RequestsChange>();
  readonly #subscriptions: readonly Disposable[];
  #requests: readonly ApprovalRequest[] | undefined;
  #problem: string | undefined;
  #signedInAs: string | undefined;
  #lastAsked = 0;

  constructor(link: ProxyLink) {
    this.#link = link;
    this.#subscriptions = [
      link.onStatus((status) => this.#followStatus(status)),
      link.onNotification('requestsChanged', () => void this.refresh()),
    ];
    this.#followStatus(link.status);
  }

  get onChange(): Event<RequestsChange> {
    return this.#changed.event;
  }

  /** Undefined while nobody is signed in, and until the first answer. */
  get requests(): readonly ApprovalRequest[] | undefined {
    return this.#requests;
  }

  /** Why the list could not be read last time. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get me(): SignedInIdentity | undefined {
    return isUsable(this.#link.status) ? this.#link.status?.identity : undefined;
  }

  find(id: string): ApprovalRequest | undefined {
    return this.#requests?.find((request) => request.id === id);
  }

  /** Only the latest answer counts: an older one that comes late is dropped. */
  async refresh(): Promise<void> {
    if (this.me === undefined) return;
    this.#lastAsked += 1;
    const asked = this.#lastAsked;
    const isLatest = () => asked === this.#lastAsked;
    try {
      const { requests } = await this.#link.request('listRequests', {});
      if (isLatest()) this.#replace(requests, undefined);
    } catch (error) {
      if (isLatest()) this.#replace(this.#requests, describeProblem(error));
    }
  }

  /** Takes in what the collector answered to a review or a withdrawal. */
  put(request: ApprovalRequest): void {
    // A list that was asked for before this answer may not know of it yet.
    this.#lastAsked += 1;
    const others = (this.#requests ?? []).filter(({ id }) => id !== request.id);
    this.#replace([...others, request], undefined);
    void this.refresh();
  }

  #replace(requests: readonly ApprovalRequest[] | undefined, problem: string | undefined): void {
    const before = this.#requests;
    this.#requests = requests;
    this.#problem = problem;
    this.#changed.fire({ before });
  }

  /** Statuses come often, with every event that is sent: only another identity makes another list. */
  #followStatus(status: ProxyStatus | undefined): void {
    const subject = isUsable(status) ? `${status?.pid} ${status?.identity?.subject}` : undefined;
    if (subject === this.#signedInAs) return;
    this.#signedInAs = subject;
    this.#lastAsked += 1;
    this.#replace(undefined, undefined);
    void this.refresh();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }
}

function isUsable(status: ProxyStatus | undefined): boolean {
  return status?.state === 'running' && status.identity !== undefined;
}
