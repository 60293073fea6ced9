/** The tree of requests: what waits for the reader, the reader's own, what is decided. */
import {
  type Disposable,
  EventEmitter,
  ThemeColor,
  ThemeIcon,
  type TreeDataProvider,
  TreeItem,
  TreeItemCollapsibleState,
} from 'vscode';
import type { ApprovalRequest } from '../../proxy/control/messages.ts';
import { showLine } from '../kit/visibleText.ts';
import { type Section, sortRequests } from './requestLists.ts';
import type { RequestStore } from './requestStore.ts';
import { describeAge, describeState, isShowingClear, mayWithdraw, titleOf } from './requestView.ts';

export type RequestNode =
  | { readonly kind: 'section'; readonly section: Section }
  | { readonly kind: 'request'; readonly request: ApprovalRequest };

const stateIcons: Readonly<Record<ApprovalRequest['state'], readonly [icon: string, color?: string]>> = {
  open: ['circle-outline', 'charts.yellow'],
  approved: ['pass', 'charts.green'],
  used: ['pass-filled', 'charts.green'],
  denied: ['error', 'charts.red'],
  withdrawn: ['circle-slash'],
  expired: ['history'],
};

export class RequestTree implements TreeDataProvider<RequestNode>, Disposable {
  readonly #store: RequestStore;
  readonly #changed = new EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(store: RequestStore) {
    this.#store = store;
  }

  /** Draws it anew: ages grow even where nothing else changes. */
  redraw(): void {
    this.#changed.fire();
  }

  getChildren(node?: RequestNode): RequestNode[] {
    if (node?.kind === 'request') return [];
    if (node?.kind === 'section')
      return node.section.requests.map((request) => ({ kind: 'request', request }));
    const requests = this.#store.requests ?? [];
    // Without any request the view's welcome text shows.
    if (requests.length === 0) return [];
    return sortRequests(requests, this.#store.me).map((section) => ({ kind: 'section', section }));
  }

  getTreeItem(node: RequestNode): TreeItem {
    return node.kind === 'section' ? sectionItem(node.section) : this.#requestItem(node.request);
  }

  #requestItem(request: ApprovalRequest): TreeItem {
    const now = new Date();
    const item = new TreeItem(titleOf(request));
    const [icon, color] = iconOf(request);
    const state = describeState(request, now);
    item.id = `request:${request.id}`;
    item.description = [
      showLine(request.requester.email),
      showLine(request.connection),
      describeAge(request.createdAt, now),
    ].join(' · ');
    item.iconPath = new ThemeIcon(icon, color === undefined ? undefined : new ThemeColor(color));
    item.tooltip = [
      titleOf(request),
      state,
      ...request.findings.map(({ message }) => showLine(message)),
    ].join('\n');
    item.contextValue = mayWithdraw(request, this.#store.me) ? 'request.mine.open' : 'request';
    item.accessibilityInformation = { label: `${titleOf(request)}, ${item.description}. ${state}` };
    item.command = { command: 'portcullis.openRequest', title: 'Open Request', arguments: [request.id] };
    return item;
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

function sectionItem({ name, requests }: Section): TreeItem {
  const isOpen = name !== 'Decided' && requests.length > 0;
  const hasNone = requests.length === 0;
  const item = new TreeItem(
    name,
    hasNone
      ? TreeItemCollapsibleState.None
      : isOpen
        ? TreeItemCollapsibleState.Expanded
        : TreeItemCollapsibleState.Collapsed,
  );
  // The state of an item with an id is remembered: an empty section gets another id, so that it opens when filled.
  item.id = `section:${name}${hasNone ? ':empty' : ''}`;
  item.description = hasNone ? 'none' : String(requests.length);
  item.contextValue = 'section';
  return item;
}

function iconOf(request: ApprovalRequest): readonly [icon: string, color?: string] {
  const hasChangesAsked = request.state === 'open' && request.reviews.at(-1)?.decision === 'changes';
  if (isShowingClear(request)) return ['eye', 'charts.green'];
  return hasChangesAsked ? ['comment-discussion', 'charts.yellow'] : stateIcons[request.state];
}
