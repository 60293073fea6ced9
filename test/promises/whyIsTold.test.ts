/** Whoever sees a masked column is told what it is, how that is known, and where the value comes from. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainColumns } from '../../proxy/control/explainColumns.ts';
import type { MaskedColumnsNotice } from '../../proxy/control/messages.ts';
import { runQuery } from '../../proxy/local/query.ts';
import { clearRunningState, writeRunningState } from '../../proxy/local/runningState.ts';
import { readPolicyTexts } from '../../proxy/policy/policyFiles.ts';
import { type Governed, startGoverned } from '../kit/governed.ts';

const policy = `
@id("test.all") permit (principal, action, resource);
@id("test.names") permit (principal in Group::"developers", action == Action::"unmask", resource)
when { context.classification == "pii.name" };`;
const masking = `
unclassify: [{column: public.customers.phone, reason: numbers of our own shops}]
classify: [{column: public.customers.city, as: pii.address, use: open}]
`;

let directory: string;
let governed: Governed;
const today = expect.stringMatching(/since \d{4}-\d\d-\d\d\)\.$/);

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'why-'));
  governed = await startGoverned();
  writeFileSync(join(directory, 'policy.cedar'), policy);
  writeFileSync(join(directory, 'masking.yaml'), masking);
  await governed.proxy.policy.take(await readPolicyTexts(directory));
});
afterAll(async () => {
  await governed?.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function noticeOf(sql: string): Promise<MaskedColumnsNotice> {
  const client = new Client({ connectionString: governed.url(), options: '-c portcullis.notices=on' });
  const details: string[] = [];
  client.on('notice', ({ detail }) => details.push(detail ?? ''));
  await client.connect();
  try {
    await client.query(sql);
    return JSON.parse(details[0] ?? '{}');
  } finally {
    await client.end();
  }
}

describe('why', { timeout: 60_000 }, () => {
  it('is told of every column of an answer, masked or not', async () => {
    const { columns, clear } = await noticeOf(
      'SELECT email, id, name, phone, city, upper(email) AS loud, 1 AS one FROM customers LIMIT 1',
    );
    expect(columns).toEqual([
      {
        index: 0,
        name: 'email',
        classification: 'pii.email',
        method: 'partial',
        source: 'public.customers.email',
        why: expect.stringMatching(
          /^Masked \(partial\) as pii\.email: the column is named email \(90 % sure, since \d/,
        ),
      },
      expect.objectContaining({
        index: 4,
        name: 'city',
        source: 'public.customers.city',
        why: expect.stringContaining(
          'Masked (redact) as pii.address: masking.yaml says so (masking.yaml:3:12) (100 % sure',
        ),
      }),
      expect.objectContaining({
        index: 5,
        name: 'loud',
        why: expect.stringContaining('shows nothing of them'),
      }),
    ]);
    expect(clear).toEqual([
      {
        index: 1,
        source: 'public.customers.id',
        why: 'Not masked: nothing says that it is personal or secret.',
      },
      {
        index: 2,
        source: 'public.customers.name',
        why: 'Not masked: the policy test.names lets you see it in clear.',
      },
      {
        index: 3,
        source: 'public.customers.phone',
        why: 'Not masked: masking.yaml:2:14 says so: numbers of our own shops.',
      },
      { index: 6, why: 'Not masked: nothing protected is in it.' },
    ]);
  });

  it('is told of every column of a table', () => {
    const connection = governed.proxy.connections.get('shop');
    if (connection === undefined) throw new Error('no connection');
    const identity = { subject: 'dev', email: 'dev@example.com', groups: ['developers'] };
    const explained = explainColumns(governed.proxy.policy, identity, connection, {
      schema: 'public',
      table: 'customers',
    });
    expect(
      explained.columns.map(({ column, classification, method, use }) => [
        column,
        classification,
        method,
        use,
      ]),
    ).toEqual([
      ['id', undefined, undefined, undefined],
      ['name', 'pii.name', undefined, undefined],
      ['email', 'pii.email', 'partial', 'equality'],
      ['phone', undefined, undefined, undefined],
      ['city', 'pii.address', 'redact', 'open'],
    ]);
    expect(explained.columns[2]).toMatchObject({ schema: 'public', table: 'customers', why: today });
    expect(explained.columns[1]?.why).toContain('test.names');
    expect(explained.problems).toEqual([]);
  });

  it('is printed below the table by portcullis query', async () => {
    const written: string[] = [];
    const { write } = process.stdout;
    const before = process.env['XDG_RUNTIME_DIR'];
    process.env['XDG_RUNTIME_DIR'] = directory;
    writeRunningState({
      pid: process.pid,
      data: directory,
      connections: [{ name: 'shop', environment: 'production', url: governed.url() }],
    });
    process.stdout.write = (text: unknown) => written.push(String(text)) > 0;
    try {
      const sql =
        'SELECT 1 AS one; SELECT id, email FROM customers WHERE id = 1; SELECT id FROM orders WHERE id = 1';
      expect(await runQuery({ connection: 'shop', sql })).toBe(0);
    } finally {
      process.stdout.write = write;
      clearRunningState();
      if (before === undefined) delete process.env['XDG_RUNTIME_DIR'];
      else process.env['XDG_RUNTIME_DIR'] = before;
    }
    const date = /since \d{4}-\d\d-\d\d/;
    expect(written.map((text) => text.replace(date, 'since DAY'))).toEqual([
      ' one\n-----\n 1\n(1 row)\n\n',
      ' id | email\n----+-----------\n 1  | a•••@s•••\n(1 row)\n' +
        'email: Masked (partial) as pii.email: the column is named email (90 % sure, since DAY). From public.customers.email.\n\n',
      ' id\n----\n 1\n(1 row)\n\n',
    ]);
  });
});
