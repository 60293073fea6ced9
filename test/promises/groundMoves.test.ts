/**
 * What a statement means is settled when the server reads it, which may be after we have: while it waits for a lock, or because
 * others have changed a view, a function or a table's name a moment ago, beside the proxy. No answer that rests on another
 * meaning than the one that was judged may pass.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../proxy/kit/log.ts';
import { type RunningProxy, startProxy } from '../../proxy/startProxy.ts';
import { hasPostgres15, startTestPostgres, type TestPostgres } from '../kit/postgres.ts';

const versions = hasPostgres15() ? ([15, 18] as const) : ([18] as const);
const password = 'correct-horse';

/** No detector knows the beginnings of addresses: what protects them is where they come from. */
const setUp = `
  DROP SCHEMA IF EXISTS ground CASCADE;
  CREATE SCHEMA ground;
  SET search_path = ground;
  CREATE TABLE people (id int, email text);
  INSERT INTO people VALUES (1, 'quentin@example.org'), (2, 'zora@example.org');
  CREATE TABLE things (id int, email_of text, label text);
  INSERT INTO things VALUES (1, NULL, 'plain'), (2, NULL, 'grain');
  CREATE VIEW shown AS SELECT id, label AS x FROM things;
  CREATE FUNCTION told(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT label FROM ground.things WHERE id = $1';`;

const showsPeople =
  'CREATE OR REPLACE VIEW ground.shown AS SELECT id, left(email, 4) AS x FROM ground.people';
const showsThings = 'CREATE OR REPLACE VIEW ground.shown AS SELECT id, label AS x FROM ground.things';
const tellsPeople = `CREATE OR REPLACE FUNCTION ground.told(int) RETURNS text LANGUAGE sql STABLE
  AS 'SELECT left(email, 4) FROM ground.people WHERE id = $1'`;
const swapsTables = `ALTER TABLE ground.things RENAME TO things_before;
  ALTER TABLE ground.people RENAME TO things; ALTER TABLE ground.things RENAME email TO label`;

class Stage {
  readonly #server: TestPostgres;
  readonly #proxy: RunningProxy;
  readonly #directory: string;
  readonly #open: Client[] = [];

  private constructor(server: TestPostgres, proxy: RunningProxy, directory: string) {
    this.#server = server;
    this.#proxy = proxy;
    this.#directory = directory;
  }

  static async open(version: 15 | 18): Promise<Stage> {
    const server = await startTestPostgres({ version });
    const directory = mkdtempSync(join(tmpdir(), 'portcullis-ground-'));
    const proxy = await startProxy({
      dataDirectory: directory,
      connections: [{ name: 'shop', environment: 'development', url: server.url() }],
      accounts: [
        {
          user: 'dev',
          password,
          identity: { subject: 'dev', email: 'dev@example.com', groups: ['developers'] },
        },
      ],
      port: 0,
      log: createLog('error'),
    });
    return new Stage(server, proxy, directory);
  }

  /** Everything as it was, and known to the proxy. */
  async reset(): Promise<void> {
    await this.closeClients();
    const beside = await this.beside();
    await beside.query(setUp);
    const client = await this.governed();
    // What is not known makes the proxy look at the database.
    await client.query('SELECT 1 FROM ground.nothing').catch(() => undefined);
    await client.query('SELECT x FROM ground.shown');
    await client.query('SELECT label FROM ground.things');
  }

  async governed(): Promise<Client> {
    return this.#connect(`postgres://dev:${password}@127.0.0.1:${this.#proxy.port}/shop`);
  }

  async beside(): Promise<Client> {
    return this.#connect(this.#server.url());
  }

