/** The editor side: one register call per feature, in the order in which a newcomer meets them. */
import type { ExtensionContext } from 'vscode';
import { registerApprovals } from './approvals/registerApprovals.ts';
import { registerAudit } from './audit/registerAudit.ts';
import { registerConsole } from './console/registerConsole.ts';
import { registerDrift } from './drift/registerDrift.ts';
import { registerGuardrails } from './guardrails/registerGuardrails.ts';
import { CollectorChoice } from './kit/collectorChoice.ts';
import { ConnectionChoice } from './kit/connectionChoice.ts';
import { createLog } from './kit/log.ts';
import { registerOnboarding } from './onboarding/registerOnboarding.ts';
import { registerProxyHost } from './proxyHost/proxyHost.ts';
import { registerStartCommand } from './proxyHost/startCommand.ts';
import { registerTerminalEnvironment } from './proxyHost/terminalEnvironment.ts';
import { registerSession } from './session/registerSession.ts';

export function activate(context: ExtensionContext): void {
  const log = createLog(context);
  const proxy = registerProxyHost(context, log);
  const collectors = new CollectorChoice(context.globalState);
  const choice = new ConnectionChoice(proxy, context.workspaceState);
  context.subscriptions.push(choice);
  registerTerminalEnvironment(context, proxy);
  registerSession(context, proxy, collectors, log);
  registerOnboarding(context, proxy, collectors);
  registerStartCommand(context);
  registerConsole(context, proxy, choice);
  registerGuardrails(context, proxy, choice);
  registerApprovals(context, proxy);
  registerDrift(context, proxy, choice);
  registerAudit(context, proxy);
}
