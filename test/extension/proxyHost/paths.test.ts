/** Where the proxy listens and keeps files: the user's own places, refused where they are somebody else's. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BackOff } from '../../../extension/proxyHost/backOff.ts';
import { type Machine, preparePaths, proxyPaths } from '../../../extension/proxyHost/paths.ts';
import { terminalVariables } from '../../../extension/proxyHost/terminalVariables.ts';
import type { ProxyStatus } from '../../../proxy/control/messages.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'portcullis-paths-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function machine(over: Partial<Machine> = {}): Machine {
  return {
    platform: 'linux',
    env: {},
    home: '/home/dev',
    temporary: base,
    user: 'dev',
    uid: process.getuid?.(),
    ...over,
  };
}

describe('paths', () => {
  it('follow each platform', () => {
    const uid = process.getuid?.();
    expect(proxyPaths(machine())).toEqual({
      socket: `${base}/portcullis-${uid}/control.sock`,
      data: '/home/dev/.local/share/portcullis',
    });
    expect(proxyPaths(machine({ env: { XDG_RUNTIME_DIR: base, XDG_DATA_HOME: '/data' } }))).toEqual({
      socket: `${base}/portcullis-${uid}/control.sock`,
      data: '/data/portcullis',
    });
    expect(proxyPaths(machine({ platform: 'darwin', home: '/Users/dev' })).data).toBe(
      '/Users/dev/Library/Application Support/Portcullis',
    );
    expect(
      proxyPaths(machine({ platform: 'win32', env: { LOCALAPPDATA: 'C:\\Local' }, user: 'd e\\v' })),
    ).toEqual({ socket: '\\\\.\\pipe\\portcullis-d_e_v', data: 'C:\\Local\\Portcullis' });
  });

  it('fit into a socket address, and do not follow a runtime folder that is gone or relative', () => {
    expect(proxyPaths(machine({ temporary: `/${'x'.repeat(100)}`, uid: 7 })).socket).toBe(
      '/tmp/portcullis-7/control.sock',
    );
    for (const gone of ['/nowhere/at/all', 'relative'])
      expect(proxyPaths(machine({ env: { XDG_RUNTIME_DIR: gone }, uid: 7 })).socket).toBe(
        `${base}/portcullis-7/control.sock`,
      );
  });

  it('are made for their owner alone, and closed where they stood open', () => {
    const paths = { socket: join(base, 'run', 'control.sock'), data: join(base, 'a', 'data') };
    preparePaths(paths, machine());
    chmodSync(join(base, 'run'), 0o777);
    preparePaths(paths, machine());
    expect(statSync(join(base, 'run')).mode & 0o777).toBe(0o700);
    expect(statSync(paths.data).mode & 0o777).toBe(0o700);
  });

  it('are refused where somebody else made the folder, or put a link or a file there', () => {
    const paths = { socket: join(base, 'run', 'control.sock'), data: join(base, 'data') };
    mkdirSync(join(base, 'run'));
    expect(() => preparePaths(paths, machine({ uid: 12345 }))).toThrow('is not yours');
    rmSync(join(base, 'run'), { recursive: true });
    symlinkSync(base, join(base, 'run'));
    expect(() => preparePaths(paths, machine())).toThrow('is not yours');
  });
});

describe('the pause before the next attempt', () => {
  it('doubles from 0.2 s to 30 s, spreads, and starts over after a minute of health', () => {
    const slow = new BackOff(() => 1);
    expect(Array.from({ length: 10 }, () => slow.next())).toEqual([
      200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000,
    ]);
    slow.wasHealthyFor(59_999);
    expect(slow.next()).toBe(30_000);
    slow.wasHealthyFor(60_000);
    expect(slow.next()).toBe(200);
    expect(new BackOff(() => 0).next()).toBe(100);
  });
});

describe('the environment of terminals', () => {
  const status: ProxyStatus = {
    version: 1,
    pid: 1,
    state: 'running',
    access: {
      host: '127.0.0.1',
      port: 6432,
      user: 'dev@example.com',
      password: 'secret',
      passwordFile: '/d/pgpass',
      serviceFile: '/d/pg_service.conf',
    },
    connections: [
      { name: 'shop', environment: 'production', state: 'ready' },
      { name: 'other', environment: 'staging', state: 'ready' },
    ],
    sync: { waiting: 0 },
  };

  it('holds where to connect and as whom, and never the password', () => {
    expect(terminalVariables(status)).toEqual({
      PGHOST: '127.0.0.1',
      PGPORT: '6432',
      PGUSER: 'dev@example.com',
      PGDATABASE: 'shop',
      PGPASSFILE: '/d/pgpass',
      PGSERVICEFILE: '/d/pg_service.conf',
    });
    expect(JSON.stringify(terminalVariables(status))).not.toContain('secret');
  });

  it('goes at sign-out, and stays while the proxy only pauses', () => {
    const { access: _access, ...without } = status;
    expect(terminalVariables({ ...without, state: 'signedOut', connections: [] })).toEqual({});
    expect(terminalVariables(undefined)).toBe('keep');
    expect(terminalVariables({ ...without, state: 'starting' })).toBe('keep');
    expect(terminalVariables({ ...without, state: 'signedOut', problem: { message: 'away' } })).toBe('keep');
  });
});