  async #connect(url: string): Promise<Client> {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    this.#open.push(client);
    return client;
  }

  /** Resolves once a session waits for a lock. */
  async untilOneWaits(): Promise<void> {
    const beside = await this.beside();
    for (;;) {
      const { rows } = await beside.query(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'`);
      if (rows.length > 0) return;
    }
  }

  async closeClients(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((client) => client.end().catch(() => undefined)));
  }

  async stop(): Promise<void> {
    await this.closeClients();
    await this.#proxy.stop();
    await this.#server.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** All that the client was told: rows, or the error. */
async function told(client: Client, text: string, values?: unknown[]): Promise<string> {
  try {
    const results = await client.query(text, values);
    return JSON.stringify([results].flat().map(({ rows, rowCount }) => [rows, rowCount]));
  } catch (error) {
    const { message, detail } = error as Error & { detail?: string };
    return `error: ${message} ${detail ?? ''}`;
  }
}

const secrets = ['quen', 'zora', 'neuq'];

function expectNothing(answer: string): void {
  for (const secret of secrets) expect(answer.toLowerCase()).not.toContain(secret);
}

/** Rows came, and show what a mask leaves. */
function expectMasked(answer: string): void {
  expectNothing(answer);
  expect(answer).toMatch(/^(?!error).*•••/);
}

const changes: readonly { name: string; change: string; reads: readonly string[] }[] = [
  {
    name: 'a view',
    change: showsPeople,
    reads: [
      'SELECT x FROM ground.shown',
      'SELECT upper(x) FROM ground.shown',
      'SELECT s FROM ground.shown s',
      'SELECT (SELECT max(x) FROM ground.shown)',
      'WITH w AS (SELECT x FROM ground.shown) SELECT * FROM w',
      `COPY (SELECT x FROM ground.shown) TO STDOUT`,
    ],
  },
  {
    name: 'a function',
    change: tellsPeople,
    reads: [
      'SELECT ground.told(1)',
      'SELECT id, ground.told(id) FROM ground.things',
      'SELECT reverse(ground.told(1))',
    ],
  },
];

const waits: readonly { name: string; lock: string; change: string; read: string }[] = [
  { name: 'a view', lock: 'LOCK ground.shown', change: showsPeople, read: 'SELECT x FROM ground.shown' },
  {
    name: 'a view, in an expression',
    lock: 'LOCK ground.shown',
    change: showsPeople,
    read: 'SELECT reverse(x) FROM ground.shown',
  },
  {
    name: 'a table, by its name',
    lock: 'LOCK ground.things',
    change: swapsTables,
    read: 'SELECT left(label, 4) FROM ground.things',
  },
];

describe.each(versions)('on PostgreSQL %i', (version) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open(version);
  }, 60_000);
  afterAll(() => stage.stop());
  beforeEach(() => stage.reset());

  describe.each(changes)('$name that others have changed a moment ago', ({ change, reads }) => {
    it.each(reads)('%s', async (read) => {
      const client = await stage.governed();
      const beside = await stage.beside();
      await told(client, read);
      await beside.query(change);
      const direct = read.startsWith('COPY') ? undefined : await told(beside, read);
      if (direct !== undefined)
        expect(secrets.some((secret) => direct.toLowerCase().includes(secret))).toBe(true);
      expectNothing(await told(client, read));
      if (!read.startsWith('COPY')) expectNothing(await told(client, `${read} LIMIT $1`, [2]));
      expect(await told(client, 'SELECT 7 AS seven')).toContain('"seven":7');
    });
  });

  describe.each(waits)('$name that others change while it waits', ({ lock, change, read }) => {
    it.each(['beside the proxy', 'through it'])('%s', async (way) => {
      const other = await (way === 'through it' ? stage.governed() : stage.beside());
      const [simple, extended] = [await stage.governed(), await stage.governed()];
      await other.query('BEGIN');
      await other.query(lock);
      const answers = [told(simple, read), told(extended, `${read} LIMIT $1`, [2])];
      await stage.untilOneWaits();
      await other.query(change);
      await other.query('COMMIT');
      for (const answer of await Promise.all(answers)) expectMasked(answer);
    });
  });

  it('a table that is not there yet when the message is judged', async () => {
    const [client, other] = [await stage.governed(), await stage.governed()];
    const beside = await stage.beside();
    await beside.query('SELECT pg_advisory_lock(7)');
    const answer = told(client, 'SELECT pg_advisory_lock_shared(7); SELECT left(label, 4) FROM ground.fresh');
    await stage.untilOneWaits();
    await other.query('CREATE TABLE ground.fresh AS SELECT email AS label FROM ground.people');
    await beside.query('SELECT pg_advisory_unlock(7)');
    expectNothing(await answer);
  });

  it('a condition that has become one on protected values tells nothing', async () => {
    const client = await stage.governed();
    const beside = await stage.beside();
    const read = `SELECT count(*) AS found FROM ground.shown WHERE x LIKE 'quen%'`;
    expect(await told(client, read)).toContain('"found":"0"');
    await beside.query(showsPeople);
    expect(await told(client, read)).toMatch(/^error/);
  });

  it('a copy of a view that has changed is protected as what it shows now', async () => {
    const client = await stage.governed();
    const beside = await stage.beside();
    await told(client, 'CREATE TABLE ground.copied AS SELECT x FROM ground.shown');
    await client.query('DROP TABLE ground.copied');
    await beside.query(showsPeople);
    await told(client, 'CREATE TABLE ground.copied AS SELECT x FROM ground.shown');
    expectNothing(await told(client, 'SELECT x FROM ground.copied'));
  });

  it.each([
    [showsPeople, 'SELECT x FROM ground.shown'],
    [showsPeople, 'SELECT reverse(x) FROM ground.shown'],
    [tellsPeople, 'SELECT ground.told(1)'],
    [swapsTables, 'SELECT left(label, 4) FROM ground.things'],
    ['CREATE TEMP VIEW shown AS SELECT left(email, 4) AS x FROM ground.people', 'SELECT x FROM shown'],
    ['CREATE VIEW ground.made AS SELECT left(email, 4) AS x FROM ground.people', 'SELECT x FROM ground.made'],
    [
      'CREATE VIEW ground.made AS SELECT x FROM ground.shown; ALTER TABLE ground.made RENAME TO more',
      'SELECT x FROM ground.more',
    ],
  ])('what the session itself has changed counts at once: %s', async (change, read) => {
    const client = await stage.governed();
    await client.query('BEGIN');
    await client.query(change).catch(() => undefined);
    expectNothing(await told(client, read));
    await client.query('ROLLBACK');
    const again = await stage.governed();
    await told(again, `BEGIN; ${change}`);
    expectNothing(await told(again, `${read} LIMIT $1`, [1]));
  });

  it('a cursor keeps what it was opened on, whatever becomes of that', async () => {
    const client = await stage.governed();
    const beside = await stage.beside();
    await beside.query('CREATE TABLE ground.gone AS SELECT email AS label FROM ground.people');
    await client.query('SELECT 1 FROM ground.nothing').catch(() => undefined);
    await beside.query(showsPeople);
    await client.query('BEGIN');
    await client.query('DECLARE a CURSOR WITH HOLD FOR SELECT x FROM ground.shown');
    await client.query('DECLARE b CURSOR WITH HOLD FOR SELECT email FROM ground.people');
    await client.query('DECLARE c CURSOR WITH HOLD FOR SELECT left(label, 4) FROM ground.gone');
    await client.query('COMMIT');
    await beside.query(`${showsThings}; DROP VIEW ground.shown; DROP TABLE ground.people, ground.gone`);
    await client.query('SELECT 1 FROM ground.nothing').catch(() => undefined);
    for (const name of ['a', 'b', 'c']) expectMasked(await told(client, `FETCH ALL FROM ${name}`));
  });

  it('harmless changes by others leave those who wait their rows and their session', async () => {
    const client = await stage.governed();
    const beside = await stage.beside();
    await beside.query('BEGIN');
    await beside.query('LOCK ground.things');
    const answer = told(client, 'SELECT upper(label) AS loud FROM ground.things ORDER BY id');
    await stage.untilOneWaits();
    await beside.query('ALTER TABLE ground.things ADD COLUMN size int');
    await beside.query('CREATE TABLE ground.other (id int)');
    await beside.query('COMMIT');
    expect(await answer).toBe(JSON.stringify([[[{ loud: 'PLAIN' }, { loud: 'GRAIN' }], 2]]));
    expect(await told(client, 'SELECT x FROM ground.shown ORDER BY id')).toContain('plain');
  });
});
