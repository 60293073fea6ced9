/** What a reviewer has approved to be seen in clear is: those columns, to that person, on that connection, for that time. */
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ApprovalRequest } from '../../proxy/approvals/request.ts';
import type { JournalEvent } from '../../proxy/audit/events.ts';
import { askToSee, readSightTerms } from '../../proxy/control/askToSee.ts';
import { explainColumns } from '../../proxy/control/explainColumns.ts';
import { readPolicyTexts } from '../../proxy/policy/policyFiles.ts';
import { shopSetup } from '../kit/governed.ts';
import {
  type Colleague,
  type GovernedWithCollector,
  pause,
  startGovernedWithCollector,
} from '../kit/governedWithCollector.ts';

const setup = `${shopSetup} ALTER TABLE customers ADD COLUMN password_hash text; UPDATE customers SET password_hash = md5(email);`;
const email = 'public.customers.email';
const clear = 'ada1@secret.example';
const masked = 'a•••@s•••';

let governed: GovernedWithCollector;
const clients: Client[] = [];
beforeAll(async () => {
  governed = await startGovernedWithCollector(setup);
});
afterAll(() => governed?.stop());
afterEach(async () => {
  for (const client of clients.splice(0)) await client.end().catch(() => undefined);
  for (const { id, state } of await governed.requests('dev')) {
    if (state === 'open' || state === 'approved') await governed.withdraw(id);
  }
  await governed.desk().grants.refresh();
});

const partsOf = (person: Colleague) => {
  const { policy, analyser, connections } = governed.proxy;
  const connection = connections.get('shop');
  if (connection === undefined) throw new Error('no connection');
  const address = `${person}@example.com`;
  const groups = { dev: ['developers'], reviewer: ['reviewers'], admin: ['admins'] }[person];
  const identity = { subject: address, email: address, groups };
  return { policy, identity, connection, parser: analyser.parser, desk: governed.desk(person) };
};

const text = `SELECT id, email FROM customers WHERE email = '${clear}'`;
function ask(columns = [email], minutes = 15): Promise<ApprovalRequest> {
  const wish = { connection: 'shop', columns, text, minutes, reason: 'a customer cannot sign in' };
  return askToSee(partsOf('dev'), wish);
}

async function approve({ id }: ApprovalRequest): Promise<void> {
  await governed.review(id, 'approve', 'go ahead');
  await governed.desk().grants.refresh();
}

async function connect(person: Colleague = 'dev'): Promise<Client> {
  const client = new Client({ connectionString: governed.url(person) });
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

const see = async (client: Client, column = 'email') =>
  (await client.query(`SELECT ${column} AS seen FROM customers WHERE id = 1`)).rows[0]?.seen;

async function seen(client: Client, value: string): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await pause(50)) {
    if ((await see(client)) === value) return;
  }
  throw new Error(`the column does not come as ${value}`);
}

const failure = (work: Promise<unknown>) => work.then(String, ({ message }: Error) => message);

