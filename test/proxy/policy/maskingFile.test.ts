/** masking.yaml as it is read: what it may say, and that nothing else passes in silence. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runPolicyCheck } from '../../../proxy/local/policyCommand.ts';
import { readMaskingFile } from '../../../proxy/policy/masking/maskingFile.ts';
import { makePolicy } from '../../../proxy/policy/policyEngine.ts';
import { policyTextsOf, readPolicyTexts } from '../../../proxy/policy/policyFiles.ts';

const whole = `
classify:
  - {column: public.Customers.nickname, as: pii.name, method: token, use: equality}
  - {column: '"Odd Schema".t.*', as: pii.freeText}
  - {column: "*.handle", as: pii.name, method: null}
unclassify:
  - column: public.orders.email
    reason: addresses of our own shops
methods: {pii.email: token, pii.name: null}
use: {pii.name: order}
config: [public.tariffs]
connections:
  billing:
    classify:
      - {column: public.invoices.memo, as: pii.freeText}
    methods: {pii.email: redact}
    config: [public.rates]
`;

/** Problems as `line:column message`, each followed by its hint. */
function problemsOf(text: string): string[] {
  return readMaskingFile('masking.yaml', text).problems.map(
    ({ line, column, message, hint }) =>
      `${line}:${column} ${message}${hint === undefined ? '' : ` | ${hint}`}`,
  );
}

describe('masking.yaml', () => {
  it('says what columns are, how kinds are masked and used, and which tables hold configuration', () => {
    const { masking, problems } = readMaskingFile('masking.yaml', whole);
    expect(problems).toEqual([]);
    const demo = masking.of('demo');
    expect(demo.rules).toEqual([
      expect.objectContaining({
        kind: 'classify',
        pattern: {
          schema: 'public',
          table: 'customers',
          column: 'nickname',
          text: 'public.Customers.nickname',
        },
        place: 'masking.yaml:3:5',
        as: 'pii.name',
        method: 'token',
        use: 'equality',
      }),
      expect.objectContaining({
        pattern: expect.objectContaining({ schema: 'Odd Schema', table: 't', column: undefined }),
      }),
      expect.objectContaining({
        pattern: expect.objectContaining({ schema: undefined, table: undefined, column: 'handle' }),
        method: 'null',
      }),
      expect.objectContaining({ kind: 'unclassify', reason: 'addresses of our own shops' }),
    ]);
    expect([...demo.methods]).toEqual([
      ['pii.email', 'token'],
      ['pii.name', 'null'],
    ]);
    expect([...demo.use]).toEqual([['pii.name', 'order']]);
  });

  it('says more of one connection, which comes first', () => {
    const { masking } = readMaskingFile('masking.yaml', whole);
    const billing = masking.of('billing');
    expect(billing.rules[0]?.pattern.text).toBe('public.invoices.memo');
    expect(billing.rules).toHaveLength(5);
    expect(billing.methods.get('pii.email')).toBe('redact');
    expect(billing.methods.get('pii.name')).toBe('null');
    expect(masking.of('billing')).toBe(billing);
  });

  it('tags tables as configuration, by schema where the statement names one', () => {
    const { masking } = readMaskingFile('masking.yaml', whole);
    const tagged = (connection: string, name: string, schema?: string) =>
      masking.isConfig(connection, schema === undefined ? { name } : { schema, name });
    expect([tagged('demo', 'tariffs'), tagged('demo', 'tariffs', 'public')]).toEqual([true, true]);
    expect([tagged('demo', 'tariffs', 'other'), tagged('demo', 'rates')]).toEqual([false, false]);
    expect(tagged('billing', 'rates')).toBe(true);
  });

  it('may be empty', () => {
    expect(problemsOf('')).toEqual([]);
    expect(problemsOf('# nothing yet\n')).toEqual([]);
  });

  it.each([
    [
      'an unknown key',
      'clasify: []',
      '1:1 masking.yaml has no "clasify" | Known are classify, unclassify, methods, use, config, connections.',
    ],
    [
      'an unknown key of a rule',
      'classify:\n  - {colum: a.b.c, as: pii.name}',
      '2:6 a rule has no "colum" | Known are column, as, method, use.',
    ],
    [
      'an unknown kind',
      'classify:\n  - {column: a.b.c, as: pii.mail}',
      /^2:25 "as" cannot be "pii.mail" \| Known are pii.name, pii.email,/,
    ],
    [
      'an unknown kind among methods',
      'methods: {pii.mail: token}',
      /^1:11 there is no classification "pii.mail" \| Known are pii.name,/,
    ],
    [
      'an unknown method',
      'methods: {pii.email: hash}',
      '1:22 "pii.email" cannot be "hash" | Known are partial, redact, null, token, digits, year, bucket.',
    ],
    [
      'an unknown use',
      'use: {pii.email: all}',
      '1:18 "pii.email" cannot be "all" | Known are none, equality, order, open.',
    ],
    [
      'unclassify without a reason',
      'unclassify:\n  - {column: a.b.c}',
      '2:5 to show a column in clear needs a "reason" | Write reason: "why nothing in it is personal or secret", for those who read it later.',
    ],
    ['an empty reason', 'unclassify:\n  - {column: a.b.c, reason: ""}', /^2:29 "reason" is a text/],
    [
      'a column without its schema',
      'classify:\n  - {column: t.email, as: pii.email}',
      /^2:14 "t.email" names no columns \| Write schema.table.column/,
    ],
    ['everything', 'classify:\n  - {column: "*.*", as: pii.email}', /^2:14 "\*\.\*" names no columns/],
    [
      'a wildcard for a table',
      'classify:\n  - {column: "public.*.email", as: pii.email}',
      /^2:14 "public\.\*\.email" names no columns/,
    ],
    [
      'a pattern within a name',
      'classify:\n  - {column: "public.t.em*", as: pii.email}',
      /^2:14 "public\.t\.em\*" names no columns/,
    ],
    ['a wildcard that YAML takes for an alias', 'classify:\n  - {column: *.email, as: pii.email}', /^2:\d+ /],
    [
      'two rules for one column',
      'classify:\n  - {column: a.b.c, as: pii.name}\nunclassify:\n  - {column: A.B.C, reason: x}',
      '4:5 there are two rules for A.B.C; the other is at masking.yaml:2:5 | Keep one of them.',
    ],
    ['the same key twice', 'use: {}\nuse: {}', /^2:1 Map keys must be unique/],
    ['a table that is none', 'config: [tariffs]', '1:9 "tariffs" names no table | Write schema.table.'],
    [
      'a list where none belongs',
      'classify: {column: a.b.c, as: pii.name}',
      '1:11 "classify" is a list | Begin each of its entries with a dash.',
    ],
    ['no YAML', 'classify: [', /^1:\d+ |^2:1 /],
  ])('is refused with %s', (_what, text, wanted) => {
    const [first] = problemsOf(text);
    if (typeof wanted === 'string') expect(first).toBe(wanted);
    else expect(first).toMatch(wanted);
  });
});

