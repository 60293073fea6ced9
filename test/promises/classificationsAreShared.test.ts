/** What one proxy finds out about a column, all others know an exchange later, and it itself after a restart. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPolicyTexts } from '../../proxy/policy/policyFiles.ts';
import { shopSetup } from '../kit/governed.ts';
import { type Neighbour, type Neighbours, startNeighbours } from '../kit/neighbours.ts';

const token = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${Buffer.from('{"sub":"1"}').toString('base64url')}.c2lnbmF0dXJl`;
const setup = `${shopSetup}
  CREATE TABLE singles (id int PRIMARY KEY, v text);
  CREATE TABLE others (id int PRIMARY KEY, v text);
  CREATE TABLE sampled (id int PRIMARY KEY, v text);
  INSERT INTO sampled SELECT i, 'ada' || i || '@secret.example' FROM generate_series(1, 30) i;
`;

let neighbours: Neighbours;
let ada: Neighbour;
let ben: Neighbour;
beforeAll(async () => {
  neighbours = await startNeighbours(setup);
  ({ ada, ben } = neighbours);
}, 120_000);
afterAll(() => neighbours?.stop());

/** Four letters of an address: no name, type or detector tells what they are. */
const copyInto = (table: string) => `CREATE TABLE ${table} AS SELECT id, left(email, 4) AS a FROM customers`;
const firstOf = async (who: Neighbour, table: string, column = 'a') =>
  (await who.ask(`SELECT ${column} FROM ${table} ORDER BY id LIMIT 1`))[0]?.[0];

interface Kept {
  readonly relation_name: string;
  readonly column_name: string;
  readonly kind: string;
  readonly email: string;
  readonly proxy: string;
}
const kept = () =>
  neighbours.look<Kept>(
    'SELECT relation_name, column_name, kind, email, proxy FROM portcullis.classifications ORDER BY id',
    'store',
  );

describe('a copy of protected values, made through one proxy', () => {
  it('is masked, and may not be probed, through the other once its transaction is committed', async () => {
    const session = await ada.connect();
    await session.query('BEGIN');
    await session.query(copyInto('shorts'));
    // What is committed meanwhile comes over; what is not, or never, does not.
    await ada.ask(copyInto('between'));
    await ben.knows('between', 'a');
    expect((await kept()).map((one) => one.relation_name)).not.toContain('shorts');
    await session.query('COMMIT');
    await session.query('BEGIN');
    await session.query(copyInto('undone'));
    await session.query('ROLLBACK');
    await session.end();
    await ben.knows('shorts', 'a');
    expect((await neighbours.look<{ a: string }>('SELECT a FROM shorts LIMIT 1'))[0]?.a).toBe('ada1');
    expect(await firstOf(ben, 'shorts')).not.toContain('ada');
    await expect(ben.ask("SELECT id FROM shorts WHERE a LIKE 'ada%'")).rejects.toMatchObject({
      code: '42501',
    });
    // What it was made of is open to both.
    expect(await firstOf(ben, 'shorts', 'id')).toBe(await firstOf(ada, 'shorts', 'id'));
    await ada.ask(copyInto('later'));
    await ben.knows('later', 'a');
    expect((await kept()).map((one) => one.relation_name)).not.toContain('undone');
  });

  it('is known in the moment in which a proxy first sees the table, also where no notice has come', async () => {
    const maker = new Client({ connectionString: ben.connection.url });
    await maker.connect();
    await maker.query('BEGIN');
    await maker.query(copyInto('silent'));
    const made = await maker.query<{ oid: number }>("SELECT 'silent'::regclass::oid AS oid");
    await neighbours.look(
      `INSERT INTO portcullis.classifications (key, connection, database, relation_oid, schema_name, relation_name, attribute,
         column_name, kind, use_right, why, confidence, is_derived, since, subject, email, proxy)
       SELECT 'silent', connection, database, ${made.rows[0]?.oid}, schema_name, 'silent', attribute,
         column_name, kind, use_right, why, confidence, is_derived, since, subject, email, proxy
       FROM portcullis.classifications WHERE relation_name = 'shorts'`,
      'store',
    );
    const seen: (string | undefined)[] = [];
    const stop = ben.connection.onSchemaChange(() => seen.push(ben.kindOf('silent', 'a')));
    await maker.query('COMMIT');
    await maker.end();
    await ben.connection.refresh();
    stop();
    expect(seen).toEqual(['pii.email']);
  });

  it('is recorded: whose proxy said it, of which column, what it is and why', async () => {
    const events = await neighbours.look<{ event: Record<string, unknown> }>(
      "SELECT event FROM portcullis.events WHERE kind = 'classificationChanged' AND event ->> 'column' = 'public.shorts.a'",
      'store',
    );
    const [held] = (await kept()).filter((one) => one.relation_name === 'shorts');
    expect(events.map(({ event }) => event)).toMatchObject([
      {
        connection: 'shop',
        to: 'pii.email',
        why: 'it was computed from customers.email',
        identity: { email: ada.email },
        proxy: held?.proxy,
      },
    ]);
    expect(held).toMatchObject({ column_name: 'a', kind: 'pii.email', email: ada.email });
  });

  it('is another when it is dropped and made of something else', async () => {
    await neighbours.look('DROP TABLE later; CREATE TABLE later AS SELECT id, status AS a FROM orders');
    await ben.connection.refresh();
    expect(ben.kindOf('later', 'a')).toBeUndefined();
    expect(await firstOf(ben, 'later')).toBe('paid');
  });

  it('keeps what it is under other names, for a proxy that never saw the old ones', async () => {
    await ben.stop();
    await neighbours.look('ALTER TABLE shorts RENAME TO plain; ALTER TABLE plain RENAME a TO b');
    rmSync(ben.folder, { recursive: true });
    await ben.start();
    expect(await firstOf(ben, 'plain', 'b')).not.toContain('ada');
    // Told again by its new name.
    await ada.connection.refresh();
    await expect
      .poll(kept, { timeout: 10_000 })
      .toContainEqual(
        expect.objectContaining({ relation_name: 'plain', column_name: 'b', kind: 'pii.email' }),
      );
  });
});

