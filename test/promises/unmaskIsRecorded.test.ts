/** What the policy lets somebody see in clear comes in clear, for them alone, and every statement that does is on record. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { JournalEvent } from '../../proxy/audit/events.ts';
import { readPolicyTexts } from '../../proxy/policy/policyFiles.ts';
import { type Governed, type Person, shopSetup, startGoverned } from '../kit/governed.ts';

const everything = `
@id("test.all") permit (principal, action, resource);`;
const reviewersSeeEmails = `
@id("test.emails") permit (principal in Group::"reviewers", action == Action::"unmask", resource)
when { context.classification == "pii.email" && context.relation.schema == "public" };`;

let directory: string;
let governed: Governed;
const clients: Client[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'unmask-'));
  governed = await startGoverned({ setup: `${shopSetup} CREATE TABLE subscribers (email text)` });
});
afterAll(async () => {
  await governed?.stop();
  rmSync(directory, { recursive: true, force: true });
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.end().catch(() => undefined);
});

async function usePolicy(text: string): Promise<void> {
  writeFileSync(join(directory, 'policy.cedar'), text);
  await governed.proxy.policy.take(await readPolicyTexts(directory));
}

async function connect(person: Person): Promise<Client> {
  const client = new Client({ connectionString: governed.url(person) });
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    ({ code, message }: { code: string; message: string }) => ({ code, message }),
  );

/** The outcomes of statements that saw something in clear. */
async function unmaskings(): Promise<Extract<JournalEvent, { kind: 'outcome' }>[]> {
  const events = await governed.events();
  return events
    .filter((event) => event.kind === 'outcome')
    .filter((event) => event.unmaskedColumns !== undefined);
}

const email = 'ada1@secret.example';
const masked = 'a•••@s•••';

describe('a column that the policy unmasks for a group', { timeout: 60_000 }, () => {
  it('comes in clear and is used without restriction by its members, and by nobody else', async () => {
    await usePolicy(everything + reviewersSeeEmails);
    const reviewer = await connect('reviewer');
    const dev = await connect('dev');
    const row = { name: 'A••• 1•••', email };
    expect((await reviewer.query('SELECT name, email FROM customers WHERE id = 1')).rows).toEqual([row]);
    expect((await reviewer.query('SELECT name, email FROM customers WHERE id = $1', [1])).rows).toEqual([
      row,
    ]);
    expect(
      (
        await reviewer.query(
          "SELECT upper(email) AS e FROM customers WHERE email LIKE '%1@%' ORDER BY email LIMIT 1",
        )
      ).rows,
    ).toEqual([{ e: 'ADA11@SECRET.EXAMPLE' }]);
    expect((await dev.query('SELECT email FROM customers WHERE id = 1')).rows).toEqual([{ email: masked }]);
    expect((await failure(dev.query("SELECT 1 FROM customers WHERE email LIKE '%1@%'")))?.code).toBe('42501');
    // A name is still one, for them too.
    expect((await failure(reviewer.query('SELECT 1 FROM customers WHERE length(phone) > 3')))?.code).toBe(
      '42501',
    );
  });

  it('is on record with the policy, for every statement that shows or uses it, and for no other', async () => {
    const before = (await unmaskings()).length;
    const reviewer = await connect('reviewer');
    await reviewer.query('SELECT id, city FROM customers');
    await reviewer.query('SELECT name FROM customers');
    expect((await unmaskings()).length).toBe(before);
    const column = { column: 'public.customers.email', classification: 'pii.email', policy: 'test.emails' };
    for (const text of [
      'SELECT email FROM customers',
      'SELECT * FROM customers',
      'SELECT c FROM customers c',
      "SELECT id FROM customers WHERE email LIKE 'ada%'",
      'TABLE customers',
      'PREPARE p AS SELECT email FROM customers',
      'EXECUTE p',
    ]) {
      await reviewer.query(text);
      const [last] = (await unmaskings()).slice(-1);
      expect([text, last?.unmaskedColumns]).toEqual([text, [column]]);
    }
    expect((await unmaskings()).length).toBe(before + 7);
    expect(JSON.stringify(await governed.events())).not.toContain(email);
  });

  it('keeps what it is compared with out of the record, where nothing else of the table is protected either', async () => {
    const reviewer = await connect('reviewer');
    await reviewer.query(`SELECT id FROM customers WHERE email = '${email}'`);
    await reviewer.query("SELECT 1 FROM subscribers WHERE email = 'somebody I know'");
    const events = JSON.stringify(await governed.events());
    expect(events).toContain('SELECT ? FROM subscribers');
    expect(events).not.toContain('somebody I know');
    expect(events).not.toContain(email);
  });

  it('is masked again from the moment that the policy says so, in statements prepared before too', async () => {
    await usePolicy(everything + reviewersSeeEmails);
    const reviewer = await connect('reviewer');
    const ask = () => reviewer.query({ name: 'ask', text: 'SELECT email FROM customers WHERE id = 1' });
    await reviewer.query('PREPARE shout AS SELECT upper(email) AS e FROM customers WHERE id = 1');
    expect((await ask()).rows).toEqual([{ email }]);
    expect((await reviewer.query('EXECUTE shout')).rows).toEqual([{ e: 'ADA1@SECRET.EXAMPLE' }]);
    await usePolicy(everything);
    expect((await ask()).rows).toEqual([{ email: masked }]);
    const shouted = await reviewer.query('EXECUTE shout').catch((error: Error) => error);
    expect(JSON.stringify(shouted)).not.toContain('ADA1@SECRET');
  });
});

describe('no unmasking', { timeout: 60_000 }, () => {
  it('follows from a permit of everything', async () => {
    await usePolicy(everything);
    const reviewer = await connect('reviewer');
    expect((await reviewer.query('SELECT email FROM customers WHERE id = 1')).rows).toEqual([
      { email: masked },
    ]);
  });

  it('stands against a forbid', async () => {
    await usePolicy(`${everything}${reviewersSeeEmails}
      @id("test.never") @approval("reviewers") forbid (principal, action == Action::"unmask", resource)
      when { context.column == "email" };`);
    const reviewer = await connect('reviewer');
    expect((await reviewer.query('SELECT email FROM customers WHERE id = 1')).rows).toEqual([
      { email: masked },
    ]);
  });

  it('reaches the statistics of the server, which show values of every table', async () => {
    await usePolicy(`${everything}
      @id("test.clear") permit (principal, action == Action::"unmask", resource);`);
    const reviewer = await connect('reviewer');
    const { rows } = await reviewer.query(
      "SELECT most_common_vals AS v, histogram_bounds AS h FROM pg_stats WHERE tablename = 'customers'",
    );
    expect(JSON.stringify(rows)).not.toContain('secret.example');
  });
});