describe('a policy with masking.yaml', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'masking-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('has another version with every change of it, and adds it to the default pack where it is alone', async () => {
    writeFileSync(join(folder, 'masking.yaml'), 'config: [public.tariffs]');
    const texts = await readPolicyTexts(folder);
    expect(texts.files.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['reads.cedar', 'masking.yaml']),
    );
    const policy = await makePolicy(texts);
    const plain = await makePolicy(await readPolicyTexts());
    expect(policy.version).not.toBe(plain.version);
    const identity = { subject: 'd', email: 'd@example.com', groups: ['developers'] };
    const staging = { name: 'shop', environment: 'staging' };
    const effect = { kind: 'update', relation: { name: 'tariffs' }, predicate: 'real' } as const;
    const facts = { effects: [effect], role: { kind: 'plain' } } as never;
    expect(policy.decide(identity, staging, facts).outcome).toBe('approve');
    expect(plain.decide(identity, staging, facts).outcome).toBe('allow');
  });

  it('cannot be used where it is wrong, is misnamed, or comes from the collector so', async () => {
    const texts = (files: Record<string, string>) =>
      policyTextsOf('here', [
        { name: 'a.cedar', text: '@id("a") permit (principal, action, resource);' },
        ...Object.entries(files).map(([name, text]) => ({ name, text })),
      ]);
    await expect(makePolicy(await texts({ 'masking.yaml': 'clasify: []' }))).rejects.toThrow(
      'masking.yaml:1:1: masking.yaml has no "clasify"',
    );
    await expect(makePolicy(await texts({ 'masking.yml': '' }))).rejects.toThrow(
      'it is not called masking.yaml',
    );
    writeFileSync(join(folder, 'Masking.YML'), '');
    writeFileSync(join(folder, 'a.cedar'), '@id("a") permit (principal, action, resource);');
    await expect(readPolicyTexts(folder).then(makePolicy)).rejects.toThrow('Rename it to masking.yaml.');
  });

  it('is checked by portcullis policy check', async () => {
    writeFileSync(join(folder, 'a.cedar'), '@id("a") permit (principal, action, resource);');
    writeFileSync(join(folder, 'masking.yaml'), 'methods: {pii.email: hash}');
    const written: string[] = [];
    const write = process.stdout.write;
    process.stdout.write = (text: unknown) => written.push(String(text)) > 0;
    try {
      expect(await runPolicyCheck({ directory: folder, json: false })).toBe(1);
    } finally {
      process.stdout.write = write;
    }
    expect(written.join('')).toContain('error: masking.yaml:1:22: "pii.email" cannot be "hash"');
  });
});
