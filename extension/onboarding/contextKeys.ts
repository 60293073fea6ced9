/** Tells the editor how far a newcomer has come: views' welcome texts and the walkthrough's ticks hang on it. */
import { commands, type ExtensionContext } from 'vscode';
import { overallState, type ProxyControl } from '../kit/proxyControl.ts';

export function registerContextKeys(context: ExtensionContext, proxy: ProxyControl): void {
  const told = new Map<string, unknown>();
  const tell = (key: string, value: unknown) => {
    if (told.get(key) === value) return;
    told.set(key, value);
    void commands.executeCommand('setContext', key, value);
  };
  const update = () => {
    const state = overallState(proxy);
    tell('portcullis.state', state);
    tell('portcullis.signedIn', state === 'running');
  };
  update();
  context.subscriptions.push(proxy.onStatus(update), proxy.onHostState(update));
}
