/** Promises about what a proxy keeps of its knowledge of columns on disk: whole, its own, and not without end. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SharedClassification } from '../../../../proxy/masking/sharedClassification.ts';
import { KeptClassifications } from '../../../../proxy/session/sharing/keptClassifications.ts';

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'portcullis-kept-'));
});
afterEach(() => rmSync(data, { recursive: true }));

const one = (oid: number, since = '2026-01-02T03:04:05.678Z'): SharedClassification => ({
  database: 'system:1/5',
  relation: { oid, schema: 'public', name: 'copies' },
  column: { number: 2, name: 'a' },
  kind: 'pii.email',
  use: 'none',
  why: 'it was computed from customers.email',
  confidence: 0.9,
  isDerived: true,
  since,
});
const files = () => readdirSync(join(data, 'classifications'));
const path = () => join(data, 'classifications', files()[0] ?? '');

it('gives back what was kept last, of each connection its own', async () => {
  expect(new KeptClassifications(data, 'shop').read()).toEqual([]);
  await new KeptClassifications(data, 'shop').keep([one(1)]);
  const kept = new KeptClassifications(data, 'shop');
  expect(kept.read()).toEqual([one(1)]);
  await kept.keep([one(1), one(2)]);
  await new KeptClassifications(data, '../shop').keep([one(3)]);
  expect(new KeptClassifications(data, 'shop').read()).toEqual([one(1), one(2)]);
  expect(files()).toHaveLength(2);
  await kept.keep([]);
  expect(new KeptClassifications(data, 'shop').read()).toEqual([]);
});

it('is for the owner’s eyes, and written only where it is another', async () => {
  const kept = new KeptClassifications(data, 'shop');
  await kept.keep([one(1)]);
  expect(statSync(path()).mode & 0o777).toBe(0o600);
  rmSync(path());
  await kept.keep([one(1)]);
  expect(files()).toEqual([]);
});

it('is not gone by, and that is said, where it cannot be understood', async () => {
  await new KeptClassifications(data, 'shop').keep([one(1)]);
  const whole = readFileSync(path(), 'utf8');
  for (const text of ['', whole.slice(0, -20), '{"form":2,"found":[]}', '[]', 'null']) {
    writeFileSync(path(), text);
    expect(() => new KeptClassifications(data, 'shop').read(), text).toThrow();
  }
  writeFileSync(path(), JSON.stringify({ form: 1, found: [one(1), { relation: 7 }, null] }));
  expect(new KeptClassifications(data, 'shop').read()).toEqual([one(1)]);
});

it('holds the newest where there are too many', async () => {
  const found = Array.from({ length: 20_005 }, (_, i) =>
    one(i + 1, new Date(Date.UTC(2026, 0, 1) - i * 1000).toISOString()),
  );
  await new KeptClassifications(data, 'shop').keep(found);
  const read = new KeptClassifications(data, 'shop').read();
  expect(read).toHaveLength(20_000);
  expect(read.map(({ relation }) => relation.oid)).not.toContain(20_001);
  expect(read.map(({ relation }) => relation.oid)).toContain(1);
});
