/** The results view: holds the run that is shown, and feeds its page with snapshots and windows of rows. */
import {
  commands,
  type Disposable,
  type ExtensionContext,
  env,
  type WebviewView,
  type WebviewViewProvider,
  window,
} from 'vscode';
import type { GridToHost, HostToGrid } from '../../kit/gridMessages.ts';
import type { ProxyLink } from '../../kit/proxyLink.ts';
import { pageHtml, pageOptions } from '../../kit/webviewHtml.ts';
import type { ConsoleSessions } from '../session/consoleSessions.ts';
import { ResultRun } from './resultRun.ts';
import { cellOf, copyOf, windowOf } from './resultWindow.ts';
import { SightAsk } from './sightAsk.ts';

/** Rows come by the thousand; the page is told of them at most this often. */
const pauseMs = 100;
/** The first rows are waited for: what comes within this time goes with them. */
const firstPauseMs = 10;
/** Sent without being asked for, as many as the page would ask for. */
const firstRows = 200;

export class ResultsView implements WebviewViewProvider, Disposable {
  static readonly id = 'portcullis.results';
  readonly #context: ExtensionContext;
  readonly #sessions: ConsoleSessions;
  #view: WebviewView | undefined;
  #run: ResultRun | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The row set whose first rows the page has, or will have when the timer ends. */
  #rowSetBegun = 0;

  readonly #sight: SightAsk;

  constructor(context: ExtensionContext, sessions: ConsoleSessions, link: ProxyLink) {
    this.#context = context;
    this.#sessions = sessions;
    this.#sight = new SightAsk(link, (sight) => this.#post({ kind: 'sight', sight }));
  }

  resolveWebviewView(view: WebviewView): void {
    this.#view = view;
    view.webview.options = pageOptions(this.#context);
    view.webview.onDidReceiveMessage((message: GridToHost) => void this.#answer(message));
    view.onDidDispose(() => {
      if (this.#view === view) this.#view = undefined;
    });
    view.webview.html = pageHtml(this.#context, view.webview, 'resultGrid', 'Portcullis Results');
  }

  /** Puts a run in the place of the last one, whose rows are let go, and brings the view up without taking the focus. */
  show(run: ResultRun): void {
    if (this.#run !== undefined && this.#run !== run) {
      this.#run.onChange = () => {};
      this.#run.letGo();
    }
    if (this.#run !== run) this.#sight.close();
    this.#run = run;
    this.#rowSetBegun = 0;
    run.onChange = () => this.#tellSoon(run);
    this.#tell();
    if (this.#view === undefined)
      void commands.executeCommand(`${ResultsView.id}.focus`, { preserveFocus: true });
    else this.#view.show(true);
  }

  /** Cancels what is shown. */
  cancel(): void {
    if (this.#run !== undefined) this.#sessions.ofRun(this.#run)?.cancel();
  }

  async #answer(message: GridToHost): Promise<void> {
    const run = this.#run;
    if (message.kind === 'ready') {
      this.#tell();
      if (run !== undefined && run.rows.rowCount > 0) this.#post(windowOf(run, 0, firstRows));
      this.#post({ kind: 'sight', sight: this.#sight.view });
      return;
    }
    // Of a result that is no longer shown: its page will get the new state.
    if (run === undefined || run.result !== message.result) return;
    switch (message.kind) {
      case 'window':
        return this.#post(windowOf(run, message.offset, message.count));
      case 'cell':
        return this.#post(cellOf(run, message.row, message.column));
      case 'cancel':
        return this.cancel();
      case 'openSight':
        return this.#sight.open(run, message.column);
      case 'askSight':
        return this.#sight.ask(message.minutes, message.reason);
      case 'withdrawSight':
        return this.#sight.withdraw();
      case 'closeSight':
        return this.#sight.close();
      case 'runAgain':
        return this.#runNext(run, run.sql);
      case 'endTransaction':
        return this.#runNext(run, message.how);
      case 'copy': {
        const text = copyOf(run, message.format, message.range, message.isWithHeader);
        if (text === undefined)
          void window.showWarningMessage(
            'Nothing was copied: the selection is more than 50 MB of text. Select fewer rows.',
          );
        else await env.clipboard.writeText(text);
      }
    }
  }

  /** In the session of a run that has ended. */
  #runNext(run: ResultRun, sql: string): void {
    const session = this.#sessions.ofRun(run);
    if (session === undefined || session.current !== undefined) return;
    const next = new ResultRun(sql, run.target);
    this.show(next);
    void session.run(next);
  }

  #tellSoon(run: ResultRun): void {
    if (run.rowSet === this.#rowSetBegun || run.rows.rowCount === 0) {
      this.#timer ??= setTimeout(() => this.#tell(), pauseMs);
      return;
    }
    this.#rowSetBegun = run.rowSet;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#tell();
      this.#post(windowOf(run, 0, firstRows));
    }, firstPauseMs);
  }

  #tell(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#view === undefined) return;
    const snapshot = this.#run?.snapshot();
    this.#view.description =
      snapshot === undefined ? '' : [snapshot.connection, snapshot.title].filter(Boolean).join(' · ');
    this.#post({ kind: 'state', snapshot });
  }

  #post(message: HostToGrid): void {
    void this.#view?.webview.postMessage(message);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#sight.dispose();
  }
}
