/** One link is all a newcomer needs: it names the collector, a person confirms it, and the sign-in starts. */
import { authentication, commands, type ExtensionContext, type Uri, window } from 'vscode';
import type { ChosenCollector, CollectorChoice } from '../kit/collectorChoice.ts';
import { ProxyProblem } from '../kit/proxyLink.ts';
import { showingProblems } from '../kit/showingProblems.ts';
import { readJoinLink } from './readJoinLink.ts';

export function registerJoinLink(context: ExtensionContext, collectors: CollectorChoice): void {
  context.subscriptions.push(
    window.registerUriHandler({
      handleUri: (uri: Uri) => showingProblems(() => followLink(collectors, uri)),
    }),
    commands.registerCommand('portcullis.join', () =>
      showingProblems(async () => join(collectors, await collectors.ask())),
    ),
  );
}

async function followLink(collectors: CollectorChoice, uri: Uri): Promise<void> {
  const address = readJoinLink(uri);
  if (address.kind === 'refused')
    throw new ProxyProblem(address.why, 'Nothing was changed. Ask who sent it for the right link.');
  await join(collectors, await collectors.confirm(address.url));
}

async function join(collectors: CollectorChoice, chosen: ChosenCollector | undefined): Promise<void> {
  if (chosen === undefined) return;
  const { joined } = collectors;
  const known = await authentication.getSession('portcullis', [], { silent: true });
  // The editor would hand out the sign-in at the old one, which holds until there is another.
  const isElsewhere = known !== undefined && joined !== undefined && joined !== chosen.url;
  const detail = `You are signed in at ${new URL(joined ?? chosen.url).host}. This signs you in at ${new URL(chosen.url).host}.`;
  const session = await collectors.during(chosen, () =>
    isElsewhere
      ? authentication.getSession('portcullis', [], { forceNewSession: { detail } })
      : authentication.getSession('portcullis', [], { createIfNone: true }),
  );
  window.setStatusBarMessage(`Portcullis: signed in as ${session.account.label}`, 5_000);
}
