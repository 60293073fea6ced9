/** Which connection a SQL document uses, in the language status, and the choice of another. */
import { type Disposable, LanguageStatusSeverity, languages, type TextEditor, window } from 'vscode';
import type { ConnectionChoice } from '../kit/connectionChoice.ts';
import { isProduction } from '../kit/environment.ts';
import { absenceOf, type ProxyControl } from '../kit/proxyControl.ts';
import { accessOf, type ProxyLink } from '../kit/proxyLink.ts';

export interface ConnectionItem extends Disposable {
  refresh(): void;
}

export function createConnectionItem(link: ProxyControl, choice: ConnectionChoice): ConnectionItem {
  const item = languages.createLanguageStatusItem('portcullis.connection', { language: 'sql' });
  item.name = 'Portcullis Connection';
  const refresh = () => {
    const document = window.activeTextEditor?.document;
    const connection = document?.languageId === 'sql' ? choice.of(document) : undefined;
    if (connection === undefined || accessOf(link) === undefined) {
      const absence = absenceOf(link);
      const isSignedOut = absence?.help === 'signIn';
      item.text = isSignedOut ? '$(account) Signed out' : '$(debug-disconnect) Not connected';
      item.detail = isSignedOut
        ? 'Sign in to run statements'
        : (absence?.why ?? 'No connection is assigned to you');
      item.severity = LanguageStatusSeverity.Warning;
      item.command = isSignedOut
        ? { command: 'portcullis.signIn', title: 'Sign In' }
        : { command: 'portcullis.showLog', title: 'Show Log' };
      return;
    }
    item.text = `$(database) ${connection.name}`;
    item.detail = connection.problem?.message ?? connection.environment;
    item.severity =
      connection.state === 'failed'
        ? LanguageStatusSeverity.Error
        : isProduction(connection.environment)
          ? LanguageStatusSeverity.Warning
          : LanguageStatusSeverity.Information;
    item.command = { command: 'portcullis.chooseConnection', title: 'Choose Connection' };
  };
  refresh();
  return { refresh, dispose: () => item.dispose() };
}

export async function chooseConnection(
  editor: TextEditor | undefined,
  link: ProxyLink,
  choice: ConnectionChoice,
): Promise<void> {
  if (editor === undefined) {
    void window.showInformationMessage('Open a SQL document first: a connection is chosen for a document.');
    return;
  }
  const current = choice.of(editor.document)?.name;
  const picked = await window.showQuickPick(
    (link.status?.connections ?? []).map((connection) => ({
      label: `${isProduction(connection.environment) ? '$(warning)' : '$(database)'} ${connection.name}`,
      description: [connection.environment, ...(connection.name === current ? ['in use here'] : [])].join(
        ', ',
      ),
      ...(connection.problem === undefined ? {} : { detail: connection.problem.message }),
      connection,
    })),
    {
      title: 'Connection of This Document',
      placeHolder: 'Where its statements run',
      matchOnDescription: true,
    },
  );
  if (picked !== undefined) await choice.choose(editor.document.uri, picked.connection.name);
}
