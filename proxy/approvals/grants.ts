/**
 * What the collector says that one person may see in clear, by approved requests. It holds as long as it is confirmed: what
 * has expired, or was revoked, or cannot be asked about any more, does not count.
 */
import type { CollectorClient } from '../kit/collectorClient.ts';
import { requireList } from '../kit/collectorClient.ts';
import type { RequestChanges } from './approvalDesk.ts';
import type { ApprovalRequest, UnmaskColumn } from './request.ts';

/** Columns of one connection that one request lets be seen in clear. */
export interface Grant {
  readonly request: string;
  readonly subject: string;
  readonly connection: string;
  readonly columns: readonly UnmaskColumn[];
  readonly minutes: number;
  readonly reason: string;
  /** Groups that have approved it, and who did. */
  readonly groups: readonly string[];
  readonly reviewers: readonly string[];
  /** RFC 3339. */
  readonly until: string;
}

/** A grant ends by both clocks: one of them stands still while the machine sleeps, the other may be set back. */
interface KeptGrant {
  readonly grant: Grant;
  readonly endsAt: number;
  readonly endsAtMonotonic: number;
}

/** While something is seen in clear it is asked so often whether that still holds, besides at every change of requests. */
const confirmMs = 10_000;
/** What was not confirmed for so long does not count. */
const unconfirmedMs = 45_000;

export class Grants {
  readonly #client: CollectorClient;
  readonly #changes: RequestChanges;
  #kept: readonly KeptGrant[] = [];
  #version = 0;
  #confirmedAt = 0;
  #stopListening: (() => void) | undefined;
  #isStopped = false;
  #timer: NodeJS.Timeout | undefined;
  #next: Promise<void> | undefined;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(client: CollectorClient, changes: RequestChanges) {
    this.#client = client;
    this.#changes = changes;
  }

  /** Begins to follow the collector. */
  start(): void {
    this.#stopListening ??= this.#changes.onRequests(() => void this.#refreshQuietly());
    void this.#refreshQuietly();
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopListening?.();
    clearTimeout(this.#timer);
    this.#take([]);
  }

  /** Changes whenever there is another answer to {@link of}: asked before each statement. */
  get version(): number {
    if (this.#kept.length > 0) this.#dropEnded();
    return this.#version;
  }

  /** Those that hold now. */
  of(connection: string): readonly Grant[] {
    this.#dropEnded();
    return this.#kept.filter(({ grant }) => grant.connection === connection).map(({ grant }) => grant);
  }

  /**
   * Asks the collector now; callers share a question that is not sent yet.
   * @throws what the client throws where the collector does not answer
   */
  refresh(): Promise<void> {
    this.#next ??= this.#reading.then(() => {
      this.#next = undefined;
      const reading = this.#read();
      this.#reading = reading.catch(() => undefined);
      return reading;
    });
    return this.#next;
  }

  async #read(): Promise<void> {
    const { items } = await this.#client.call<{ items?: ApprovalRequest[] }>('GET', '/v1/grants');
    const kept = requireList(this.#client.url, items).flatMap(keep);
    if (this.#isStopped) return;
    this.#confirmedAt = performance.now();
    const isSame = JSON.stringify(kept.map(nameOf)) === JSON.stringify(this.#kept.map(nameOf));
    if (!isSame) this.#take(kept);
    // Where there is nothing to confirm, the news of a change is enough.
    if (kept.length > 0) this.#askLater();
  }

  async #refreshQuietly(): Promise<void> {
    await this.refresh().catch(() => this.#askLater());
  }

  #askLater(): void {
    clearTimeout(this.#timer);
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#refreshQuietly(), confirmMs);
    this.#timer.unref();
  }

  #dropEnded(): void {
    const now = performance.now();
    const isUnconfirmed = now - this.#confirmedAt > unconfirmedMs;
    const wall = Date.now();
    const left = isUnconfirmed
      ? []
      : this.#kept.filter(({ endsAt, endsAtMonotonic }) => wall < endsAt && now < endsAtMonotonic);
    if (left.length < this.#kept.length) this.#take(left);
  }

  #take(kept: readonly KeptGrant[]): void {
    if (kept.length > 0 || this.#kept.length > 0) this.#version += 1;
    this.#kept = kept;
  }
}

function nameOf({ grant }: KeptGrant): unknown {
  return [grant.request, grant.until];
}

/** Nothing of an answer that does not say for how long, or for what. */
function keep(request: ApprovalRequest): KeptGrant[] {
  const { unmask, clearForMs, state } = request;
  if (state !== 'approved' || unmask === undefined || !(clearForMs !== undefined && clearForMs > 0))
    return [];
  const approvals = request.reviews.filter(({ decision }) => decision === 'approve');
  const grant: Grant = {
    request: request.id,
    subject: request.requester.subject,
    connection: request.connection,
    columns: unmask.columns,
    minutes: unmask.minutes,
    reason: request.reason,
    groups: request.approvers,
    reviewers: [...new Set(approvals.map(({ by }) => by))],
    until: request.expiresAt,
  };
  return [{ grant, endsAt: Date.now() + clearForMs, endsAtMonotonic: performance.now() + clearForMs }];
}
