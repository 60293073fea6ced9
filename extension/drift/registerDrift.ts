/** Drift: the schema tree with its badges, the diff of a table against its baseline, and accepting a new baseline. */
import { commands, type ExtensionContext, type TreeView, window, workspace } from 'vscode';
import type { ConnectionChoice } from '../kit/connectionChoice.ts';
import type { ProxyLink } from '../kit/proxyLink.ts';
import { acceptBaseline } from './acceptBaseline.ts';
import { DdlDocuments, ddlScheme } from './ddlDocuments.ts';
import { DriftDecorations } from './driftDecorations.ts';
import { describeView } from './driftTexts.ts';
import { pickConnection } from './pickConnection.ts';
import { count, type SchemaNode } from './schemaTree.ts';
import { SchemaTreeProvider } from './schemaTreeProvider.ts';

const viewId = 'portcullis.schema';

export function registerDrift(context: ExtensionContext, link: ProxyLink, choice: ConnectionChoice): void {
  const tree = new SchemaTreeProvider(link);
  const decorations = new DriftDecorations();
  const documents = new DdlDocuments(link);
  const view = window.createTreeView(viewId, { treeDataProvider: tree, showCollapseAll: true });
  const showState = () => {
    decorations.show(tree.badges);
    describeTree(view, tree);
  };

  context.subscriptions.push(
    tree,
    decorations,
    documents,
    view,
    window.registerFileDecorationProvider(decorations),
    workspace.registerTextDocumentContentProvider(ddlScheme, documents),
    tree.onDidChangeTreeData(showState),
    followStatus(link, tree, view),
    view.onDidChangeVisibility(() => void readAll(tree, view)),
    link.onNotification('driftChanged', ({ connection }) => {
      void tree.states.load(connection, false);
      documents.refresh(connection);
    }),
    commands.registerCommand('portcullis.showDrift', (node?: SchemaNode) => showDrift(documents, node)),
    commands.registerCommand('portcullis.refreshSchema', (node?: SchemaNode) => refreshSchema(tree, node)),
    commands.registerCommand('portcullis.acceptBaseline', async (node?: SchemaNode) => {
      const connection = node?.connection ?? (await pickConnection(tree.connections, choice));
      if (connection === undefined) return;
      if (await acceptBaseline(link, connection)) documents.refresh(connection);
      await tree.states.load(connection, false);
    }),
  );
  showState();
}

/** Redraws when connections or the person have changed, and not with each event that was sent. */
function followStatus(link: ProxyLink, tree: SchemaTreeProvider, view: TreeView<SchemaNode>) {
  const person = () => JSON.stringify([link.status?.collector, link.status?.identity?.subject]);
  let lastPerson = person();
  let lastShown = '';
  const follow = () => {
    if (person() !== lastPerson) tree.states.forgetAll();
    lastPerson = person();
    const shown = JSON.stringify([lastPerson, link.status?.state, tree.connections]);
    if (shown === lastShown) return;
    lastShown = shown;
    tree.redraw();
    void readAll(tree, view);
  };
  return link.onStatus(follow);
}

/**
 * Reads what is not known yet while the view is seen, one connection after the other: its badges are to be there. What
 * failed before is tried again.
 */
async function readAll(tree: SchemaTreeProvider, view: TreeView<SchemaNode>): Promise<void> {
  for (const { name, state } of tree.connections) {
    if (!view.visible) return;
    if (state !== 'ready') continue;
    if (tree.states.get(name).problem === undefined) await tree.states.ensure(name);
    else await tree.states.load(name, false);
  }
}

/** The number on the view, and what stands above the tree. */
function describeTree(view: TreeView<SchemaNode>, tree: SchemaTreeProvider): void {
  const { reports } = tree;
  const drifts = reports.reduce((sum, { items }) => sum + items.length, 0);
  view.badge =
    drifts === 0 ? undefined : { value: drifts, tooltip: `${count(drifts, 'difference')} from the baseline` };
  // An empty text takes the message away, and lets an empty tree show its welcome.
  view.message = describeView(reports, tree.problems) ?? '';
}

async function showDrift(documents: DdlDocuments, node: SchemaNode | undefined): Promise<void> {
  const { connection, schema, table } = node ?? {};
  if (connection === undefined || schema === undefined || table === undefined) return;
  await documents.show({ connection, schema, table });
}

async function refreshSchema(tree: SchemaTreeProvider, node: SchemaNode | undefined): Promise<void> {
  const names = node === undefined ? tree.connections.map(({ name }) => name) : [node.connection];
  await window.withProgress({ location: { viewId } }, () =>
    Promise.all(names.map((name) => tree.states.load(name, true))),
  );
}
