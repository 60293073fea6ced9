/** The editor side: one register call per feature, in the order in which a newcomer meets them. */
import type { ExtensionContext } from 'vscode';
import { registerStartCommand } from './proxyHost/startCommand.ts';

export function activate(context: ExtensionContext): void {
  registerStartCommand(context);
}
