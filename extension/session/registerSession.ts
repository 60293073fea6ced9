/** Who is signed in: the provider for the Accounts menu, the status bar item, commands, and the sign-in of last time. */
import { type ExtensionContext, type LogOutputChannel, window } from 'vscode';
import type { CollectorChoice } from '../kit/collectorChoice.ts';
import type { ProxyControl } from '../kit/proxyControl.ts';
import { describeProblem } from '../kit/proxyLink.ts';
import { registerAuthentication } from './authentication.ts';
import { registerSessionCommands } from './commands.ts';
import { SignInStore } from './keptSignIn.ts';
import { registerStatusItem } from './statusItem.ts';

export function registerSession(
  context: ExtensionContext,
  proxy: ProxyControl,
  collectors: CollectorChoice,
  log: LogOutputChannel,
): void {
  const store = new SignInStore(context.secrets, (why) => {
    log.warn(`Secrets cannot be kept: ${why}`);
    void window.showWarningMessage(
      'The editor cannot keep secrets on this machine (is there a keyring?), so your Portcullis sign-in lasts until this window closes.',
    );
  });
  proxy.resumeWith(() => store.read());
  const provider = registerAuthentication(context, proxy, collectors, store, log);
  registerStatusItem(context, proxy);
  registerSessionCommands(context, proxy, provider, log);
  // After activation: nothing of this may delay the editor, and without a sign-in nothing is to be done.
  const timer = setTimeout(() => {
    provider.follow().catch((error: unknown) => log.warn(describeProblem(error)));
  }, 0);
  context.subscriptions.push({ dispose: () => clearTimeout(timer) });
}
