/** Approvals: the tree with its badge, the commands, the review pages, and the few notifications. */
import { commands, type ExtensionContext, type TreeView, window, workspace } from 'vscode';
import { describeProblem, type ProxyLink } from '../kit/proxyLink.ts';
import { showLine } from '../kit/visibleText.ts';
import { askToSee } from './askToSee.ts';
import { sortRequests, type Telling, tellChanges } from './requestLists.ts';
import { RequestStore } from './requestStore.ts';
import { type RequestNode, RequestTree } from './requestTree.ts';
import { describeState, isShowingClear, mayWithdraw, titleOf } from './requestView.ts';
import { ReviewPages } from './reviewPages.ts';

const minute = 60_000;

export function registerApprovals(context: ExtensionContext, link: ProxyLink): void {
  const store = new RequestStore(link);
  const tree = new RequestTree(store);
  const view = window.createTreeView('portcullis.requests', { treeDataProvider: tree });
  const pages = new ReviewPages(context, link, store);
  const growAges = setInterval(() => view.visible && tree.redraw(), minute);

  const showStore = () => {
    tree.redraw();
    decorateView(view, store);
  };
  showStore();
  context.subscriptions.push(
    store,
    tree,
    view,
    pages,
    { dispose: () => clearInterval(growAges) },
    store.onChange(({ before }) => {
      showStore();
      if (before === undefined || store.requests === undefined) return;
      for (const telling of tellChanges(before, store.requests, store.me)) void tell(telling, pages);
    }),
    commands.registerCommand('portcullis.openRequest', async (target?: unknown) => {
      const id = idOf(target) ?? (await pickRequest(store, 'Request to open', false));
      if (id !== undefined) pages.open(id);
    }),
    commands.registerCommand('portcullis.withdrawRequest', async (target?: unknown) => {
      const id = idOf(target) ?? (await pickRequest(store, 'Request to withdraw', true));
      if (id !== undefined) await withdraw(link, store, id);
    }),
    commands.registerCommand('portcullis.askToSee', (target?: unknown) => askToSee(link, store, target)),
    commands.registerCommand('portcullis.refreshRequests', () => store.refresh()),
  );
}

/** The badge on the view, what it says when there is nothing to list, and why it could not be read. */
function decorateView(view: TreeView<RequestNode>, store: RequestStore): void {
  const requests = store.requests ?? [];
  const waiting = sortRequests(requests, store.me)[0]?.requests.length ?? 0;
  view.badge =
    waiting === 0
      ? undefined
      : {
          value: waiting,
          tooltip:
            waiting === 1 ? '1 request waits for your review' : `${waiting} requests wait for your review`,
        };
  // An empty text takes the message away; undefined is not in the type.
  view.message = store.problem ?? '';
  const state = store.me === undefined ? 'signedOut' : store.requests === undefined ? 'reading' : 'listed';
  void commands.executeCommand('setContext', 'portcullis.requestsState', state);
}

async function tell({ text, id, action }: Telling, pages: ReviewPages): Promise<void> {
  const settings = workspace.getConfiguration('portcullis');
  if (!settings.get('notifyRequests', true)) return;
  const never = "Don't Show Again";
  const answer = await window.showInformationMessage(text, action, never);
  if (answer === never) await settings.update('notifyRequests', false, true);
  if (answer !== action) return;
  if (id === undefined) await commands.executeCommand('portcullis.requests.focus');
  else pages.open(id);
}

async function withdraw(link: ProxyLink, store: RequestStore, id: string): Promise<void> {
  const request = store.find(id);
  const name = request === undefined ? 'this request' : `“${titleOf(request)}”`;
  const detail =
    request !== undefined && isShowingClear(request)
      ? 'The columns are masked again at once.'
      : 'It can then no longer be approved. To run the statement, ask again.';
  const answer = await window.showWarningMessage(`Withdraw ${name}?`, { modal: true, detail }, 'Withdraw');
  if (answer !== 'Withdraw') return;
  try {
    store.put(await link.request('withdrawRequest', { id }));
  } catch (error) {
    void window.showErrorMessage(`The request was not withdrawn. ${describeProblem(error)}`);
  }
}

async function pickRequest(
  store: RequestStore,
  placeHolder: string,
  isForWithdrawing: boolean,
): Promise<string | undefined> {
  if (store.requests === undefined) await store.refresh();
  const now = new Date();
  const items = sortRequests(store.requests ?? [], store.me)
    .flatMap(({ requests }) => requests)
    .filter((request) => !isForWithdrawing || mayWithdraw(request, store.me))
    .map((request) => ({
      label: titleOf(request),
      description: `${showLine(request.requester.email)} · ${showLine(request.connection)}`,
      detail: describeState(request, now),
      id: request.id,
    }));
  if (items.length === 0) {
    const none = isForWithdrawing ? 'None of your requests is open.' : 'There are no requests.';
    void window.showInformationMessage(store.me === undefined ? 'Sign in to see requests.' : none);
    return undefined;
  }
  return (await window.showQuickPick(items, { placeHolder, matchOnDescription: true }))?.id;
}

/** Commands come with an id, with a node of the tree, or, from the palette, with nothing. */
function idOf(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (typeof target !== 'object' || target === null || !('request' in target)) return undefined;
  const { request } = target as { readonly request: { readonly id?: unknown } };
  return typeof request.id === 'string' ? request.id : undefined;
}