describe('columns that somebody asks to see in clear', { timeout: 60_000 }, () => {
  it('are shown to the reviewer with the reason, the time and the statement without its constants', async () => {
    const client = await connect();
    const request = await ask();
    expect(request).toMatchObject({
      state: 'open',
      reason: 'a customer cannot sign in',
      approvers: ['reviewers'],
      text: 'SELECT id, email FROM customers WHERE email = ?',
      relations: [{ name: 'public.customers', classifications: ['pii.email'] }],
      unmask: { columns: [{ column: email, classification: 'pii.email' }], minutes: 15 },
      findings: [{ policy: 'portcullis.unmask-approved' }],
      requester: { email: 'dev@example.com' },
      mayReview: false,
    });
    expect((await governed.requests()).find(({ id }) => id === request.id)?.mayReview).toBe(true);
    expect(await see(client)).toBe(masked);
  });

  it('come in clear once that is approved, in open sessions too, and may be used without restriction', async () => {
    const client = await connect();
    const prepared = { name: 'p', text: 'SELECT email FROM customers WHERE id = $1', values: [1] };
    expect((await client.query(prepared)).rows).toEqual([{ email: masked }]);
    await approve(await ask());
    expect(await see(client)).toBe(clear);
    expect((await client.query(prepared)).rows).toEqual([{ email: clear }]);
    expect(await see(await connect(), 'upper(email)')).toBe(clear.toUpperCase());
  });

  it('come in clear without anybody asking the proxy to look again', async () => {
    const client = await connect();
    const { id } = await ask();
    await governed.review(id, 'approve');
    await seen(client, clear);
  });

  it('are no other columns, not even of the same kind, and nobody else sees them', async () => {
    const client = await connect();
    await approve(await ask());
    expect(await see(client, 'phone')).not.toContain('7946');
    expect(await failure(client.query('SELECT 1 FROM customers WHERE length(phone) > 3'))).toContain('phone');
    for (const person of ['reviewer', 'admin'] as const) {
      expect([person, await see(await connect(person))]).toEqual([person, masked]);
    }
    // Not even where they were handed what somebody else may.
    const { policy, identity, connection } = partsOf('reviewer');
    const table = { schema: 'public', table: 'customers' };
    const { columns } = explainColumns(policy, identity, connection, table, governed.desk('dev').grants);
    expect(columns.find(({ column }) => column === 'email')?.method).toBe('partial');
  });

  it('are masked again when their time is over', async () => {
    const client = await connect();
    await approve(await ask());
    expect(await see(client)).toBe(clear);
    await governed.look(
      "UPDATE portcullis.requests SET expires_at = now() + interval '1 second' WHERE state = 'approved' RETURNING id",
      'store',
    );
    await governed.desk().grants.refresh();
    await seen(client, masked);
    expect((await governed.requests('dev'))[0]?.state).toBe('expired');
  });

  it('are masked again when a reviewer revokes it, or the asker gives it up', async () => {
    const client = await connect();
    const first = await ask();
    await approve(first);
    expect(await see(client)).toBe(clear);
    expect((await governed.requests()).find(({ id }) => id === first.id)?.mayRevoke).toBe(true);
    expect((await governed.review(first.id, 'deny', 'that was enough')).state).toBe('denied');
    await seen(client, masked);
    const second = await ask();
    await approve(second);
    expect(await see(client)).toBe(clear);
    await governed.withdraw(second.id);
    await seen(client, masked);
  });

  it('stay masked where it is denied', async () => {
    const client = await connect();
    const { id } = await ask();
    await governed.review(id, 'deny', 'no');
    await governed.desk().grants.refresh();
    expect(await see(client)).toBe(masked);
  });

  it('are masked again from the moment that the policy does not want it any more', async () => {
    const client = await connect();
    await approve(await ask());
    expect(await see(client)).toBe(clear);
    const { policy } = governed.proxy;
    const { files, schema, origin } = await readPolicyTexts();
    const forbid = '@id("test.never") forbid (principal, action == Action::"unmask", resource);';
    await policy.take({ origin, schema, files: [...files, { name: 'never.cedar', text: forbid }] });
    expect(await see(client)).toBe(masked);
    await policy.take({ origin, schema, files });
    expect(await see(client)).toBe(clear);
  });

  it('are masked where another table has come to have their name', async () => {
    const client = await connect();
    await approve(await ask());
    expect(await see(client)).toBe(clear);
    await governed.look(`ALTER TABLE customers RENAME TO customers_of_old; CREATE TABLE customers (LIKE customers_of_old);
      INSERT INTO customers SELECT * FROM customers_of_old`);
    await governed.proxy.connections.get('shop')?.refresh();
    try {
      expect(await see(client)).toBe(masked);
      const { rows } = await client.query('SELECT email FROM customers_of_old WHERE id = 1');
      expect(rows).toEqual([{ email: masked }]);
    } finally {
      await governed.look('DROP TABLE customers; ALTER TABLE customers_of_old RENAME TO customers');
      await governed.proxy.connections.get('shop')?.refresh();
    }
  });
});

describe('asking', { timeout: 60_000 }, () => {
  it('is refused for what no policy lets be asked for, for no reason, and for another time', async () => {
    const secret = 'public.customers.password_hash';
    expect(readSightTerms(partsOf('dev'), { connection: 'shop', columns: [email, secret] })).toEqual({
      columns: [
        { column: email, classification: 'pii.email', mayAsk: true },
        { column: secret, classification: 'secret.password', mayAsk: false },
      ],
      approvers: ['reviewers'],
      minutes: [15, 30, 60],
      text: '',
    });
    const wish = { connection: 'shop', columns: [email], minutes: 15, reason: 'because' };
    const tell = (changes: object) =>
      failure((async () => askToSee(partsOf('dev'), { ...wish, ...changes }))());
    expect(await tell({ columns: [secret] })).toContain('no policy lets you ask');
    expect(await tell({ columns: ['public.orders.status'] })).toContain('no masked column');
    expect(await tell({ reason: '  ' })).toContain('why');
    expect(await tell({ minutes: 600 })).toContain('15, 30, 60 minutes');
  });

  it('gives no approval that a statement could run by, and a statement’s approval shows nothing', async () => {
    const request = await ask();
    await approve(request);
    expect(await failure(governed.use(request.id))).toContain('no statement');
    await governed.withdraw(request.id);
    await governed.desk().grants.refresh();
    // The same text, as a statement that has to be approved, is another request.
    const update = 'UPDATE orders SET total = id WHERE id > total';
    const wish = { connection: 'shop', columns: [email], text: update, minutes: 15, reason: 'as above' };
    const other = await askToSee(partsOf('dev'), wish);
    expect(other.text).toBe(update);
    await approve(other);
    const client = await connect();
    const running = client.query(update);
    const held = await governed.openRequest(update);
    expect(held.unmask).toBeUndefined();
    await governed.review(held.id, 'deny', 'no');
    expect(await failure(running)).toContain('denied');
  });
});

