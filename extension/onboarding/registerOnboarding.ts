/** The newcomer's way in: the join link, the welcome texts, the walkthrough. */
import type { ExtensionContext } from 'vscode';
import type { CollectorChoice } from '../kit/collectorChoice.ts';
import type { ProxyControl } from '../kit/proxyControl.ts';
import { registerContextKeys } from './contextKeys.ts';
import { registerJoinLink } from './joinLink.ts';

export function registerOnboarding(
  context: ExtensionContext,
  proxy: ProxyControl,
  collectors: CollectorChoice,
): void {
  registerContextKeys(context, proxy);
  registerJoinLink(context, collectors);
}
