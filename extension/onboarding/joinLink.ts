/** One link is all a newcomer needs: it names the collector, a person confirms it, and the sign-in starts. */
import { authentication, commands, type ExtensionContext, type Uri, window } from 'vscode';
import { askForCollector, joinCollector, joinedCollector } from '../kit/collectorChoice.ts';
import { ProxyProblem } from '../kit/proxyLink.ts';
import { showingProblems } from '../kit/showingProblems.ts';
import { readJoinLink } from './readJoinLink.ts';

export function registerJoinLink(context: ExtensionContext): void {
  context.subscriptions.push(
    window.registerUriHandler({
      handleUri: (uri: Uri) => showingProblems(() => followLink(context, uri)),
    }),
    commands.registerCommand('portcullis.join', () =>
      showingProblems(() => join(context, () => askForCollector(context))),
    ),
  );
}

async function followLink(context: ExtensionContext, uri: Uri): Promise<void> {
  const address = readJoinLink(uri);
  if (address.kind === 'refused')
    throw new ProxyProblem(address.why, 'Nothing was changed. Ask who sent it for the right link.');
  await join(context, () => joinCollector(context, address.url));
}

async function join(context: ExtensionContext, choose: () => Promise<string | undefined>): Promise<void> {
  const before = joinedCollector(context);
  const collector = await choose();
  if (collector === undefined) return;
  // The editor would hand out the sign-in at the old one.
  if (before !== undefined && before !== collector) await commands.executeCommand('portcullis.signOut');
  const session = await authentication.getSession('portcullis', [], { createIfNone: true });
  window.setStatusBarMessage(`Portcullis: signed in as ${session.account.label}`, 5_000);
}
