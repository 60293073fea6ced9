/** The window's way to the proxy: started once, kept through crashes, never a hang, always words. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CancellationTokenSource } from 'vscode-jsonrpc';
import type { KeptSignIn } from '../../../extension/kit/proxyControl.ts';
import { Ground, until } from './window.ts';

const kept: KeptSignIn = {
  collector: 'https://collector.example.com',
  tokens: { accessToken: 'one', expiresAt: '2030-01-01T00:00:00Z' },
  identity: { subject: 's', email: 'dev@example.com', groups: [] },
};

let ground: Ground;
beforeEach(() => {
  ground = new Ground();
});
afterEach(() => ground.leave());

describe('the window', () => {
  it('starts the proxy, and attaches to the running one after a reload', async () => {
    const first = ground.openWindow();
    await first.supervisor.ensure();
    const pid = first.supervisor.status?.pid;
    first.supervisor.dispose();
    const second = ground.openWindow();
    await second.supervisor.ensure();
    expect(second.supervisor.status?.pid).toBe(pid);
    expect(ground.words().filter((word) => word === 'start')).toHaveLength(1);
    expect(second.told).toEqual(['attaching', 'attached', 'signedOut']);
  });

  it('ends at one proxy when four windows start it at once', async () => {
    ground.misbehave({ startsAfter: 300 });
    const windows = [1, 2, 3, 4].map(() => ground.openWindow().supervisor);
    await Promise.all(windows.map((window) => window.ensure()));
    expect(new Set(windows.map(({ status }) => status?.pid)).size).toBe(1);
    expect(ground.words().filter((word) => word === 'start')).toHaveLength(1);
  });

  it('attaches to the other one when its own proxy finds the socket taken', async () => {
    // Another machine's clock or a crash may defeat the lock: the socket decides.
    const [one, other] = [ground.openWindow().supervisor, ground.openWindow().supervisor];
    ground.misbehave({ startsAfter: 300 });
    const first = one.ensure();
    await until(() => ground.words().includes('start'));
    rmSync(join(ground.data, 'start.lock'));
    await Promise.all([first, other.ensure()]);
    expect(one.status?.pid).toBe(other.status?.pid);
  });

  it('starts the proxy anew after kill -9, resumes the sign-in, and never calls it signed out', async () => {
    const { supervisor, told } = ground.openWindow();
    supervisor.resumeWith(async () => kept);
    await supervisor.ensure();
    await until(() => supervisor.status?.state === 'running');
    const killed = supervisor.status?.pid ?? 0;
    process.kill(killed, 'SIGKILL');
    await until(() => supervisor.status?.state === 'running' && supervisor.status.pid !== killed);
    expect(ground.words().filter((word) => word === `resume ${kept.collector} one`)).toHaveLength(2);
    expect(told).not.toContain('signedOut');
    expect(told).toContain('gone');
  });

  it('leaves a running sign-in alone when it attaches', async () => {
    ground.misbehave({ state: 'running' });
    const { supervisor } = ground.openWindow();
    supervisor.resumeWith(async () => kept);
    await supervisor.ensure();
    expect(supervisor.status?.state).toBe('running');
    expect(ground.words().filter((word) => word.startsWith('resume'))).toEqual([]);
  });

  it('tells why a sign-in could not be resumed', async () => {
    ground.misbehave({ refusesResume: true });
    const { supervisor } = ground.openWindow();
    supervisor.resumeWith(async () => kept);
    await supervisor.ensure();
    await until(() => supervisor.status?.problem !== undefined);
    expect(supervisor.status).toMatchObject({
      state: 'signedOut',
      problem: { message: 'The collector is away.', hint: 'Try later.' },
    });
  });

  it('rejects requests in words: under way when the proxy dies, and while there is none', async () => {
    const { supervisor } = ground.openWindow();
    await expect(supervisor.request('listRequests', {})).rejects.toThrow('does not run yet');
    await supervisor.ensure();
    const underWay = supervisor.request('listRequests', {});
    process.kill(supervisor.status?.pid ?? 0, 'SIGKILL');
    await expect(underWay).rejects.toThrow('was lost before it answered');
  });

  it('stops waiting at once when a request is cancelled, whatever the proxy does', async () => {
    const { supervisor } = ground.openWindow();
    await supervisor.ensure();
    const source = new CancellationTokenSource();
    const asked = supervisor.request('listRequests', {}, source.token);
    source.cancel();
    await expect(asked).rejects.toThrow('Cancelled.');
  });

  it('says in the words of the proxy why it did not start, and comes up once the cause is gone', async () => {
    ground.misbehave({ failsWith: 'The journal cannot be written: no space left.' });
    const { supervisor } = ground.openWindow();
    await expect(supervisor.ensure()).rejects.toThrow(
      /did not start: The journal cannot be written: no space/,
    );
    ground.misbehave({});
    await until(() => supervisor.hostState.kind === 'attached');
  });

  it('gives up on a proxy that never listens, and says so', async () => {
    ground.misbehave({ startsAfter: 60_000 });
    const { supervisor } = ground.openWindow(600);
    await expect(supervisor.ensure()).rejects.toThrow('did not start within 1 seconds');
  });

  it('does not hang on a slow greeting', async () => {
    ground.misbehave({ helloAfter: 5_000 });
    const { supervisor } = ground.openWindow();
    await expect(supervisor.ensure()).rejects.toThrow('runs but does not answer');
    ground.misbehave({});
    await until(() => supervisor.hostState.kind === 'attached');
  });

  it('survives garbage on the socket', async () => {
    ground.misbehave({ speaksGarbage: true });
    const { supervisor } = ground.openWindow();
    await expect(supervisor.ensure()).rejects.toThrow(/lost|does not answer/);
    ground.misbehave({});
    await until(() => supervisor.hostState.kind === 'attached');
  });

  it('survives garbage from a stranger that sends and closes', async () => {
    const stranger = createServer((socket) =>
      socket
        .on('error', () => undefined)
        .resume()
        .end('\0\xff\r\n\r\n{"jsonrpc":'),
    ).listen(ground.socket);
    const { supervisor } = ground.openWindow();
    await expect(supervisor.ensure()).rejects.toThrow(/lost|does not answer/);
    await new Promise((resolve) => stranger.close(resolve));
    await until(() => supervisor.hostState.kind === 'attached');
  });

  it('replaces an unused proxy of another version', async () => {
    ground.misbehave({ version: 7 });
    const old = ground.openWindow().supervisor;
    const greeted = old.ensure();
    await until(() => ground.words().includes('connect'));
    ground.misbehave({});
    await greeted;
    expect(old.status?.version).toBe(1);
    expect(ground.words().filter((word) => word === 'shutDown')).toHaveLength(1);
  });

  it('leaves a used proxy of another version alone, says so, and replaces it on restart', async () => {
    ground.misbehave({ version: 7, state: 'running' });
    const { supervisor } = ground.openWindow();
    await expect(supervisor.ensure()).rejects.toThrow('another version of Portcullis');
    expect(supervisor.hostState.kind).toBe('waiting');
    expect(ground.words()).not.toContain('shutDown');
    ground.misbehave({});
    await supervisor.restart();
    expect(supervisor.status?.version).toBe(1);
  });

  it('takes a refused greeting for another version, and gives that proxy time to end', async () => {
    ground.misbehave({ refusesHello: true });
    const { supervisor } = ground.openWindow();
    await expect(supervisor.ensure()).rejects.toThrow('another version of Portcullis');
    const { hostState } = supervisor;
    expect(hostState.kind === 'waiting' && hostState.retryAt - Date.now()).toBeGreaterThan(31_000);
  });

  it('restarts the proxy when asked', async () => {
    const { supervisor } = ground.openWindow();
    await supervisor.ensure();
    const before = supervisor.status?.pid;
    await supervisor.restart();
    expect(supervisor.status?.pid).not.toBe(before);
    expect(supervisor.hostState.kind).toBe('attached');
  });

  it('keeps the words of the proxy in a log file that grows by appending', async () => {
    writeFileSync(join(ground.data, 'proxy.log'), 'from before\n');
    await ground.openWindow().supervisor.ensure();
    expect(readFileSync(join(ground.data, 'proxy.log'), 'utf8')).toMatch(/^from before\n\{"ready":true/);
  });
});
