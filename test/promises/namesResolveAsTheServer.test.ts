/**
 * A name without a schema means to the proxy what it means to the server, in that session, at that moment; where that cannot
 * be known it means all that it may. Each history ends by reading `notes`, whose rows tell which of the tables it was.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { serialize } from 'pg-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JournalEvent } from '../../proxy/audit/events.ts';
import { readJournal } from '../../proxy/audit/journal/readJournal.ts';
import { createLog } from '../../proxy/kit/log.ts';
import { type RunningProxy, startProxy } from '../../proxy/startProxy.ts';
import { hasPostgres15, startTestPostgres, type TestPostgres } from '../kit/postgres.ts';
import { WireClient } from '../kit/wireClient.ts';
import { type History, histories, namesSetup } from './names/histories.ts';

const versions = hasPostgres15() ? ([15, 18] as const) : ([18] as const);
const password = 'correct-horse';

class Stage {
  readonly server: TestPostgres;
  readonly proxy: RunningProxy;
  readonly #directory: string;
  #looks = 0;

  private constructor(server: TestPostgres, proxy: RunningProxy, directory: string) {
    this.server = server;
    this.proxy = proxy;
    this.#directory = directory;
  }

  static async open(version: 15 | 18): Promise<Stage> {
    const server = await startTestPostgres({ version });
    const setUp = new Client({ connectionString: server.url() });
    await setUp.connect();
    await setUp.query(namesSetup);
    await setUp.end();
    const asClerk = new URL(server.url());
    asClerk.username = 'clerk';
    asClerk.password = 'clerk';
    const directory = mkdtempSync(join(tmpdir(), 'portcullis-names-'));
    const proxy = await startProxy({
      dataDirectory: directory,
      connections: [
        { name: 'shop', environment: 'development', url: server.url() },
        { name: 'clerk', environment: 'development', url: asClerk.href },
      ],
      accounts: ['dev'].map((user) => ({
        user,
        password,
        identity: { subject: user, email: `${user}@example.com`, groups: ['developers'] },
      })),
      port: 0,
      log: createLog('error'),
    });
    return new Stage(server, proxy, directory);
  }

  async connect(connection = 'shop', options = ''): Promise<Client> {
    const url = `postgres://dev:${password}@127.0.0.1:${this.proxy.port}/${connection}`;
    const client = new Client({ connectionString: url, ...(options && { options }) });
    await client.connect();
    return client;
  }

  async direct(text: string): Promise<void> {
    const client = new Client({ connectionString: this.server.url() });
    await client.connect();
    await client.query(text).finally(() => client.end());
  }

  /** Which table the server reads, which one it says that the name means, and which one the proxy has judged. */
  async look(client: Client, relation = 'notes'): Promise<{ server: string; said: string; proxy: string }> {
    this.#looks += 1;
    const mark = `look_${this.#looks}`;
    const { rows } = await client.query(`SELECT whose AS ${mark} FROM ${relation}`);
    const quoted = relation.replaceAll("'", "''");
    const named = await client.query(
      `SELECT n.nspname::text AS said FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE c.oid = '${quoted}'::pg_catalog.regclass`,
    );
    const event = (await this.events()).find((recorded) => JSON.stringify(recorded).includes(`${mark} `));
    const [judged] = relationsOf(event);
    return {
      server: rows[0]?.[mark] ?? 'none',
      said: named.rows[0]?.said,
      proxy: judged?.schema ?? 'in doubt',
    };
  }

  async events(): Promise<JournalEvent[]> {
    const events: JournalEvent[] = [];
    for await (const event of readJournal(join(this.#directory, 'journal'))) events.push(event);
    return events;
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
    await this.server.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function relationsOf(event: JournalEvent | undefined): readonly { schema?: string; name: string }[] {
  return event?.kind === 'intent' ? event.relations : [];
}

async function go(stage: Stage, client: Client, history: History, others: Client[]): Promise<void> {
  for (const step of history.steps) {
    if (typeof step === 'string') await client.query(step);
    else if ('fails' in step) await expect(client.query(step.fails)).rejects.toThrow();
    else if ('past' in step) await stage.direct(step.past);
    else {
      const other = await stage.connect(history.connection);
      others.push(other);
      for (const text of step.others) await other.query(text);
    }
  }
}

describe.each(versions)('on PostgreSQL %i', (version) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open(version);
  }, 60_000);
  afterAll(() => stage?.stop());

  it.each(histories.map((history) => [history.title, history] as const))('%s', async (_, history) => {
    const others: Client[] = [];
    const client = await stage.connect(history.connection, history.options);
    try {
      await go(stage, client, history, others);
      const { server, said, proxy } = await stage.look(client, history.relation);
      expect(server).toBe(history.means);
      expect(said.startsWith('pg_temp') ? 'temporary' : said).toBe(history.means);
      expect(proxy).toBe(history.doubt === undefined ? history.means : 'in doubt');
    } finally {
      for (const each of [client, ...others]) await each.end();
      if (history.after !== undefined) await stage.direct(history.after);
    }
  });
});

/** Classified in `b` alone: a search in it is a search for personal data there, and harmless elsewhere. */
const search = `SELECT count(*)::int AS n FROM notes WHERE contact LIKE 'line 1%'`;
const refused = { code: '42501', message: expect.stringContaining('contact is protected') };

describe.each(versions)('what is judged by it, on PostgreSQL %i', (version) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open(version);
  }, 60_000);
  afterAll(() => stage?.stop());

  async function using(run: (client: Client) => Promise<void>, options = ''): Promise<void> {
    const client = await stage.connect('shop', options);
    try {
      await run(client);
    } finally {
      await client.end();
    }
  }

  it('the harmless table of a name that is protected elsewhere may be searched, and the other may not', () =>
    using(async (client) => {
      await client.query('SET search_path = a, b');
      expect((await client.query(search)).rows).toEqual([{ n: 11 }]);
      await client.query('SET search_path = b, a');
      await expect(client.query(search)).rejects.toMatchObject(refused);
      await client.query('SET search_path = a, b');
      expect((await client.query(search)).rows).toEqual([{ n: 11 }]);
    }));

  it('its rows come as they are, and those of the other masked', () =>
    using(async (client) => {
      const read = 'SELECT contact FROM notes ORDER BY whose LIMIT 1';
      await client.query('SET search_path = a');
      expect((await client.query(read)).rows[0].contact).toMatch(/^line/);
      await client.query('SET search_path = b');
      expect((await client.query(read)).rows[0].contact).not.toMatch(/ada\d*@secret/);
    }));

  it('every statement that names it, not SELECT alone', () =>
    using(async (client) => {
      const texts = [
        `EXPLAIN ${search}`,
        `DECLARE c CURSOR FOR ${search}`,
        `PREPARE p AS ${search}`,
        `CREATE TEMP TABLE found AS ${search}`,
        `WITH w AS (${search}) SELECT n FROM w`,
        `UPDATE notes SET whose = whose WHERE contact LIKE 'line 1%'`,
        `DELETE FROM notes WHERE contact ~ '^nobody'`,
        `COPY (${search}) TO STDOUT`,
      ];
      for (const [schema, passes] of [
        ['a', true],
        ['b', false],
      ] as const) {
        for (const text of texts) {
          await client.query('BEGIN');
          await client.query(`SET LOCAL search_path = ${schema}`);
          const run = client.query(
            text.startsWith('COPY') ? text.replace(/^COPY \((.*)\) TO STDOUT$/, '$1') : text,
          );
          if (passes) await run;
          else await expect(run, text).rejects.toMatchObject({ code: '42501' });
          await client.query('ROLLBACK');
        }
      }
    }));

  it('a statement prepared on one path, and run on another', () =>
    using(async (client) => {
      const prepared = { name: 'search', text: search };
      await client.query('SET search_path = a');
      expect((await client.query(prepared)).rows).toEqual([{ n: 11 }]);
      await client.query('SET search_path = b');
      await expect(client.query(prepared)).rejects.toMatchObject(refused);
      await client.query('SET search_path = a');
      expect((await client.query(prepared)).rows).toEqual([{ n: 11 }]);
    }));

  it('PREPARE on one path, and EXECUTE on another', () =>
    using(async (client) => {
      await client.query('SET search_path = a');
      await client.query(`PREPARE search AS ${search}`);
      expect((await client.query('EXECUTE search')).rows).toEqual([{ n: 11 }]);
      await client.query('SET search_path = b');
      await expect(client.query('EXECUTE search')).rejects.toMatchObject(refused);
      await client.query('SET search_path = a');
      expect((await client.query('EXECUTE search')).rows).toEqual([{ n: 11 }]);
    }));

  it('a message that moves the path before it reads', () =>
    using(async (client) => {
      await client.query('SET search_path = a');
      await expect(client.query(`SET search_path = b; ${search}`)).rejects.toMatchObject(refused);
      await expect(client.query(`SELECT move_to_b(); ${search}`)).rejects.toMatchObject(refused);
      await client.query('BEGIN; SET LOCAL search_path = a');
      await client.query('ROLLBACK');
      await client.query(`SET search_path = b`);
      await client.query('BEGIN; SET LOCAL search_path = a');
      expect((await client.query(search)).rows).toEqual([{ n: 11 }]);
      await expect(client.query(`ROLLBACK; ${search}`)).rejects.toMatchObject(refused);
    }));

  it('what is sent ahead, before the answer to what moves the path', async () => {
    const url = `postgres://dev:${password}@127.0.0.1:${stage.proxy.port}/shop`;
    const client = await WireClient.connect(url);
    const ask = (text: string) => serialize.query(text);
    const extended = (text: string) =>
      Buffer.concat([serialize.parse({ text }), serialize.bind({}), serialize.execute({})]);
    const types = async (count: number) =>
      (await client.until('Z', count))
        .map(({ type }) => type)
        .filter((type) => 'CEZ'.includes(type))
        .join('');
    try {
      client.send(ask('SET search_path = a'), ask(search), ask('SET search_path = b'), ask(search));
      expect(await types(4)).toBe('CZCZCZEZ');
      client.send(ask('BEGIN'), ask('SET LOCAL search_path = a'), ask(search), ask('COMMIT'), ask(search));
      expect(await types(5)).toBe('CZCZCZCZEZ');
      // Without a Sync in between: one segment, one transaction.
      client.send(extended('SET search_path = a'), extended(search), serialize.sync());
      expect(await types(1)).toBe('CCZ');
      client.send(extended('SET search_path = b'), extended(search), serialize.sync());
      expect(await types(1)).toBe('CEZ');
      // The error has taken the path back.
      client.send(ask(search));
      expect(await types(1)).toBe('CZ');
      client.send(
        ask('BEGIN'),
        ask('SET search_path = b'),
        ask('SELECT 1 / 0'),
        ask(search),
        ask('ROLLBACK'),
        ask(search),
      );
      expect(await types(6)).toBe('CZCZEZEZCZCZ');
      // What is local ends with the Sync.
      const local = extended(`SELECT set_config('search_path', 'b', true)`);
      client.send(local, extended('SELECT 1 FROM notes LIMIT 1'), serialize.sync());
      expect(await types(1)).toBe('CCZ');
      client.send(ask(search));
      expect(await types(1)).toBe('CZ');
      // A portal that was bound before the path moved reads what it meant then: it may be any.
      const bound = [
        serialize.parse({ name: 's', text: search }),
        serialize.bind({ statement: 's', portal: 'p' }),
      ];
      const execute = serialize.execute({ portal: 'p' });
      client.send(...bound, extended('SET search_path = a'), execute, serialize.sync());
      expect(await types(1)).toBe('CCZ');
      client.send(serialize.close({ type: 'S', name: 's' }));
      client.send(...bound, extended('SET search_path = empty, a'), execute, serialize.sync());
      expect(await types(1)).toBe('CEZ');
    } finally {
      client.socket.destroy();
    }
  });

  it('a policy about a schema holds however the path leads there', () =>
    using(async (client) => {
      const insert = `INSERT INTO job (command) VALUES ('DROP TABLE a.notes')`;
      const denied = { code: '42501', message: expect.stringContaining('denied') };
      await client.query('SET search_path = cron, a');
      await expect(client.query(insert)).rejects.toMatchObject(denied);
      await client.query('CREATE TABLE a.job (command text)');
      await expect(client.query(insert)).rejects.toMatchObject(denied);
      await client.query('SET search_path = a, cron');
      // Until the catalog shows it there is but one table of that name.
      const inserted = () =>
        client.query(insert).then(
          ({ rowCount }) => rowCount,
          () => 0,
        );
      await expect.poll(inserted, { timeout: 20_000 }).toBe(1);
      await client.query('DROP TABLE a.job');
    }));

  it('a table planted before the one that is meant', () =>
    using(async (client) => {
      await client.query('SET search_path = empty, a');
      expect((await client.query(search)).rows).toEqual([{ n: 11 }]);
      await client.query('BEGIN');
      await client.query('CREATE VIEW empty.notes AS SELECT * FROM b.notes');
      await expect(client.query(search)).rejects.toMatchObject(refused);
      await client.query('ROLLBACK');
      expect((await client.query(search)).rows).toEqual([{ n: 11 }]);
      await client.query('CREATE VIEW empty.notes AS SELECT * FROM b.notes');
      await expect(client.query(search)).rejects.toMatchObject(refused);
      await client.query('DROP VIEW empty.notes');
      expect((await client.query(search)).rows).toEqual([{ n: 11 }]);
      await client.query('CREATE TEMP VIEW notes AS SELECT * FROM b.notes');
      await expect(client.query(search)).rejects.toMatchObject(refused);
    }));

  it('a function planted before the one that is meant', () =>
    using(async (client) => {
      await client.query('SET search_path = empty, a, pg_catalog');
      await client.query('SELECT length(whose) FROM notes LIMIT 1');
      await client.query(
        `CREATE FUNCTION empty.length(text) RETURNS int LANGUAGE sql AS $$ SELECT count(*)::int FROM b.notes WHERE contact LIKE $1 $$`,
      );
      const read = await client.query('SELECT length(whose) FROM notes LIMIT 1').catch((error) => error);
      expect(read.rows?.[0]?.length ?? null).toBeNull();
      await client.query('DROP FUNCTION empty.length(text)');
    }));

  it('the table that another session drops and puts another in the place of', async () => {
    const other = await stage.connect();
    try {
      await using(async (client) => {
        await client.query('SET search_path = empty, b');
        await other.query(`CREATE TABLE empty.notes AS SELECT 'line' AS contact`);
        expect((await client.query(search)).rows).toEqual([{ n: 0 }]);
        await other.query('BEGIN');
        await other.query('DROP TABLE empty.notes');
        // The other table may be meant at any time from now on.
        const waiting = client.query(search);
        await expect(waiting).rejects.toMatchObject(refused);
        await other.query('COMMIT');
        await expect(client.query(search)).rejects.toMatchObject(refused);
      });
    } finally {
      await other.end();
    }
  });

  it('a session that ends in the middle of its changes leaves the others no doubt', async () => {
    const other = await stage.connect();
    await other.query('BEGIN');
    await other.query('CREATE TABLE empty.unfinished (x int)');
    await using(async (client) => {
      await client.query('SET search_path = a');
      await expect(client.query(search)).rejects.toMatchObject(refused);
      await other.end();
      await expect
        .poll(
          () =>
            client.query(search).then(
              ({ rows }) => rows,
              () => [],
            ),
          { timeout: 20_000 },
        )
        .toEqual([{ n: 11 }]);
    });
  });
});
