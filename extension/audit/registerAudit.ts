/** Activity: the view with the latest statements, the page to search them, and opening what was recorded. */
import { commands, type ExtensionContext, window, workspace } from 'vscode';
import type { ProxyLink } from '../kit/proxyLink.ts';
import { ActivityPage } from './activityPage.ts';
import { ActivityStore } from './activityStore.ts';
import { type ActivityNode, ActivityTree } from './activityTree.ts';
import { CollectedStore } from './collectedStore.ts';
import { exportEvidence, verifyRecords } from './records.ts';
import { SinksState } from './sinksState.ts';

export function registerAudit(context: ExtensionContext, link: ProxyLink): void {
  const store = new ActivityStore(link);
  const tree = new ActivityTree(store);
  const view = window.createTreeView('portcullis.activity', { treeDataProvider: tree });
  const collected = new CollectedStore(link);
  const sinks = new SinksState(link);
  const open = (id: unknown) => openStatement(store, collected, id);
  const page = new ActivityPage(context, store, collected, sinks, {
    openStatement: (id) => void open(id),
    verify: () => void verifyRecords(link),
    exportEvidence: (search) => void exportEvidence(link, search),
  });
  store.isWatched = () => view.visible || page.isVisible;

  context.subscriptions.push(
    store,
    collected,
    sinks,
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
    commands.registerCommand('portcullis.openStatement', (target?: unknown) => open(idOf(target))),
    commands.registerCommand('portcullis.verifyRecords', () => verifyRecords(link)),
    commands.registerCommand('portcullis.exportEvidence', () => exportEvidence(link, {})),
  );
  if (view.visible) store.refresh();
}

/** Shows the recorded text in a document of its own: never run by itself, never saved by itself. */
async function openStatement(machine: ActivityStore, collected: CollectedStore, id: unknown): Promise<void> {
  const entry =
    typeof id === 'string'
      ? (machine.entries?.find(({ seq }) => String(seq) === id) ?? collected.find(id))
      : undefined;
  if (entry === undefined) {
    const hint =
      id === undefined ? 'Choose one in the Activity view.' : 'It is too long ago for the Activity view.';
    void window.showInformationMessage(`There is no such statement to open. ${hint}`);
    return;
  }
  const document = await workspace.openTextDocument({ language: 'sql', content: entry.text });
  await window.showTextDocument(document, { preview: true });
}

/** From a tree item's command, its context menu, or a keybinding. */
function idOf(target: unknown): string | undefined {
  if (typeof target === 'number') return String(target);
  const node = target as ActivityNode | undefined;
  return node?.kind === 'statement' ? node.row.id : undefined;
}
