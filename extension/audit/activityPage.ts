/** The activity page: one panel, drawn from the same snapshot as the tree. */
import { type Disposable, type ExtensionContext, ViewColumn, type WebviewPanel, window } from 'vscode';
import type { ActivityPageMessage } from '../kit/activityMessages.ts';
import { pageHtml, pageOptions } from '../kit/webviewHtml.ts';
import type { ActivityStore } from './activityStore.ts';

export class ActivityPage implements Disposable {
  readonly #context: ExtensionContext;
  readonly #store: ActivityStore;
  readonly #openStatement: (seq: number) => void;
  readonly #subscription: Disposable;
  #panel: WebviewPanel | undefined;

  constructor(context: ExtensionContext, store: ActivityStore, openStatement: (seq: number) => void) {
    this.#context = context;
    this.#store = store;
    this.#openStatement = openStatement;
    this.#subscription = store.onChange(() => this.#post());
  }

  get isVisible(): boolean {
    return this.#panel?.visible === true;
  }

  show(): void {
    if (this.#panel === undefined) this.#open();
    else this.#panel.reveal();
    this.#store.refresh();
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
    panel.onDidChangeViewState(() => panel.visible && this.#store.refresh());
    panel.webview.onDidReceiveMessage((message: ActivityPageMessage) => this.#receive(message));
    panel.webview.html = pageHtml(this.#context, panel.webview, 'activityPage', title);
  }

  #receive(message: ActivityPageMessage): void {
    if (message.kind === 'ready') this.#post();
    else if (message.kind === 'refresh') this.#store.refresh();
    else this.#openStatement(message.seq);
  }

  #post(): void {
    void this.#panel?.webview.postMessage(this.#store.snapshot());
  }
}
