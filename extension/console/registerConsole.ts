/** The query console: statements of SQL documents, run through the proxy as any client runs them. */
import { commands, type ExtensionContext, languages, type TextEditor, Uri, window, workspace } from 'vscode';
import type { ConnectionChoice } from '../kit/connectionChoice.ts';
import type { ProxyControl } from '../kit/proxyControl.ts';
import { CheckedTexts } from './checkedTexts.ts';
import { ColumnHover } from './columnHover.ts';
import { chooseConnection, createConnectionItem } from './connectionItem.ts';
import { ResultsView } from './results/resultsView.ts';
import { RunLenses } from './runLenses.ts';
import { cancelOf, type RunParts, runStatement, tellWhetherRunning } from './runStatements.ts';
import { ConsoleSessions } from './session/consoleSessions.ts';

export function registerConsole(
  context: ExtensionContext,
  link: ProxyControl,
  choice: ConnectionChoice,
): void {
  const texts = new CheckedTexts(link);
  const sessions = new ConsoleSessions();
  const view = new ResultsView(context, sessions, link);
  const parts: RunParts = { link, choice, texts, sessions, view };
  const lenses = new RunLenses(link, choice, texts);
  const hover = new ColumnHover(link, choice, texts);
  const item = createConnectionItem(link, choice);
  context.subscriptions.push(
    view,
    sessions,
    lenses,
    hover,
    item,
    window.registerWebviewViewProvider(ResultsView.id, view),
    languages.registerCodeLensProvider({ language: 'sql' }, lenses),
    languages.registerHoverProvider({ language: 'sql' }, hover),
    // Why nothing can be run may change while there is no status at all.
    link.onHostState(() => {
      lenses.refresh();
      item.refresh();
    }),
    choice.onChange(() => {
      texts.forgetAll();
      lenses.refresh();
      item.refresh();
    }),
    window.onDidChangeActiveTextEditor((editor) => {
      item.refresh();
      tellWhetherRunning(sessions, editor?.document);
    }),
    workspace.onDidCloseTextDocument((document) => {
      texts.forget(document);
      sessions.closeDocument(document.uri.toString());
    }),
    commands.registerCommand('portcullis.runStatement', (uri?: unknown, start?: unknown) => {
      const editor = editorOf(uri);
      if (editor === undefined) return undefined;
      return runStatement(parts, editor, typeof start === 'number' ? start : undefined);
    }),
    commands.registerCommand('portcullis.cancelStatement', () => {
      const editor = window.activeTextEditor;
      if (editor === undefined) view.cancel();
      else cancelOf(sessions, editor.document);
    }),
    commands.registerCommand('portcullis.chooseConnection', () =>
      chooseConnection(window.activeTextEditor, link, choice),
    ),
  );
}

/** The line above a statement names its document, which need not be the active one. */
function editorOf(uri: unknown): TextEditor | undefined {
  const active = window.activeTextEditor;
  if (!(uri instanceof Uri) || active?.document.uri.toString() === uri.toString()) return active;
  return window.visibleTextEditors.find(({ document }) => document.uri.toString() === uri.toString());
}
