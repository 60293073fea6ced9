/** The commands round the sign-in and the proxy, and the menu that the status bar item opens. */
import {
  authentication,
  commands,
  type ExtensionContext,
  type LogOutputChannel,
  type QuickPickItem,
  window,
} from 'vscode';
import { overallState, type ProxyControl } from '../kit/proxyControl.ts';
import { accessOf } from '../kit/proxyLink.ts';
import { showingProblems } from '../kit/showingProblems.ts';
import { plainLine } from '../kit/userText.ts';
import { type PortcullisAuthentication, providerId } from './authentication.ts';
import { psqlCommand } from './psqlCommand.ts';

interface Action extends QuickPickItem {
  readonly command: string;
}

export function registerSessionCommands(
  context: ExtensionContext,
  proxy: ProxyControl,
  provider: PortcullisAuthentication,
  log: LogOutputChannel,
): void {
  const register = (name: string, act: () => Promise<void> | void) =>
    context.subscriptions.push(commands.registerCommand(`portcullis.${name}`, () => showingProblems(act)));
  register('signIn', () => signIn(provider));
  register('signOut', () => provider.removeSession());
  register('restartProxy', () => restart(proxy));
  register('showLog', () => log.show());
  register('openTerminal', () => openTerminal(proxy));
  register('copySignInLink', () => provider.copySignInLink());
  register('showActions', () => showActions(proxy));
}

async function signIn(provider: PortcullisAuthentication): Promise<void> {
  const [session] = await provider.getSessions();
  // A session that is there would be handed out as it is, ended or not.
  await authentication.getSession(
    providerId,
    [],
    session
      ? { forceNewSession: { detail: `You are signed in as ${plainLine(session.account.label)}.` } }
      : { createIfNone: true },
  );
}

async function restart(proxy: ProxyControl): Promise<void> {
  const answer = await window.showWarningMessage(
    'Restart the Portcullis proxy?',
    { modal: true, detail: 'Sessions of all clients on this machine end; what was recorded stays.' },
    'Restart',
  );
  if (answer === 'Restart') await proxy.restart();
}

async function openTerminal(proxy: ProxyControl): Promise<void> {
  if (accessOf(proxy) === undefined) {
    await commands.executeCommand('portcullis.signIn');
    if (accessOf(proxy) === undefined) return;
  }
  const connections = proxy.status?.connections ?? [];
  const name =
    connections.length < 2
      ? connections[0]?.name
      : (
          await window.showQuickPick(
            connections.map((connection) => ({
              label: connection.name,
              description: connection.environment,
            })),
            { title: 'Open a Terminal With psql', placeHolder: 'Connection' },
          )
        )?.label;
  if (name === undefined) return;
  const terminal = window.createTerminal({ name: `psql ${plainLine(name, 60)}` });
  terminal.show();
  terminal.sendText(psqlCommand(name));
}

async function showActions(proxy: ProxyControl): Promise<void> {
  const state = overallState(proxy);
  const isSignedIn = state === 'running' || state === 'starting';
  const actions: Action[] = [
    ...(isSignedIn ? [] : [{ label: '$(sign-in) Sign In', command: 'signIn' }]),
    ...(state === 'running'
      ? [{ label: '$(terminal) Open a Terminal With psql', command: 'openTerminal' }]
      : []),
    { label: '$(link) Join a Collector…', command: 'join' },
    { label: '$(output) Show Log', command: 'showLog' },
    { label: '$(debug-restart) Restart Proxy', command: 'restartProxy' },
    ...(state === 'signedOut' ? [] : [{ label: '$(sign-out) Sign Out', command: 'signOut' }]),
  ];
  const chosen = await window.showQuickPick(actions, { title: 'Portcullis' });
  if (chosen) await commands.executeCommand(`portcullis.${chosen.command}`);
}
