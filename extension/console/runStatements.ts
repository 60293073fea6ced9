/** Runs what a person points at in a SQL document, and shows what comes of it. */
import { commands, Selection, type TextDocument, type TextEditor, window } from 'vscode';
import type { ConnectionChoice } from '../kit/connectionChoice.ts';
import { absenceOf, type ProxyControl } from '../kit/proxyControl.ts';
import { accessOf, describeProblem } from '../kit/proxyLink.ts';
import type { CheckedTexts } from './checkedTexts.ts';
import { ResultRun } from './results/resultRun.ts';
import type { ResultsView } from './results/resultsView.ts';
import { titleOf } from './results/resultTitle.ts';
import type { ConsoleSessions } from './session/consoleSessions.ts';
import { statementAt } from './statementAt.ts';

export interface RunParts {
  readonly link: ProxyControl;
  readonly choice: ConnectionChoice;
  readonly texts: CheckedTexts;
  readonly sessions: ConsoleSessions;
  readonly view: ResultsView;
}

/**
 * The statement that begins at an offset; else the selection; else the statement under the cursor.
 * @param start as the line above the statement gives it.
 */
export async function runStatement(parts: RunParts, editor: TextEditor, start?: number): Promise<void> {
  const { document, selection } = editor;
  if (start === undefined && !selection.isEmpty) {
    runText(parts, document, document.getText(selection));
    return;
  }
  const connection = parts.choice.of(document);
  if (connection === undefined || accessOf(parts.link) === undefined) {
    tellWhyNot(parts.link);
    return;
  }
  try {
    const statements = await parts.texts.of(document, connection.name);
    const statement = statementAt(
      statements,
      document.getText(),
      start ?? document.offsetAt(selection.active),
    );
    if (statement === undefined) {
      void window.setStatusBarMessage('Portcullis: put the cursor into a statement, or select one', 5_000);
      return;
    }
    if (start !== undefined)
      editor.selection = new Selection(document.positionAt(start), document.positionAt(start));
    runText(parts, document, document.getText().slice(statement.start, statement.end));
  } catch (error) {
    void window.showErrorMessage(`The statement was not run. ${describeProblem(error)}`);
  }
}

/** Runs a text on the connection of a document. */
export function runText(parts: RunParts, document: TextDocument, sql: string): void {
  const connection = parts.choice.of(document);
  const access = accessOf(parts.link);
  if (connection === undefined || access === undefined) {
    tellWhyNot(parts.link);
    return;
  }
  const session = parts.sessions.open(document.uri.toString(), connection.name, access);
  const running = session.current;
  if (running !== undefined) {
    parts.view.show(running);
    void window.showInformationMessage(
      'A statement of this document is still running. Wait for it, or cancel it first.',
    );
    return;
  }
  const run = new ResultRun(sql, { connection: connection.name, environment: connection.environment });
  parts.view.show(run);
  const ended = session.run(run);
  tellWhetherRunning(parts.sessions, document);
  void ended.then(async () => {
    tellWhetherRunning(parts.sessions, document);
    // Ticks the walkthrough's last step.
    if (run.state.kind === 'done')
      void commands.executeCommand('setContext', 'portcullis.hasRunStatement', true);
    // Afterwards: loading the parser takes a moment that belongs to the rows.
    run.setTitle(await titleOf(sql));
  });
}

export function cancelOf(sessions: ConsoleSessions, document: TextDocument): void {
  for (const session of sessions.ofDocument(document.uri.toString())) session.cancel();
}

/** For the Cancel button of the editor: shown while a statement of the visible document runs. */
export function tellWhetherRunning(sessions: ConsoleSessions, document: TextDocument | undefined): void {
  if (document !== window.activeTextEditor?.document) return;
  const isRunning =
    document !== undefined &&
    sessions.ofDocument(document.uri.toString()).some(({ current }) => current !== undefined);
  void commands.executeCommand('setContext', 'portcullis.isStatementRunning', isRunning);
}

function tellWhyNot(link: ProxyControl): void {
  const absence = absenceOf(link);
  const why = absence?.why ?? 'No connection is assigned to you. Ask who runs your collector.';
  // Whoever is signed in already would be asked to sign in for nothing.
  const offer = absence?.help === 'signIn' ? ['Sign In'] : [];
  void window.showInformationMessage(`The statement was not run. ${why}`, ...offer).then((choice) => {
    if (choice !== undefined) void commands.executeCommand('portcullis.signIn');
  });
}
