/** How the collector's sinks stand, for the line on the activity page: asked for now and then, while somebody looks. */
import type { Disposable } from 'vscode';
import type { ActivitySnapshot } from '../kit/activityMessages.ts';
import type { ProxyLink } from '../kit/proxyLink.ts';
import { describeSinks } from './sinkWords.ts';
import { throttle } from './throttle.ts';

const betweenReads = 10_000;
/** Who may see sinks (the collector decides): nobody else is asked for in vain. */
const readers: readonly string[] = ['auditors', 'admins'];

export class SinksState implements Disposable {
  readonly #link: Pick<ProxyLink, 'status' | 'onStatus' | 'request'>;
  readonly #read = throttle(() => void this.#readNow(), betweenReads);
  readonly #subscription: Disposable;
  /** Called when the line is another. */
  onChange: () => void = () => undefined;
  #line: ActivitySnapshot['sinks'];
  #subject: string | undefined;

  constructor(link: Pick<ProxyLink, 'status' | 'onStatus' | 'request'>) {
    this.#link = link;
    this.#subject = link.status?.identity?.subject;
    this.#subscription = link.onStatus(() => {
      if (link.status?.identity?.subject === this.#subject) return;
      this.#subject = link.status?.identity?.subject;
      this.#show(undefined);
    });
  }

  /** Absent where there are none, or where whoever is signed in may not know. */
  get line(): ActivitySnapshot['sinks'] {
    return this.#line;
  }

  refresh(): void {
    this.#read.call();
  }

  dispose(): void {
    this.#read.dispose();
    this.#subscription.dispose();
  }

  async #readNow(): Promise<void> {
    const { status } = this.#link;
    const asked = status?.identity;
    const mayKnow = status?.state === 'running' && asked?.groups.some((group) => readers.includes(group));
    if (mayKnow !== true) return this.#show(undefined);
    try {
      const { sinks } = await this.#link.request('listSinks', {});
      // Somebody else may be signed in by now.
      if (this.#link.status?.identity?.subject !== asked?.subject) return;
      this.#show(sinks === undefined ? undefined : describeSinks(sinks));
    } catch {
      // That the collector cannot be asked is said where its statements are, and an old line would be no news.
      this.#show(undefined);
    }
  }

  #show(line: ActivitySnapshot['sinks']): void {
    if (line?.text === this.#line?.text && line?.isTrouble === this.#line?.isTrouble) return;
    this.#line = line;
    this.onChange();
  }
}
