/** Two proxies, two collectors over one store, and the database that they govern: each a process of its own. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { createLog } from '../../../proxy/kit/log.ts';
import { startDevelopmentProvider } from '../../../proxy/local/developmentProvider/developmentProvider.ts';
import type { Part } from './part.ts';
import { type PostgresPart, startPostgresPart } from './postgresPart.ts';
import { findPort, ProxyPart, startCollectorPart } from './proxyPart.ts';
import { loggingSettings } from './serverLog.ts';

/** What `portcullis collector` takes unless told. */
const audience = 'urn:portcullis:collector';
const clientId = 'portcullis';
const people = ['ada@example.com', 'grace@example.com'];
const admin = 'admin@example.com';
/** The longest run takes less. */
const signInSeconds = 6 * 3_600;

export interface Ground {
  readonly folder: string;
  readonly target: PostgresPart;
  readonly store: PostgresPart;
  readonly collectors: readonly { readonly part: Part; readonly url: string }[];
  readonly proxies: readonly ProxyPart[];
  readonly parts: readonly Part[];
  /** A token of somebody who may read all records. */
  adminToken(): Promise<string>;
  /** Resolves when everything serves. Rejects where that never comes. */
  serving(): Promise<void>;
  /** Resolves when everything serves and every event is at the collectors. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export async function startGround(): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-kills-'));
  chmodSync(folder, 0o711); // as root, the servers run as another user, who must pass through
  const closers: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const parts: Part[] = [];
  const stop = async () => {
    await Promise.all(parts.map((part) => part.destroy()));
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const password = randomBytes(12).toString('hex');
    const target = await startPostgresPart({
      kind: 'target',
      folder,
      password,
      // SIGKILL takes nothing that the kernel holds.
      settings: { ...loggingSettings, fsync: 'off', autovacuum: 'off' },
      setup: async (url) => {
        await run(url(), 'CREATE DATABASE shop');
        await run(url('shop'), 'CREATE TABLE written (id text)');
      },
    });
    parts.push(target.part);
    const store = await startPostgresPart({
      kind: 'store',
      folder,
      password,
      settings: { log_min_messages: 'warning' },
      setup: (url) => run(url(), 'CREATE DATABASE store'),
    });
    parts.push(store.part);
    const provider = await startDevelopmentProvider({
      port: 0,
      people: [
        ...people.map((email) => ({ email, groups: ['developers'], password })),
        { email: admin, groups: ['admins'], password },
      ],
      clientId,
      audience,
      accessTokenSeconds: signInSeconds,
      dataDirectory: folder,
      log: createLog('error'),
    });
    closers.push(() => provider.stop());
    const policy = join(folder, 'policy');
    mkdirSync(policy);
    writeFileSync(
      join(policy, 'connections.json'),
      JSON.stringify([{ name: 'shop', environment: 'development', url: target.url('shop') }]),
    );
    const signingKey = join(folder, 'signing.pem');
    const { privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(signingKey, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });

    const collectors: { part: Part; url: string }[] = [];
    const proxies: ProxyPart[] = [];
    for (const [index, email] of people.entries()) {
      const port = await findPort();
      const part = startCollectorPart({
        name: `collector ${index + 1}`,
        issuer: provider.issuer,
        databaseUrl: store.url('store'),
        policy,
        signingKey,
        port,
        onReady: () => proxies[index]?.nudge(),
      });
      collectors.push({ part, url: `http://127.0.0.1:${port}` });
      const accessToken = await provider.tokenFor(email);
      const expiresAt = new Date(Date.now() + signInSeconds * 1_000).toISOString();
      const proxy = new ProxyPart({
        name: `proxy ${index + 1}`,
        folder: join(folder, `proxy${index + 1}`),
        collector: `http://127.0.0.1:${port}`,
        tokens: { accessToken, expiresAt },
      });
      proxies.push(proxy);
      parts.push(part, proxy.part);
    }
    return {
      folder,
      target,
      store,
      collectors,
      proxies,
      parts,
      adminToken: () => provider.tokenFor(admin),
      serving: () => wait(parts, proxies, Number.POSITIVE_INFINITY),
      settled: () => wait(parts, proxies, 0),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const settleMs = 240_000;

/** @param waiting how many events of each proxy may not be at its collector yet */
async function wait(parts: readonly Part[], proxies: readonly ProxyPart[], waiting: number): Promise<void> {
  const isServing = ({ status }: ProxyPart) =>
    status?.state === 'running' && status.connections[0]?.state === 'ready' && status.sync.waiting <= waiting;
  for (const deadline = Date.now() + settleMs; ; await sleep(100)) {
    if (parts.every(({ isReady }) => isReady) && proxies.every(isServing)) return;
    if (Date.now() > deadline) {
      const states = parts.map(({ name, isReady, complaints }) => ({ name, isReady, complaints }));
      const statuses = proxies.map(({ status }) => status);
      throw new Error(`not everything has come back: ${JSON.stringify({ states, statuses }, null, 1)}`);
    }
    for (const proxy of proxies) if (proxy.status?.sync.problem !== undefined) proxy.nudge();
  }
}

async function run(url: string, text: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
