/** The words of the status bar item: identity, state of the proxy, environment. */
import type { Problem, ProxyStatus } from '../../proxy/control/messages.ts';
import { type HostState, type OverallState, overallState } from '../kit/proxyControl.ts';
import { inSentences } from '../kit/proxyLink.ts';
import { plainLine } from '../kit/userText.ts';

export interface StatusText {
  readonly text: string;
  /** One fact a line. */
  readonly tooltip: string;
  readonly background: 'none' | 'warning' | 'error';
}

export function statusText(hostState: HostState, status: ProxyStatus | undefined): StatusText {
  const state = overallState({ hostState, status });
  return {
    text: titleOf(state, status),
    tooltip: tooltipOf(state, hostState, status),
    background: state === 'failed' ? 'error' : isHindered(state, status) ? 'warning' : 'none',
  };
}

/** Somebody should look: nothing can be run for longer than a start takes. */
function isHindered(state: OverallState, status: ProxyStatus | undefined): boolean {
  return state === 'expired' || (state === 'starting' && status?.problem !== undefined);
}

function titleOf(state: OverallState, status: ProxyStatus | undefined): string {
  switch (state) {
    case 'signedOut':
      return '$(shield) Portcullis: sign in';
    case 'starting':
      return status?.problem === undefined
        ? '$(loading~spin) Portcullis: starting'
        : '$(loading~spin) Portcullis: trying to connect';
    case 'expired':
      return '$(shield) Portcullis: sign-in expired';
    case 'failed':
      return '$(shield) Portcullis: failed';
    case 'running': {
      const who = plainLine(status?.identity?.email ?? 'Portcullis', 60);
      const where = environmentsOf(status);
      return where === '' ? `$(shield) ${who}` : `$(shield) ${who} · ${where}`;
    }
  }
}

/** The first is the one that terminals connect to. */
function environmentsOf(status: ProxyStatus | undefined): string {
  const [first, ...others] = new Set(status?.connections.map(({ environment }) => environment));
  if (first === undefined) return '';
  return plainLine(first, 40) + (others.length === 0 ? '' : ` +${others.length}`);
}

function tooltipOf(state: OverallState, hostState: HostState, status: ProxyStatus | undefined): string {
  const lines: string[] = [];
  if (state === 'signedOut') lines.push('You are signed out of Portcullis.');
  if (state === 'starting' && status?.problem === undefined) lines.push('The proxy is starting.');
  if (state === 'expired')
    lines.push('Your sign-in has ended: statements are refused until you sign in again.');
  if (hostState.kind === 'waiting') lines.push(inOneLine(hostState.problem));
  if (status !== undefined) lines.push(...factsOf(status));
  return lines.join('\n');
}

function factsOf(status: ProxyStatus): string[] {
  const { identity, collector, access, connections, problem, sync } = status;
  return [
    ...(problem ? [inOneLine(problem)] : []),
    ...(identity ? [`Signed in as ${plainLine(identity.email)}`] : []),
    ...(collector ? [`Collector: ${plainLine(collector)}`] : []),
    ...(access ? [`Proxy: listens at ${access.host}:${access.port}`] : []),
    ...connections.map(
      ({ name, environment, state, problem: why }) =>
        `${plainLine(name)} (${plainLine(environment)}): ${state}${why ? `. ${inOneLine(why)}` : ''}`,
    ),
    ...(status.state === 'running' ? [syncLine(sync)] : []),
  ];
}

function syncLine({ waiting, problem }: ProxyStatus['sync']): string {
  const events = waiting === 1 ? '1 event waits' : `${waiting} events wait`;
  if (problem) return `Record: ${events} to be sent. ${inOneLine(problem)}`;
  return waiting === 0 ? 'Record: everything is sent' : `Record: ${events} to be sent`;
}

function inOneLine({ message, hint }: Problem): string {
  return plainLine(inSentences(message, hint));
}
