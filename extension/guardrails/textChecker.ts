/** Asks the proxy what it says about open SQL documents, a moment after they change, and keeps the latest answers. */
import {
  CancellationTokenSource,
  type Disposable,
  type Event,
  EventEmitter,
  type TextDocument,
  type Uri,
  window,
  workspace,
} from 'vscode';
import type { ConnectionChoice } from '../kit/connectionChoice.ts';
import type { ProxyLink } from '../kit/proxyLink.ts';
import { type Mark, marksOf } from './findings.ts';

const pauseMs = 250;
/** UTF-16 code units: about a megabyte. */
const longestText = 1_000_000;
const schemes = new Set(['file', 'untitled', 'vscode-remote', 'vscode-vfs']);

export interface CheckedText {
  readonly uri: Uri;
  readonly version: number;
  readonly marks: readonly Mark[];
  /** Where its statements stand. */
  readonly statements: readonly { readonly start: number; readonly end: number }[];
  readonly isTooLong: boolean;
}

interface Watch {
  timer: NodeJS.Timeout | undefined;
  asking: CancellationTokenSource | undefined;
  /** Version and connection that were last asked about. */
  asked: string | undefined;
  checked: CheckedText | undefined;
}

export class TextChecker implements Disposable {
  readonly #link: ProxyLink;
  readonly #choice: ConnectionChoice;
  readonly #watches = new Map<string, Watch>();
  readonly #changed = new EventEmitter<{ readonly uri: Uri; readonly checked: CheckedText | undefined }>();
  readonly #subscriptions: readonly Disposable[];
  #round = 0;

  constructor(link: ProxyLink, choice: ConnectionChoice) {
    this.#link = link;
    this.#choice = choice;
    this.#subscriptions = [
      workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0) this.#plan(document, true);
      }),
      workspace.onDidCloseTextDocument((document) => this.#forget(document)),
      window.onDidChangeVisibleTextEditors(() => this.checkVisible()),
      link.onStatus(() => this.#followStatus()),
      // What has been approved to be seen in clear may be used in other ways than what is masked.
      link.onNotification('requestsChanged', () => {
        this.#round += 1;
        this.#followStatus();
      }),
      choice.onChange(() => this.#followStatus()),
    ];
  }

  get onChange(): Event<{ readonly uri: Uri; readonly checked: CheckedText | undefined }> {
    return this.#changed.event;
  }

  /** The answer for the document as it is now; undefined while it is awaited. */
  of(document: TextDocument): CheckedText | undefined {
    const checked = this.#watches.get(document.uri.toString())?.checked;
    return checked?.version === document.version ? checked : undefined;
  }

  checkVisible(): void {
    for (const { document } of window.visibleTextEditors) this.#plan(document, false);
  }

  /** Another connection, or none: what was said about hidden documents no longer holds; they are checked when seen. */
  #followStatus(): void {
    for (const document of workspace.textDocuments) {
      const watch = this.#watches.get(document.uri.toString());
      if (watch?.asked === undefined || watch.asked === this.#question(document)) continue;
      watch.asked = undefined;
      this.#clear(document, watch);
    }
    this.checkVisible();
  }

  #plan(document: TextDocument, isTyping: boolean): void {
    if (document.languageId !== 'sql' || !schemes.has(document.uri.scheme)) return;
    const key = document.uri.toString();
    const watch = this.#watches.get(key) ?? {
      timer: undefined,
      asking: undefined,
      asked: undefined,
      checked: undefined,
    };
    this.#watches.set(key, watch);
    if (this.#question(document) === watch.asked) return;
    clearTimeout(watch.timer);
    watch.timer = setTimeout(() => void this.#check(document, watch, isTyping), pauseMs);
  }

  async #check(document: TextDocument, watch: Watch, isTyping: boolean): Promise<void> {
    watch.asking?.cancel();
    const connection = this.#connectionOf(document);
    const question = this.#question(document);
    watch.asked = question;
    if (connection === undefined || document.isClosed) return this.#clear(document, watch);
    const { uri, version } = document;
    const text = document.getText();
    if (text.length > longestText)
      return this.#keep(watch, { uri, version, marks: [], statements: [], isTooLong: true });
    const asking = new CancellationTokenSource();
    watch.asking = asking;
    try {
      const { statements } = await this.#link.request('checkText', { connection, text }, asking.token);
      // Of a text that has changed meanwhile: the next check is planned already.
      if (watch.asked !== question || document.version !== version) return;
      this.#keep(watch, {
        uri,
        version,
        marks: marksOf(statements, isTyping ? caretOf(document) : undefined),
        statements: statements.map(({ start, end }) => ({ start, end })),
        isTooLong: false,
      });
    } catch {
      // No judge, no judgement: old marks would be wrong, and whoever runs the statement is told why.
      if (watch.asked !== question) return;
      watch.asked = undefined;
      this.#clear(document, watch);
    } finally {
      if (watch.asking === asking) watch.asking = undefined;
      asking.dispose();
    }
  }

  /** Undefined where nobody could judge: signed out, no connection, or one that is not open. */
  #connectionOf(document: TextDocument): string | undefined {
    if (this.#link.status?.state !== 'running') return undefined;
    const connection = this.#choice.of(document);
    return connection?.state === 'ready' ? connection.name : undefined;
  }

  /** Equal where the answer would be equal too; statuses come far more often than they matter here. */
  #question(document: TextDocument): string {
    const { pid, identity, policyVersion } = this.#link.status ?? {};
    const who = identity?.subject;
    const asked = [document.version, this.#connectionOf(document), pid, who, policyVersion, this.#round];
    return JSON.stringify(asked);
  }

  #keep(watch: Watch, checked: CheckedText): void {
    watch.checked = checked;
    this.#changed.fire({ uri: checked.uri, checked });
  }

  #clear({ uri }: TextDocument, watch: Watch): void {
    watch.asking?.cancel();
    watch.checked = undefined;
    this.#changed.fire({ uri, checked: undefined });
  }

  #forget(document: TextDocument): void {
    const watch = this.#watches.get(document.uri.toString());
    if (watch === undefined) return;
    clearTimeout(watch.timer);
    this.#watches.delete(document.uri.toString());
    this.#clear(document, watch);
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const { timer, asking } of this.#watches.values()) {
      clearTimeout(timer);
      asking?.cancel();
    }
    this.#changed.dispose();
  }
}

function caretOf(document: TextDocument): number | undefined {
  const editor = window.activeTextEditor;
  return editor?.document === document ? document.offsetAt(editor.selection.active) : undefined;
}
