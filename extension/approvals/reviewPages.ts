/** Review pages: one panel a request, showing whole snapshots of it and sending back what the reader decides. */
import { type Disposable, type ExtensionContext, ViewColumn, type WebviewPanel, window } from 'vscode';
import type { ApprovalRequest } from '../../proxy/control/messages.ts';
import { describeProblem, type ProxyLink } from '../kit/proxyLink.ts';
import type { RequestSnapshot, ReviewPageMessage } from '../kit/reviewMessages.ts';
import { showText } from '../kit/visibleText.ts';
import { pageHtml, pageOptions } from '../kit/webviewHtml.ts';
import type { RequestStore } from './requestStore.ts';
import { titleOf, viewRequest } from './requestView.ts';

interface Page {
  readonly panel: WebviewPanel;
  isBusy: boolean;
  problem: string | undefined;
}

export class ReviewPages implements Disposable {
  readonly #context: ExtensionContext;
  readonly #link: ProxyLink;
  readonly #store: RequestStore;
  readonly #pages = new Map<string, Page>();
  readonly #subscription: Disposable;

  constructor(context: ExtensionContext, link: ProxyLink, store: RequestStore) {
    this.#context = context;
    this.#link = link;
    this.#store = store;
    this.#subscription = store.onChange(() => {
      for (const id of this.#pages.keys()) this.#show(id);
    });
  }

  open(id: string): void {
    const known = this.#pages.get(id);
    if (known !== undefined) {
      known.panel.reveal();
      return;
    }
    const request = this.#store.find(id);
    const title = request === undefined ? 'Request' : `Review: ${titleOf(request)}`;
    const panel = window.createWebviewPanel(
      'portcullis.review',
      title,
      ViewColumn.Active,
      pageOptions(this.#context),
    );
    this.#pages.set(id, { panel, isBusy: false, problem: undefined });
    panel.webview.onDidReceiveMessage((message: ReviewPageMessage) => void this.#answer(id, message));
    panel.onDidDispose(() => this.#pages.delete(id));
    panel.webview.html = pageHtml(this.#context, panel.webview, 'reviewPage', title);
    if (request === undefined) void this.#store.refresh();
  }

  async #answer(id: string, message: ReviewPageMessage): Promise<void> {
    switch (message.kind) {
      case 'ready':
        return this.#show(id);
      case 'review': {
        const { decision, comment } = message;
        return this.#decide(id, () => this.#link.request('reviewRequest', { id, decision, comment }));
      }
      case 'withdraw':
        return this.#decide(id, () => this.#link.request('withdrawRequest', { id }));
    }
  }

  async #decide(id: string, send: () => Promise<ApprovalRequest>): Promise<void> {
    const page = this.#pages.get(id);
    if (page === undefined || page.isBusy) return;
    page.isBusy = true;
    page.problem = undefined;
    this.#show(id);
    try {
      const request = await send();
      page.isBusy = false;
      this.#store.put(request);
    } catch (error) {
      page.isBusy = false;
      page.problem = describeProblem(error);
      this.#show(id);
    }
  }

  #show(id: string): void {
    const page = this.#pages.get(id);
    if (page === undefined) return;
    const request = this.#store.find(id);
    const problem = page.problem ?? this.#missing(id);
    const snapshot: RequestSnapshot = {
      kind: 'request',
      ...(request === undefined ? {} : { request: viewRequest(request, this.#store.me, new Date()) }),
      busy: page.isBusy,
      ...(problem === undefined ? {} : { problem: showText(problem) }),
    };
    void page.panel.webview.postMessage(snapshot);
  }

  /** Why the request cannot be shown as it is now. */
  #missing(id: string): string | undefined {
    if (this.#store.me === undefined) return 'You are not signed in. Sign in to see this request.';
    if (this.#store.problem !== undefined) return this.#store.problem;
    const isUnknown = this.#store.requests !== undefined && this.#store.find(id) === undefined;
    return isUnknown ? 'The collector does not list this request for you.' : undefined;
  }

  dispose(): void {
    this.#subscription.dispose();
    for (const { panel } of this.#pages.values()) panel.dispose();
  }
}
