/** What the status bar says in every state, word for word. */
import { describe, expect, it } from 'vitest';
import { absenceOf, type HostState } from '../../../extension/kit/proxyControl.ts';
import { psqlCommand } from '../../../extension/session/psqlCommand.ts';
import { statusText } from '../../../extension/session/statusText.ts';
import type { ProxyStatus } from '../../../proxy/control/messages.ts';

const attached: HostState = { kind: 'attached' };
const running: ProxyStatus = {
  version: 1,
  pid: 1,
  state: 'running',
  collector: 'https://collector.example.com',
  identity: { subject: 's', email: 'dev@example.com', groups: [] },
  access: {
    host: '127.0.0.1',
    port: 6432,
    user: 'dev@example.com',
    password: 'secret',
    passwordFile: '/d/pgpass',
    serviceFile: '/d/pg_service.conf',
  },
  connections: [{ name: 'shop', environment: 'production', state: 'ready' }],
  sync: { waiting: 0 },
};
const { access: _access, identity: _identity, ...bare } = running;
const signedOut: ProxyStatus = { ...bare, state: 'signedOut', connections: [] };

describe('the status bar', () => {
  it('names who and where while it runs, and never the password', () => {
    expect(statusText(attached, running)).toEqual({
      text: '$(shield) dev@example.com · production',
      background: 'none',
      tooltip: [
        'Signed in as dev@example.com',
        'Collector: https://collector.example.com',
        'Proxy: listens at 127.0.0.1:6432',
        'shop (production): ready',
        'Record: everything is sent',
      ].join('\n'),
    });
  });

  it('counts further environments, failed connections and unsent events', () => {
    const { text, tooltip } = statusText(attached, {
      ...running,
      connections: [
        ...running.connections,
        {
          name: 'lab',
          environment: 'staging',
          state: 'failed',
          problem: { message: 'It does not answer.', hint: 'Use the VPN.' },
        },
      ],
      sync: { waiting: 3, problem: { message: 'The collector is away.' } },
    });
    expect(text).toBe('$(shield) dev@example.com · production +1');
    expect(tooltip).toContain('lab (staging): failed. It does not answer. Use the VPN.');
    expect(tooltip).toContain('Record: 3 events wait to be sent. The collector is away.');
  });

  it('is calm before the first sign-in, and spins while it starts', () => {
    expect(statusText({ kind: 'idle' }, undefined)).toMatchObject({
      text: '$(shield) Portcullis: sign in',
      background: 'none',
    });
    expect(statusText(attached, signedOut).text).toBe('$(shield) Portcullis: sign in');
    for (const [host, status] of [
      [{ kind: 'attaching' }, undefined],
      [attached, undefined],
      [attached, { ...signedOut, state: 'starting' }],
    ] as const)
      expect(statusText(host, status).text).toBe('$(loading~spin) Portcullis: starting');
  });

  it('says that it tries to connect where a start is held up, and why', () => {
    const problem = {
      message: 'the collector at http://c cannot be reached: refused',
      hint: 'Check the network.',
    };
    const status: ProxyStatus = { ...signedOut, state: 'starting', problem };
    expect(statusText(attached, status)).toEqual({
      text: '$(loading~spin) Portcullis: trying to connect',
      background: 'warning',
      tooltip:
        'The collector at http://c cannot be reached: refused. Check the network.\nCollector: https://collector.example.com',
    });
    expect(absenceOf({ hostState: attached, status })).toEqual({
      why: 'The collector at http://c cannot be reached: refused. Check the network.',
      help: 'wait',
    });
    expect(absenceOf({ hostState: attached, status: undefined })?.why).toBe(
      'The Portcullis proxy is starting.',
    );
    expect(absenceOf({ hostState: attached, status: signedOut })?.help).toBe('signIn');
    expect(absenceOf({ hostState: attached, status: running })).toBeUndefined();
  });

  it('warns when the sign-in has ended, and is red when the proxy failed', () => {
    expect(statusText(attached, { ...running, state: 'expired' })).toMatchObject({
      text: '$(shield) Portcullis: sign-in expired',
      background: 'warning',
    });
    const problem = { message: 'The journal cannot be written.', hint: 'Free some space.' };
    for (const shown of [
      statusText({ kind: 'waiting', problem, retryAt: 0 }, undefined),
      statusText(attached, { ...signedOut, problem }),
    ]) {
      expect(shown).toMatchObject({ text: '$(shield) Portcullis: failed', background: 'error' });
      expect(shown.tooltip).toContain('The journal cannot be written. Free some space.');
    }
  });

  it('shows hostile names harmlessly', () => {
    const { text } = statusText(attached, {
      ...running,
      identity: { subject: 's', email: '$(bug)\u202e\n@x', groups: [] },
    });
    expect(text).toBe('$(shield) $ (bug)⟨U+202E⟩ @x · production');
  });
});

describe('the line for psql', () => {
  it('names the connection, unless a shell or libpq could take it for more', () => {
    expect(psqlCommand('shop-eu.1')).toBe('psql shop-eu.1');
    for (const hostile of ['a; rm -rf x', '$(x)', '-c', 'host=evil', 'postgres://evil', "a'b", ''])
      expect(psqlCommand(hostile)).toBe('psql');
  });
});
