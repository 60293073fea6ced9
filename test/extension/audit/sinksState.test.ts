/** The line about sinks is asked for in the name of who may see it, and of nobody after them. */
import { expect, it, onTestFinished } from 'vitest';
import { SinksState } from '../../../extension/audit/sinksState.ts';
import type { ProxyLink } from '../../../extension/kit/proxyLink.ts';
import type { ProxyStatus, SinkStatus } from '../../../proxy/control/messages.ts';

const behind: SinkStatus = {
  name: 'siem',
  kind: 'webhook',
  state: 'sending',
  waiting: 12,
  failed: 0,
  gone: 0,
};

/** The link to a proxy in which these are signed in, one after the other. */
function linkTo(first: readonly string[], answer: () => Promise<unknown>) {
  const statusOf = (subject: string, groups: readonly string[]): ProxyStatus => ({
    version: 1,
    pid: 1,
    state: 'running',
    identity: { subject, email: `${subject}@example.com`, groups },
    connections: [],
    sync: { waiting: 0 },
  });
  const listeners: (() => void)[] = [];
  const asked: string[] = [];
  const link = {
    status: statusOf('first', first),
    onStatus: (listener: () => void) => {
      listeners.push(listener);
      return { dispose: () => undefined };
    },
    request: (method: string) => {
      asked.push(method);
      return answer();
    },
  };
  const signIn = (subject: string, groups: readonly string[]) => {
    link.status = statusOf(subject, groups);
    for (const listener of listeners) listener();
  };
  const state = new SinksState(link as unknown as ProxyLink);
  onTestFinished(() => state.dispose());
  const changed = () =>
    new Promise<void>((resolve) => {
      state.onChange = resolve;
    });
  return { state, asked, signIn, changed };
}

it('says to an auditor how the sinks stand, and takes it back when somebody else signs in', async () => {
  const { state, asked, signIn, changed } = linkTo(['auditors'], async () => ({ sinks: [behind] }));
  const shown = changed();
  state.refresh();
  await shown;
  expect(asked).toEqual(['listSinks']);
  expect(state.line?.text).toBe('1 sink: webhook siem has 12 undelivered.');
  signIn('other', ['developers']);
  expect(state.line).toBeUndefined();
});

it('asks nothing for who may not see it, and shows no answer that comes for somebody before', async () => {
  const developer = linkTo(['developers'], async () => ({ sinks: [behind] }));
  developer.state.refresh();
  expect(developer.asked).toEqual([]);
  let answer: (value: unknown) => void = () => undefined;
  const auditor = linkTo(['auditors'], () => new Promise((resolve) => (answer = resolve)));
  auditor.state.refresh();
  auditor.signIn('other', ['auditors']);
  answer({ sinks: [behind] });
  await new Promise((resolve) => setImmediate(resolve));
  expect(auditor.state.line).toBeUndefined();
});

it('shows nothing where the collector cannot be asked', async () => {
  const { state, asked } = linkTo(['admins'], () => Promise.reject(new Error('away')));
  state.refresh();
  await new Promise((resolve) => setImmediate(resolve));
  expect([asked, state.line]).toEqual([['listSinks'], undefined]);
});
