/** Who signs the log: the same keys at all collectors of one store, and others only in the open. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readOrMakeSigningKeys, readSigningKeys } from '../../../../proxy/collector/signingKeys.ts';
import { migrations } from '../../../../proxy/collector/store/migrations.ts';
import { type Harness, intent, runSql, startHarness } from '../collectorHarness.ts';
import { people } from '../issuer.ts';
import { readLog, treeHash } from './tileReader.ts';

let harness: Harness;
let folder: string;

beforeAll(async () => {
  harness = await startHarness();
  folder = mkdtempSync(join(tmpdir(), 'portcullis-keys-'));
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await harness.stop();
});

const makeKey = (): KeyObject => generateKeyPairSync('ed25519').privateKey;

async function newStore(name: string): Promise<string> {
  await runSql(harness.postgres.url(), `CREATE DATABASE ${name}`);
  return harness.postgres.url(name);
}

async function keysAt(url: string): Promise<{ key: string; until?: string }[]> {
  return (await harness.callAt(url, people.dev, 'GET', '/v1/log/keys')).body.keys;
}

async function signersAt(url: string, key: string): Promise<number> {
  const log = await readLog({ prefix: url, token: await harness.issuer.token(people.auditor), key });
  return log.signatures.length;
}

describe('the keys of the log', () => {
  it('are the same for all collectors over one store, or they do not start', async () => {
    const databaseUrl = await newStore('same');
    const [ours, other] = [makeKey(), makeKey()];
    const collector = await harness.startAnother({ databaseUrl, signingKeys: [ours] });
    const same = await harness.startAnother({ databaseUrl, signingKeys: [ours] });
    await expect(harness.startAnother({ databaseUrl, signingKeys: [other] })).rejects.toThrow(
      /signed by portcullis\.test\/api\+.*--signing-key/,
    );
    expect((await keysAt(collector.url)).length).toBe(1);
    await Promise.all([collector.stop(), same.stop()]);
  });

  it('change by signing with both for a while; old ones stay listed', async () => {
    const databaseUrl = await newStore('rotating');
    const [older, newer] = [makeKey(), makeKey()];
    const first = await harness.startAnother({ databaseUrl, signingKeys: [older] });
    const [{ key: oldKey } = { key: '' }] = await keysAt(first.url);
    const both = await harness.startAnother({ databaseUrl, signingKeys: [newer, older] });
    const newKey = (await keysAt(both.url)).map(({ key }) => key).find((key) => key !== oldKey) ?? '';
    expect(await signersAt(both.url, oldKey)).toBe(2);
    expect(await signersAt(both.url, newKey)).toBe(2);
    const last = await harness.startAnother({ databaseUrl, signingKeys: [newer] });
    expect(await signersAt(last.url, newKey)).toBe(1);
    await expect(signersAt(last.url, oldKey)).rejects.toThrow('not signed by the key');
    expect(await keysAt(last.url)).toEqual([
      { key: newKey, since: expect.any(String) },
      { key: oldKey, since: expect.any(String), until: expect.any(String) },
    ]);
    // A key that was given up is not one to go on with.
    await expect(harness.startAnother({ databaseUrl, signingKeys: [older] })).rejects.toThrow(
      '--signing-key',
    );
    await Promise.all([first, both, last].map((collector) => collector.stop()));
  });

  it('are replaced outright only by whoever says so', async () => {
    const databaseUrl = await newStore('lost');
    await (await harness.startAnother({ databaseUrl, signingKeys: [makeKey()] })).stop();
    const collector = await harness.startAnother({
      databaseUrl,
      signingKeys: [makeKey()],
      mayReplaceKeys: true,
    });
    expect((await keysAt(collector.url)).map(({ until }) => until === undefined)).toEqual([true, false]);
    await collector.stop();
  });

  it('are made once, and kept from others', () => {
    const path = join(folder, 'made.pem');
    const [made] = readOrMakeSigningKeys(path);
    const [again] = readOrMakeSigningKeys(path);
    expect(made?.equals(again as KeyObject)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('are read from PEM, several of them from one file, and nothing else is taken', () => {
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'pkcs8' }).toString();
    const keys = [makeKey(), makeKey()];
    const read = readSigningKeys(write('two.pem', `# new\n${keys.map(pem).join('# old\n')}`));
    expect(read.map((key, i) => key.equals(keys[i] as KeyObject))).toEqual([true, true]);
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    expect(() => readSigningKeys(write('rsa.pem', pem(rsa)))).toThrow('something else');
    expect(() => readSigningKeys(write('empty.pem', ''))).toThrow('holds no signing key');
    const cut = pem(makeKey()).replace(/\n.{8}/, '\n');
    expect(() => readSigningKeys(write('cut.pem', cut))).toThrow('something else');
    expect(() => readSigningKeys(join(folder, 'none.pem'))).toThrow('cannot be read');
    expect(() => readOrMakeSigningKeys(write('kept.pem', 'x'))).toThrow('holds no signing key');
    expect(readFileSync(join(folder, 'kept.pem'), 'utf8')).toBe('x');
  });
});

/** The proxies and events of a store, in one whose tables are those from before the log. */
async function copyWithoutLog(from: string, to: string): Promise<void> {
  const earlier = migrations.slice(
    0,
    migrations.findIndex(({ name }) => name === 'log'),
  );
  await runSql(
    to,
    `CREATE SCHEMA portcullis;
     CREATE TABLE portcullis.migrations (number integer PRIMARY KEY, name text, applied_at timestamptz DEFAULT now());
     ${earlier.map(({ sql, number, name }) => `${sql}; INSERT INTO portcullis.migrations VALUES (${number}, '${name}');`).join('')}`,
  );
  for (const table of ['portcullis.proxies', 'portcullis.events']) {
    const [row] = await runSql<{ rows: unknown }>(from, `SELECT json_agg(t) AS rows FROM ${table} t`);
    await runSql(to, `INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, $1)`, [
      JSON.stringify(row?.rows),
    ]);
  }
}

describe('a store from before there was a log', () => {
  it('has its events entered in the order in which they were taken', async () => {
    const databaseUrl = await newStore('earlier');
    const keys = [makeKey()];
    const collector = await harness.startAnother({ databaseUrl, signingKeys: keys });
    const send = (proxy: string, from: number, count: number) =>
      harness.callAt(collector.url, people.dev, 'POST', '/v1/events', {
        proxy,
        events: Array.from({ length: count }, (_, i) => intent(people.dev, from + i)),
      });
    await send('b', 1, 1500);
    await send('a', 1, 1500);
    await send('b', 1501, 3);
    const token = await harness.issuer.token(people.auditor);
    const read = async (prefix: string) =>
      readLog({ prefix, token, key: (await keysAt(prefix))[0]?.key ?? '' });
    const before = await read(collector.url);
    await collector.stop();
    const earlierUrl = await newStore('without_log');
    await copyWithoutLog(databaseUrl, earlierUrl);
    const again = await harness.startAnother({ databaseUrl: earlierUrl, signingKeys: keys });
    const after = await read(again.url);
    // Then what the collector itself has recorded since.
    expect(before.size).toBeGreaterThanOrEqual(3003);
    expect(treeHash(after.leaves.slice(0, before.size)).equals(before.root)).toBe(true);
    await again.stop();
  });
});
