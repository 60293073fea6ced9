/** The newcomer's way in: the join link, the welcome texts, the walkthrough. */
import type { ExtensionContext } from 'vscode';
import type { ProxyControl } from '../kit/proxyControl.ts';
import { registerContextKeys } from './contextKeys.ts';
import { registerJoinLink } from './joinLink.ts';

export function registerOnboarding(context: ExtensionContext, proxy: ProxyControl): void {
  registerContextKeys(context, proxy);
  registerJoinLink(context);
}
