/** Makes psql and every other client in the editor's terminals connect through the proxy. No password among it. */
import type { EnvironmentVariableCollection, ExtensionContext } from 'vscode';
import type { ProxyStatus } from '../../proxy/control/messages.ts';
import type { ProxyLink } from '../kit/proxyLink.ts';
import { terminalVariables } from './terminalVariables.ts';

/** Call it first in activate: terminals that the editor restores then find their environment unchanged. */
export function registerTerminalEnvironment(context: ExtensionContext, link: ProxyLink): void {
  const collection = context.environmentVariableCollection;
  collection.persistent = true;
  collection.description = 'Connects PostgreSQL clients through Portcullis, as you.';
  context.subscriptions.push(link.onStatus((status) => apply(collection, status)));
}

function apply(collection: EnvironmentVariableCollection, status: ProxyStatus | undefined): void {
  const wanted = terminalVariables(status);
  if (wanted === 'keep') return;
  // Terminals ask to be relaunched for every write, also of an equal value.
  for (const [name] of collection) if (!(name in wanted)) collection.delete(name);
  for (const [name, value] of Object.entries(wanted))
    if (collection.get(name)?.value !== value) collection.replace(name, value);
}
