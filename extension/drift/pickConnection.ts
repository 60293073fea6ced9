/** Asks which connection is meant, where a command was not given one. */
import { window } from 'vscode';
import type { ConnectionStatus } from '../../proxy/control/messages.ts';
import type { ConnectionChoice } from '../kit/connectionChoice.ts';

/** The active document's connection stands first. Undefined where nobody is signed in, or nothing was picked. */
export async function pickConnection(
  connections: readonly ConnectionStatus[],
  choice: ConnectionChoice,
): Promise<string | undefined> {
  const document = window.activeTextEditor?.document;
  const chosen = document === undefined ? undefined : choice.of(document)?.name;
  const items = connections
    .map(({ name, environment }) => ({ label: name, description: environment }))
    .sort((one, other) => Number(other.label === chosen) - Number(one.label === chosen));
  if (items.length === 0) {
    void window.showInformationMessage('There is no connection to choose: sign in to Portcullis first.');
    return undefined;
  }
  const picked = await window.showQuickPick(items, { placeHolder: 'Connection whose schema is accepted' });
  return picked?.label;
}