describe('the record', { timeout: 60_000 }, () => {
  it('has the columns, the policy, the request and its reason, with every statement that has shown them', async () => {
    const client = await connect();
    const request = await ask();
    await approve(request);
    await see(client);
    const events = await governed.events();
    const outcome = events.findLast(
      (event): event is Extract<JournalEvent, { kind: 'outcome' }> => event.kind === 'outcome',
    );
    expect(outcome?.unmaskedColumns).toEqual([
      {
        column: email,
        classification: 'pii.email',
        policy: 'portcullis.unmask-approved',
        request: request.id,
        reason: 'a customer cannot sign in',
      },
    ]);
    const intent = events.find((event) => event.seq === outcome?.for);
    expect(intent).toMatchObject({
      decision: { policies: ['portcullis.read', 'portcullis.unmask-approved'] },
    });
    expect(JSON.stringify(events)).not.toContain(clear);
  });

  it('and the explanation say who has approved it, and until when', async () => {
    const { policy, identity, connection, desk } = partsOf('dev');
    await approve(await ask());
    const table = { schema: 'public', table: 'customers' };
    const { columns } = explainColumns(policy, identity, connection, table, desk.grants);
    const told = columns.find(({ column }) => column === 'email');
    expect(told?.method).toBeUndefined();
    expect(told?.why).toMatch(
      /^Not masked: reviewer@example\.com approved that you see it in clear until \d{4}-\d\d-\d\d \d\d:\d\d UTC \(request /,
    );
  });
});

describe('a statement that says in a comment that it wants to see what it reads', { timeout: 60_000 }, () => {
  const wish = "/* unmask 30 min: ticket 12 */ SELECT email FROM customers WHERE email LIKE '%ada1@%'";
  const approveWish = async () => {
    const request = await governed.openRequest('SELECT email FROM customers');
    expect(request).toMatchObject({
      reason: 'ticket 12',
      unmask: { columns: [{ column: email }], minutes: 30 },
      text: 'SELECT email FROM customers WHERE email LIKE ?',
    });
    await governed.review(request.id, 'approve');
  };

  it('waits for that, as any client sends it, and then sees it and does what else it may', async () => {
    const client = await connect();
    const simple = client.query(wish);
    await approveWish();
    expect((await simple).rows).toEqual([{ email: clear }]);
    // It holds for its time, for other statements too.
    expect((await client.query('SELECT email FROM customers WHERE id = 1')).rows).toEqual([{ email: clear }]);
  });

  it('does so prepared, too', async () => {
    const client = await connect();
    const prepared = client.query({ name: 'w', text: wish.replace("'%ada1@%'", '$1'), values: ['%ada1@%'] });
    const request = await governed.openRequest('SELECT email FROM customers');
    await governed.review(request.id, 'approve');
    expect((await prepared).rows).toEqual([{ email: clear }]);
  });

  it('is told of denials, and why it cannot be asked for, and does not run', async () => {
    const client = await connect();
    const denied = client.query(wish);
    const request = await governed.openRequest('SELECT email FROM customers');
    await governed.review(request.id, 'deny', 'not today');
    expect(await failure(denied)).toContain('reviewer@example.com has denied it');
    expect(await failure(client.query('/* unmask: x */ SELECT password_hash FROM customers'))).toContain(
      'no policy lets you ask',
    );
    expect(await failure(client.query('/* unmask */ SELECT email FROM customers'))).toContain('why');
    expect(await failure(client.query('/* unmask 45: x */ SELECT email FROM customers'))).toContain(
      '15, 30, 60',
    );
    const write = "/* unmask: x */ UPDATE customers SET city = 'a' WHERE email = 'b'";
    expect(await failure(client.query(write))).toContain('itself needs approval');
    expect((await client.query('/* unmask: x */ SELECT status FROM orders WHERE id = 1')).rows).toHaveLength(
      1,
    );
  });

  it('is what a refused statement is told to do', async () => {
    const client = await connect();
    const refused = (text: string) =>
      client.query(text).then(
        () => '',
        ({ hint }: { hint?: string }) => hint ?? '',
      );
    const way = 'put /* unmask: why you need it */ before the statement.';
    expect(await refused('SELECT 1 FROM customers WHERE length(email) > 3')).toContain(way);
    expect(await refused('SELECT 1 FROM customers WHERE length(password_hash) > 3')).not.toContain(way);
  });
});
