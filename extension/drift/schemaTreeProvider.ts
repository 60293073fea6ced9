/** The view "Schema": connections, schemas, tables and their parts, read when they are unfolded. */
import {
  type Disposable,
  EventEmitter,
  ThemeIcon,
  type TreeDataProvider,
  TreeItem,
  TreeItemCollapsibleState,
} from 'vscode';
import type { ConnectionStatus, DriftReport } from '../../proxy/control/messages.ts';
import type { ProxyLink } from '../kit/proxyLink.ts';
import { decorationUri } from './driftDecorations.ts';
import { describeNode, describeShortly, visible } from './driftTexts.ts';
import { SchemaStates } from './schemaStates.ts';
import {
  badgesOf,
  connectionNode,
  type DriftBadge,
  isPart,
  type SchemaNode,
  type SchemaNodeKind,
} from './schemaTree.ts';

const icons: Readonly<Record<SchemaNodeKind, string>> = {
  connection: 'database',
  schema: 'symbol-namespace',
  table: 'table',
  view: 'eye',
  column: 'symbol-field',
  constraint: 'law',
  index: 'list-tree',
  grant: 'key',
};

export class SchemaTreeProvider implements TreeDataProvider<SchemaNode>, Disposable {
  readonly #changed = new EventEmitter<void>();
  readonly #link: ProxyLink;
  /** Built again only when what it is made of is another. */
  readonly #built = new Map<string, { readonly from: readonly unknown[]; readonly node: SchemaNode }>();
  readonly states: SchemaStates;

  constructor(link: ProxyLink) {
    this.#link = link;
    this.states = new SchemaStates(link, () => this.#changed.fire());
  }

  get onDidChangeTreeData(): EventEmitter<void>['event'] {
    return this.#changed.event;
  }

  get connections(): readonly ConnectionStatus[] {
    const status = this.#link.status;
    return status?.state === 'running' ? status.connections : [];
  }

  /** Drift as far as it has been read. */
  get reports(): DriftReport[] {
    return this.connections.flatMap(({ name }) => this.states.get(name).state?.drift ?? []);
  }

  get problems(): { connection: string; text: string }[] {
    return this.connections.flatMap(({ name, state, problem }) => {
      const text = state === 'failed' ? (problem?.message ?? 'not reachable') : this.states.get(name).problem;
      return text === undefined ? [] : [{ connection: name, text }];
    });
  }

  get badges(): Map<string, DriftBadge> {
    return new Map(this.#connectionNodes().flatMap(badgesOf));
  }

  redraw(): void {
    this.#changed.fire();
  }

  async getChildren(node?: SchemaNode): Promise<SchemaNode[]> {
    if (node === undefined) return this.#connectionNodes();
    if (node.kind !== 'connection') return [...(node.children ?? [])];
    await this.states.ensure(node.connection);
    return [...(this.#connectionNodes().find(({ id }) => id === node.id)?.children ?? [])];
  }

  #connectionNodes(): SchemaNode[] {
    return this.connections.map((connection) => {
      const { name, environment, state } = connection;
      const from = [environment, state, this.states.get(name).state];
      const built = this.#built.get(name);
      if (built?.from.every((part, index) => part === from[index])) return built.node;
      const node = connectionNode(connection, this.states.get(name).state);
      this.#built.set(name, { from, node });
      return node;
    });
  }

  getTreeItem(node: SchemaNode): TreeItem {
    const canUnfold = !isPart(node);
    const item = new TreeItem(
      visible(node.label).replaceAll('\n', ' '),
      canUnfold ? TreeItemCollapsibleState.Collapsed : TreeItemCollapsibleState.None,
    );
    item.id = node.id;
    item.description = visible(node.description).replaceAll('\n', ' ');
    item.tooltip = describeNode(node);
    // Otherwise the whole tooltip is read aloud, statements and all.
    item.accessibilityInformation = { label: describeShortly(node) };
    item.iconPath = new ThemeIcon(node.isMasked ? 'lock' : icons[node.kind]);
    item.resourceUri = decorationUri(node);
    item.contextValue = `${node.kind}${node.isMasked ? '.masked' : ''}${node.badge === undefined ? '' : '.drift'}`;
    if (!canUnfold && node.badge !== undefined)
      item.command = { command: 'portcullis.showDrift', title: 'Show Drift', arguments: [node] };
    return item;
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
