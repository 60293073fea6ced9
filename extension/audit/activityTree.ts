/** The activity view: how the events stand with the collector, then the latest statements. */
import {
  type Disposable,
  EventEmitter,
  MarkdownString,
  ThemeColor,
  ThemeIcon,
  type TreeDataProvider,
  TreeItem,
} from 'vscode';
import type { ActivityRow, ActivitySnapshot } from '../kit/activityMessages.ts';
import type { ActivityStore } from './activityStore.ts';
import { describeRow, explainRow } from './activityWords.ts';

export type ActivityNode =
  | { readonly kind: 'sync'; readonly sync: ActivitySnapshot['sync'] }
  | { readonly kind: 'statement'; readonly row: ActivityRow };

export class ActivityTree implements TreeDataProvider<ActivityNode>, Disposable {
  readonly #store: ActivityStore;
  readonly #changed = new EventEmitter<void>();
  readonly #subscription: Disposable;

  constructor(store: ActivityStore) {
    this.#store = store;
    this.#subscription = store.onChange(() => this.#changed.fire());
  }

  get onDidChangeTreeData() {
    return this.#changed.event;
  }

  /** No nodes where nobody is signed in, or nothing was done yet: the view's welcome text speaks then. */
  getChildren(node?: ActivityNode): ActivityNode[] {
    if (node !== undefined) return [];
    const { rows = [], sync } = this.#store.snapshot();
    if (rows.length === 0 && !sync.isTrouble) return [];
    return [{ kind: 'sync', sync }, ...rows.map((row) => ({ kind: 'statement', row }) as const)];
  }

  getTreeItem(node: ActivityNode): TreeItem {
    return node.kind === 'sync' ? syncItem(node.sync) : statementItem(node.row);
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}

function syncItem(sync: ActivitySnapshot['sync']): TreeItem {
  const item = new TreeItem(sync.text);
  item.id = 'sync';
  item.iconPath = sync.isTrouble
    ? new ThemeIcon('warning', new ThemeColor('list.warningForeground'))
    : new ThemeIcon('cloud-upload');
  item.tooltip = sync.hint === '' ? sync.text : `${sync.text}\n${sync.hint}`;
  item.contextValue = 'sync';
  item.command = { command: 'portcullis.showActivity', title: 'Show Activity' };
  return item;
}

function statementItem(row: ActivityRow): TreeItem {
  const item = new TreeItem(row.what);
  item.id = String(row.seq);
  item.description = describeRow(row);
  item.iconPath = iconOf(row);
  item.tooltip = tooltipOf(row);
  item.contextValue = 'statement';
  item.accessibilityInformation = { label: `${row.what}, ${describeRow(row)}` };
  item.command = { command: 'portcullis.openStatement', title: 'Open Statement', arguments: [row.seq] };
  return item;
}

function iconOf(row: ActivityRow): ThemeIcon {
  if (row.outcome === 'running') return new ThemeIcon('sync~spin');
  if (row.outcome === 'denied' || row.outcome === 'refused')
    return new ThemeIcon('circle-slash', new ThemeColor('list.errorForeground'));
  if (row.outcome === 'needs approval')
    return new ThemeIcon('clock', new ThemeColor('list.warningForeground'));
  if (row.isTrouble) return new ThemeIcon('error', new ThemeColor('list.errorForeground'));
  return new ThemeIcon(row.decision === 'approve' ? 'pass-filled' : 'pass');
}

function tooltipOf(row: ActivityRow): MarkdownString {
  const tooltip = new MarkdownString(undefined, true);
  tooltip.appendCodeblock(row.what, 'sql');
  for (const line of explainRow(row)) tooltip.appendText(`${line}\n\n`);
  return tooltip;
}
