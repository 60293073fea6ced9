/** The activity page: one panel over two stores, this machine's statements (as in the tree) and the collector's. */
import { Disposable, type ExtensionContext, ViewColumn, type WebviewPanel, window } from 'vscode';
import type { ActivityPageMessage, ActivityScope, StatementSearch } from '../kit/activityMessages.ts';
import { pageHtml, pageOptions } from '../kit/webviewHtml.ts';
import type { ActivityStore } from './activityStore.ts';
import type { CollectedStore } from './collectedStore.ts';
import type { SinksState } from './sinksState.ts';

export interface ActivityPageActions {
  openStatement(id: string): void;
  verify(): void;
  exportEvidence(search: StatementSearch): void;
}

export class ActivityPage {
  readonly #context: ExtensionContext;
  readonly #machine: ActivityStore;
  readonly #collector: CollectedStore;
  readonly #sinks: SinksState;
  readonly #actions: ActivityPageActions;
  readonly #subscription: Disposable;
  #scope: ActivityScope = 'machine';
  #panel: WebviewPanel | undefined;

  constructor(
    context: ExtensionContext,
    machine: ActivityStore,
    collector: CollectedStore,
    sinks: SinksState,
    actions: ActivityPageActions,
  ) {
    this.#context = context;
    this.#machine = machine;
    this.#collector = collector;
    this.#sinks = sinks;
    this.#actions = actions;
    sinks.onChange = () => this.#post();
    this.#subscription = Disposable.from(
      machine.onChange(() => {
        this.#post();
        if (this.isVisible) sinks.refresh();
      }),
      collector.onChange(() => this.#post()),
    );
  }

  get isVisible(): boolean {
    return this.#panel?.visible === true;
  }

  show(): void {
    if (this.#panel === undefined) this.#open();
    else this.#panel.reveal();
    this.#refresh();
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#panel?.dispose();
  }

  #open(): void {
    const title = 'Portcullis Activity';
    const panel = window.createWebviewPanel(
      'portcullis.activityPage',
      title,
      ViewColumn.Active,
      pageOptions(this.#context),
    );
    this.#panel = panel;
    panel.onDidDispose(() => {
      this.#panel = undefined;
    });
    panel.onDidChangeViewState(() => panel.visible && this.#refresh());
    panel.webview.onDidReceiveMessage((message: ActivityPageMessage) => this.#receive(message));
    panel.webview.html = pageHtml(this.#context, panel.webview, 'activityPage', title);
  }

  #receive(message: ActivityPageMessage): void {
    const { kind } = message;
    if (kind === 'ready') this.#post();
    else if (kind === 'refresh') this.#refresh();
    else if (kind === 'search') this.#search(message.scope, message.search);
    else if (kind === 'more') void this.#collector.more();
    else if (kind === 'openStatement') this.#actions.openStatement(message.id);
    else if (kind === 'verify') this.#actions.verify();
    else this.#actions.exportEvidence(message.search);
  }

  #search(scope: ActivityScope, search: StatementSearch): void {
    this.#scope = scope;
    if (scope === 'machine') this.#post();
    else void this.#collector.search(search);
  }

  #refresh(): void {
    this.#machine.refresh();
    this.#sinks.refresh();
    if (this.#scope === 'collector') void this.#collector.refresh();
  }

  #post(): void {
    const snapshot =
      this.#scope === 'machine' ? this.#machine.snapshot() : this.#collector.snapshot(this.#machine.sync);
    void this.#panel?.webview.postMessage({ ...snapshot, sinks: this.#sinks.line });
  }
}