describe('a value that was found in what streams', () => {
  it('protects its column through the other proxy from the first row on', async () => {
    await neighbours.look(`INSERT INTO singles VALUES (1, 'none'), (2, '${token}')`);
    expect(await ada.ask('SELECT v FROM singles ORDER BY id')).toEqual([['none'], ['•••']]);
    await ben.knows('singles', 'v');
    const seen = await ben.ask('SELECT v FROM singles ORDER BY id');
    expect(JSON.stringify(seen)).not.toMatch(/none|eyJ/);
  });

  it('does not where masking.yaml has taken the column out, for as long as it does', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-shared-'));
    const use = async (text: string) => {
      writeFileSync(join(folder, 'masking.yaml'), text);
      await ben.proxy.policy.take(await readPolicyTexts(folder));
    };
    const rule = (column: string) => `unclassify:\n  - {column: ${column}, reason: made up}\n`;
    await use(rule('public.others.v'));
    await neighbours.look(`INSERT INTO others VALUES (1, 'none'), (2, '${token}')`);
    await ada.ask('SELECT v FROM others ORDER BY id');
    await ada.ask(copyInto('signal'));
    await ben.knows('signal', 'a'); // what comes before it has come
    expect(await firstOf(ben, 'others', 'v')).toBe('none');
    // And with the column of which it is a copy, the copy.
    await use(rule('public.customers.email'));
    expect(await firstOf(ben, 'others', 'v')).not.toBe('none');
    expect(await firstOf(ben, 'signal')).toBe('ada1');
    await use('');
    expect(await firstOf(ben, 'signal')).not.toContain('ada');
    rmSync(folder, { recursive: true });
  });
});

describe('what was seen in samples', () => {
  it('holds for a proxy that comes when the values are others', async () => {
    expect(ada.kindOf('sampled', 'v')).toBe('pii.email');
    await ben.stop();
    await neighbours.look("UPDATE sampled SET v = 'plain ' || id");
    rmSync(ben.folder, { recursive: true });
    await ben.start();
    expect(await firstOf(ben, 'sampled', 'v')).not.toContain('plain');
  });
});

describe('a collector whose store was put back', () => {
  it('is told of everything again', async () => {
    await neighbours.look('TRUNCATE portcullis.classifications RESTART IDENTITY', 'store');
    await ada.ask(copyInto('newest'));
    await expect
      .poll(kept, { timeout: 20_000 })
      .toContainEqual(expect.objectContaining({ relation_name: 'between', column_name: 'a' }));
    await ben.knows('newest', 'a');
  }, 30_000);
});

describe('a proxy that starts again', () => {
  it('has what it knew from the collector', async () => {
    await ada.stop();
    rmSync(join(ada.folder, 'classifications'), { recursive: true });
    await ada.start();
    expect(await firstOf(ada, 'between')).not.toContain('ada');
    expect(await firstOf(ada, 'singles', 'v')).not.toBe('none');
  });

  it('has it without the collector too, with what nobody could be told, and tells it later', async () => {
    await neighbours.stopCollector();
    await ada.ask(copyInto('alone'));
    expect(await firstOf(ada, 'alone')).not.toContain('ada');
    await ada.stop();
    await ada.start();
    expect(await firstOf(ada, 'alone')).not.toContain('ada');
    expect(await firstOf(ada, 'between')).not.toContain('ada');
    expect(await ben.ask('SELECT count(*) FROM customers')).toEqual([['100']]);
    await neighbours.startCollector();
    await ben.knows('alone', 'a');
    expect(await firstOf(ben, 'alone')).not.toContain('ada');
  }, 60_000);
});
