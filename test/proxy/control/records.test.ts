/** What a window can ask about the records: what the collector holds, whether they are whole, evidence in a file. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyBundle } from '../../../proxy/audit/verify/verifyBundle.ts';
import type { CollectedStatement } from '../../../proxy/control/messages.ts';
import { type Company, connectClient, startCompany } from './company.ts';
import { endProxies, startProxyProcess, Window } from './proxyProcess.ts';

let company: Company;
let window: Window;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-records-'));
  const target = { kind: 'jsonLines', path: join(folder, 'sink', 'events.jsonl') } as const;
  const sink = {
    name: 'lake',
    start: 'beginning',
    batchEvents: 10,
    tries: 3,
    timeoutMs: 1_000,
    target,
  } as const;
  company = await startCompany({ sinks: [sink] });
  window = await Window.open(await startProxyProcess());
  const client = await connectClient(await company.signIn(window));
  await client.query('SELECT 1 AS recorded_one');
  await expect(client.query('DROP DATABASE shop')).rejects.toMatchObject({ code: '42501' });
  await client.end();
  await window.until(({ sync }) => sync.waiting === 0 && sync.lastSentAt !== undefined, 60_000);
});
afterAll(async () => {
  await endProxies();
  await company?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

async function search(params: Parameters<typeof window.ask<'searchStatements'>>[1]) {
  return (await window.ask('searchStatements', params)).statements;
}

describe('the records', () => {
  it('are searched at the collector', async () => {
    let found: readonly CollectedStatement[] = [];
    while (found.length === 0) found = await search({ text: 'recorded_one' });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      who: 'dev@example.com',
      connection: 'shop',
      decision: 'allow',
      status: 'ok',
      rows: 1,
      isSynced: true,
    });
    const denied = await search({ decision: 'deny' });
    expect(denied.map(({ text, status }) => [text, status])).toEqual([['DROP DATABASE shop', 'refused']]);
    expect(denied[0]?.effects).toContain('drop');
    expect(await search({ text: 'never_run' })).toEqual([]);
  });

  it('of this machine are verified, with a plain answer', async () => {
    const { holds, headline, report } = await window.ask('verifyRecords', {});
    expect([holds, headline]).toEqual([
      true,
      expect.stringMatching(/^All is well: [\d,]+ events, unchanged/),
    ]);
    expect(report).toContain('What this does not prove');
  });

  it('are exported as a bundle that is checked, readable by its owner alone', async () => {
    const path = join(folder, 'evidence.zip');
    const verdict = await window.ask('exportEvidence', { path, connection: 'shop' });
    expect([verdict.holds, verdict.headline]).toEqual([true, expect.stringContaining('All is well')]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(path).size).toBe(verdict.bytes);
    expect((await verifyBundle(path)).integrity.holds).toBe(true);
  });

  it('are not exported where nothing can be written, and it is said', async () => {
    const asked = window.ask('exportEvidence', { path: join(folder, 'nowhere', 'evidence.zip') });
    await expect(asked).rejects.toThrow(/nowhere/);
    expect(readdirSync(folder)).toEqual(['evidence.zip']);
  });

  it('are handed on to sinks that auditors are told of, and developers are not', async () => {
    expect(await window.ask('listSinks', {})).toEqual({});
    await window.ask('signOut', {});
    company.setGroups(['developers', 'auditors']);
    await company.signIn(window);
    // Its folder is not there.
    const { sinks } = await window.ask('listSinks', {});
    expect(sinks).toMatchObject([
      { name: 'lake', kind: 'jsonLines', state: 'retrying', waiting: expect.any(Number), failed: 0, gone: 0 },
    ]);
    expect(sinks?.[0]?.problem).toBeDefined();
  });
});
