/** The latest statements as the proxy told them last: one copy for the tree and the page. */
import { type Disposable, type Event, EventEmitter } from 'vscode';
import type { ActivityEntry, SyncStatus } from '../../proxy/control/messages.ts';
import type { ActivitySnapshot } from '../kit/activityMessages.ts';
import { describeProblem, type ProxyLink } from '../kit/proxyLink.ts';
import { describeSync, rowOf } from './activityWords.ts';
import { throttle } from './throttle.ts';

const shown = 200;
const betweenReads = 500;

export class ActivityStore implements Disposable {
  readonly #link: ProxyLink;
  readonly #changed = new EventEmitter<void>();
  readonly #read = throttle(() => void this.#readNow(), betweenReads);
  readonly #subscriptions: Disposable[];
  /** Asks whether anybody looks. */
  #isWatched: () => boolean = () => false;
  #entries: readonly ActivityEntry[] | undefined;
  #sync: SyncStatus = { waiting: 0 };
  #problem: string | undefined;
  #readings = 0;
  /** Whose statements these are. */
  #subject: string | undefined;

  constructor(link: ProxyLink) {
    this.#link = link;
    const refresh = () => this.#isWatched() && this.#read.call();
    this.#subscriptions = [
      link.onNotification('activityChanged', refresh),
      link.onStatus(() => {
        if (this.#forgetOthers()) this.#changed.fire();
        refresh();
      }),
    ];
  }

  get onChange(): Event<void> {
    return this.#changed.event;
  }

  get entries(): readonly ActivityEntry[] | undefined {
    return this.#entries;
  }

  get isSignedIn(): boolean {
    const state = this.#link.status?.state;
    return state === 'running' || state === 'expired';
  }

  set isWatched(ask: () => boolean) {
    this.#isWatched = ask;
  }

  refresh(): void {
    this.#read.call();
  }

  /** How the events stand with the collector, in words. */
  get sync(): ActivitySnapshot['sync'] {
    return describeSync(this.#sync, new Date());
  }

  snapshot(): ActivitySnapshot {
    const now = new Date();
    const rows = this.#entries?.map((entry) => rowOf(entry, now));
    return {
      kind: 'activity',
      scope: 'machine',
      hasMore: false,
      isSearching: false,
      sync: this.sync,
      ...(rows !== undefined && { rows }),
      ...(this.#problem !== undefined && { problem: this.#problem }),
    };
  }

  dispose(): void {
    this.#read.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  async #readNow(): Promise<void> {
    this.#forgetOthers();
    this.#readings += 1;
    const reading = this.#readings;
    try {
      if (this.isSignedIn) {
        const { entries, sync } = await this.#link.request('listActivity', { limit: shown });
        if (reading !== this.#readings) return; // a later one is under way, or somebody else is signed in
        this.#entries = entries;
        this.#sync = sync;
        this.#problem = undefined;
      }
    } catch (error) {
      if (reading !== this.#readings) return;
      this.#problem = describeProblem(error);
    }
    this.#changed.fire();
  }

  /** Nothing of one identity may stay on screen for the next. Answers whether it has changed. */
  #forgetOthers(): boolean {
    const subject = this.isSignedIn ? this.#link.status?.identity?.subject : undefined;
    if (subject === this.#subject) return false;
    this.#subject = subject;
    this.#readings += 1;
    this.#entries = undefined;
    this.#sync = { waiting: 0 };
    this.#problem = undefined;
    return true;
  }
}
