/** Activity: the view with the latest statements, the page to search them, and opening what was recorded. */
import { commands, type ExtensionContext, window, workspace } from 'vscode';
import type { ProxyLink } from '../kit/proxyLink.ts';
import { ActivityPage } from './activityPage.ts';
import { ActivityStore } from './activityStore.ts';
import { type ActivityNode, ActivityTree } from './activityTree.ts';

export function registerAudit(context: ExtensionContext, link: ProxyLink): void {
  const store = new ActivityStore(link);
  const tree = new ActivityTree(store);
  const view = window.createTreeView('portcullis.activity', { treeDataProvider: tree });
  const page = new ActivityPage(context, store, (seq) => void openStatement(store, seq));
  store.isWatched = () => view.visible || page.isVisible;

  context.subscriptions.push(
    store,
    tree,
    view,
    page,
    view.onDidChangeVisibility(({ visible }) => visible && store.refresh()),
    store.onChange(() => {
      // An empty text takes the message away; undefined is not in the type.
      view.message = store.snapshot().problem ?? '';
    }),
    commands.registerCommand('portcullis.showActivity', () => page.show()),
    commands.registerCommand('portcullis.refreshActivity', () => store.refresh()),
    commands.registerCommand('portcullis.openStatement', (target?: unknown) =>
      openStatement(store, seqOf(target)),
    ),
  );
  if (view.visible) store.refresh();
}

/** Shows the recorded text in a document of its own: never run by itself, never saved by itself. */
async function openStatement(store: ActivityStore, seq: number | undefined): Promise<void> {
  const entry = store.entries?.find((candidate) => candidate.seq === seq);
  if (entry === undefined) {
    const hint =
      seq === undefined ? 'Choose one in the Activity view.' : 'It is too long ago for the Activity view.';
    void window.showInformationMessage(`There is no such statement to open. ${hint}`);
    return;
  }
  const document = await workspace.openTextDocument({ language: 'sql', content: entry.text });
  await window.showTextDocument(document, { preview: true });
}

/** From a tree item's command, its context menu, or a keybinding. */
function seqOf(target: unknown): number | undefined {
  if (typeof target === 'number') return target;
  const node = target as ActivityNode | undefined;
  return node?.kind === 'statement' ? node.row.seq : undefined;
}
