/** Promises of `portcullis verify` and `portcullis evidence` as a person or a script calls them. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { writeWholeJournal } from '../audit/wholeJournal.ts';
import { type Harness, startHarness } from '../collector/collectorHarness.ts';
import { makeEvents, send } from '../collector/evidenceHarness.ts';
import { people } from '../collector/issuer.ts';
import { runCommand } from './commandProcess.ts';

vi.setConfig({ testTimeout: 90_000 });

let data: string;
let journal: string;
let harness: Harness;
let key: string;

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'portcullis-verify-'));
  journal = join(data, 'journal');
  mkdirSync(journal);
  await writeWholeJournal(journal);
  harness = await startHarness();
  await send(harness, people.dev, 'proxy-one', await makeEvents(people.dev));
  key = (await harness.call(people.auditor, 'GET', '/v1/log/keys')).body.keys[0].key;
});
afterAll(async () => {
  rmSync(data, { recursive: true, force: true });
  await harness?.stop();
});

it('verifies a journal by its folder, or by the data folder around it, and exits 0', async () => {
  for (const path of [journal, data]) {
    const { status, stdout, stderr } = await runCommand(['verify', path]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('Integrity: holds\n');
    expect(stdout).toContain('Completeness: holds\n');
    expect(stdout).toContain('What this does not prove\n');
  }
});

it('names file, event and byte of what is wrong, in words and as JSON, and exits 1', async () => {
  const changed = join(data, 'changed');
  cpSync(journal, changed, { recursive: true });
  const file = join(changed, '00000001.jsonl');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"rows":1', '"rows":9'));
  const { status, stdout } = await runCommand(['verify', changed]);
  expect(status).toBe(1);
  expect(stdout).toMatch(
    /Integrity: does not hold \(1 problem\)\n {2}00000001\.jsonl, event \d+, byte \d+: /,
  );
  const asJson = await runCommand(['verify', changed, '--json']);
  expect(asJson.status).toBe(1);
  expect(JSON.parse(asJson.stdout)).toMatchObject({
    ok: false,
    kind: 'journal',
    integrity: { holds: false, found: 1, problems: [{ file: '00000001.jsonl', event: expect.any(Number) }] },
    completeness: { holds: true },
  });
});

it('exits 1 for what is empty or not there, and 2 for a wrong call', async () => {
  const empty = join(data, 'empty');
  mkdirSync(empty);
  const nothing = join(data, 'nothing.zip');
  writeFileSync(nothing, '');
  for (const path of [empty, nothing, join(data, 'missing')]) {
    expect({ path, status: (await runCommand(['verify', path])).status }).toEqual({ path, status: 1 });
  }
  for (const args of [[], [journal, journal], [journal, '--keys', 'x']]) {
    expect((await runCommand(['verify', ...args])).status).toBe(2);
  }
  expect((await runCommand(['evidence'])).status).toBe(2);
  expect((await runCommand(['evidence', '--out', 'x', '--from', 'yesterday'])).status).toBe(2);
});

it('fetches a bundle that then verifies offline, with the key and without it, and not with another', async () => {
  const out = join(data, 'evidence.zip');
  const env = { PORTCULLIS_TOKEN: await harness.issuer.token(people.auditor) };
  const from = ['--collector', harness.collector.url, '--data', data];
  const fetched = await runCommand(['evidence', '--out', out, '--from', '2020-01-01', ...from], env);
  expect({ status: fetched.status, stderr: fetched.stderr }).toEqual({ status: 0, stderr: '' });
  expect(fetched.stdout).toContain('Integrity: holds');
  const verified = await runCommand(['verify', out]);
  expect(verified.status).toBe(0);
  expect(verified.stdout).toContain('came with the bundle');
  expect((await runCommand(['verify', out, '--key', key])).status).toBe(0);
  const other = `${key.slice(0, -6)}AAAAA=`;
  expect((await runCommand(['verify', out, '--key', other])).status).toBe(1);
  const bytes = readFileSync(out);
  writeFileSync(out, bytes.subarray(0, -1));
  expect((await runCommand(['verify', out])).status).toBe(1);
});

it('says why there is no bundle, and writes none', async () => {
  const out = join(data, 'none.zip');
  const stranger = { PORTCULLIS_TOKEN: await harness.issuer.token(people.stranger) };
  const from = ['--collector', harness.collector.url, '--data', data, '--out', out];
  const refused = await runCommand(['evidence', ...from], stranger);
  expect({ status: refused.status, stderr: refused.stderr }).toEqual({
    status: 1,
    stderr: expect.stringContaining('have evidence'),
  });
  const nobody = await runCommand(['evidence', '--data', data, '--out', out], { PORTCULLIS_TOKEN: '' });
  expect(nobody.stderr).toContain('which collector?');
  expect(existsSync(out)).toBe(false);
});
