/** The output channel "Portcullis": what happened, for people who look for a cause; never tokens, never SQL. */
import { type ExtensionContext, type LogOutputChannel, window } from 'vscode';

/** What code that does not know the editor needs of it. */
export type Log = Pick<LogOutputChannel, 'info' | 'warn' | 'error' | 'debug'>;

export function createLog(context: ExtensionContext): LogOutputChannel {
  const log = window.createOutputChannel('Portcullis', { log: true });
  context.subscriptions.push(log);
  return log;
}
