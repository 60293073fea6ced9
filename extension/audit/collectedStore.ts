/** Statements at the collector, found by the page's search: pages of them, one search at a time. */
import { type Disposable, type Event, EventEmitter } from 'vscode';
import type { CollectedStatement, StatementSearch } from '../../proxy/control/messages.ts';
import type { ActivitySnapshot } from '../kit/activityMessages.ts';
import { describeProblem, type ProxyLink } from '../kit/proxyLink.ts';
import { rowOf } from './activityWords.ts';

/** More than this nobody reads: a narrower search is the way. */
const most = 2_000;

export class CollectedStore implements Disposable {
  readonly #link: ProxyLink;
  readonly #changed = new EventEmitter<void>();
  readonly #subscription: Disposable;
  #search: StatementSearch = {};
  #statements: readonly CollectedStatement[] | undefined;
  #next: string | undefined;
  #problem: string | undefined;
  #isSearching = false;
  /** What answers an older search than the newest is dropped. */
  #searches = 0;
  #subject: string | undefined;

  constructor(link: ProxyLink) {
    this.#link = link;
    this.#subject = subjectOf(link);
    this.#subscription = link.onStatus(() => this.#forgetOthers());
  }

  get onChange(): Event<void> {
    return this.#changed.event;
  }

  find(id: string): CollectedStatement | undefined {
    return this.#statements?.find(({ proxy, seq }) => `${proxy}/${seq}` === id);
  }

  /** Searches anew. What was found before stays until the answer is here. */
  async search(search: StatementSearch): Promise<void> {
    this.#search = search;
    await this.#ask(search, []);
  }

  refresh(): Promise<void> {
    return this.search(this.#search);
  }

  /** The next page, after those that are shown. */
  async more(): Promise<void> {
    if (this.#next === undefined || this.#isSearching) return;
    await this.#ask({ ...this.#search, cursor: this.#next }, this.#statements ?? []);
  }

  snapshot(sync: ActivitySnapshot['sync']): ActivitySnapshot {
    const now = new Date();
    const rows = this.#statements?.map((statement) => rowOf(statement, now));
    return {
      kind: 'activity',
      scope: 'collector',
      hasMore: this.#next !== undefined && (rows?.length ?? 0) < most,
      isSearching: this.#isSearching,
      sync,
      ...(rows !== undefined && { rows }),
      ...(this.#problem !== undefined && { problem: this.#problem }),
    };
  }

  dispose(): void {
    this.#searches += 1;
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  async #ask(search: StatementSearch, before: readonly CollectedStatement[]): Promise<void> {
    this.#searches += 1;
    const asked = this.#searches;
    this.#isSearching = true;
    this.#changed.fire();
    let problem: string | undefined;
    try {
      const { statements, next } = await this.#link.request('searchStatements', search);
      if (asked !== this.#searches) return;
      this.#statements = [...before, ...statements];
      this.#next = next;
    } catch (error) {
      if (asked !== this.#searches) return;
      problem = describeProblem(error);
    }
    this.#problem = problem;
    this.#isSearching = false;
    this.#changed.fire();
  }

  /** Nothing of one identity may stay on screen for the next. */
  #forgetOthers(): void {
    const subject = subjectOf(this.#link);
    if (subject === this.#subject) return;
    this.#subject = subject;
    this.#searches += 1;
    this.#statements = undefined;
    this.#next = undefined;
    this.#problem = undefined;
    this.#isSearching = false;
    this.#changed.fire();
  }
}

function subjectOf(link: ProxyLink): string | undefined {
  return link.status?.identity?.subject;
}
