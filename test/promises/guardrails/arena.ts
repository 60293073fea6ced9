/** One PostgreSQL with the fixture behind one proxy: restored from a template, and compared by a fingerprint of everything. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { createLog } from '../../../proxy/kit/log.ts';
import { startProxy } from '../../../proxy/startProxy.ts';
import type { Person } from '../../kit/governed.ts';
import { startTestPostgres } from '../../kit/postgres.ts';
import { fixture, fixtureRoles } from './fixture.ts';
import type { Place } from './guardCase.ts';

const password = 'correct-horse';
const people: Readonly<Record<Person, string>> = {
  dev: 'developers',
  reviewer: 'reviewers',
  auditor: 'auditors',
  stranger: 'visitors',
};
const environments: Readonly<Record<Place, string>> = {
  production: 'production',
  staging: 'staging',
  development: 'development',
  misspelt: 'Devlopment',
};

export interface State {
  /** What rows there are, by relation: the same after the same statements, wherever they ran. */
  readonly content: string;
  /** The same with the versions of all rows: the same only where nothing was written. */
  readonly exact: string;
}

export interface Arena {
  readonly port: number;
  /** Files in /tmp that cases try to write begin with this: no two arenas share it. */
  readonly filePrefix: string;
  url(place: Place, person: Person): string;
  direct(): string;
  /** Past the proxy, as the owner. */
  beside(sql: string): Promise<void>;
  /** Waits until no more than so many sessions are left: those who have just left may still be going. */
  state(sessions: number): Promise<State>;
  /** Makes everything as it was in the beginning; what belongs to the whole server only where it is said to have changed. */
  restore(isServerChanged: boolean): Promise<void>;
  /** The proxy looks at the schema now instead of when it is due. */
  refresh(place: Place): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Every table of every schema, the server's own included: rows, their texts where the table is a user's, and their versions.
 * Temporary objects go with their session.
 */
const stateQuery = `
  SELECT string_agg(concat_ws(' ', name, rows, content), E'\\n' ORDER BY name) AS content,
         string_agg(concat_ws(' ', name, rows, content, versions), E'\\n' ORDER BY name) AS exact
  FROM (
    SELECT c.oid::regclass::text AS name, x[1]::text AS rows, x[2]::text AS content, x[3]::text AS versions
    FROM pg_class c, LATERAL xpath('/row/*/text()', query_to_xml(format(
      CASE WHEN c.relkind = 'S' THEN 'SELECT 1 AS a, concat(last_value, is_called) AS b, 1 AS c FROM %1$s'
           ELSE 'SELECT count(*) AS a, %2$s AS b, coalesce(sum(hashtid(t.ctid)::bigint), 0) AS c FROM %1$s t %3$s' END,
      c.oid::regclass,
      CASE WHEN c.oid < 16384 THEN '0' ELSE 'coalesce(sum(hashtextextended(t::text, 0)), 0)' END,
      CASE c.relname WHEN 'pg_namespace' THEN 'WHERE nspname !~ ''temp_''' WHEN 'pg_database' THEN 'WHERE datname <> current_database()'
        ELSE '' END
    ), false, true, '')) x
    WHERE c.relkind IN ('r', 'S', 'm') AND c.relpersistence <> 't' AND c.relname <> 'pg_statistic' AND c.relname <> 'pg_largeobject'
    UNION ALL SELECT 'view ' || c.oid::regclass, md5(pg_get_viewdef(c.oid)), '', '' FROM pg_class c
      WHERE relkind IN ('v', 'm') AND oid >= 16384 AND relpersistence <> 't'
    UNION ALL SELECT 'function ' || p.oid::regprocedure, md5(pg_get_functiondef(p.oid)), p.proacl::text, p.proowner::regrole::text FROM pg_proc p
      WHERE oid >= 16384 AND prokind <> 'a'
    UNION ALL SELECT 'grants', md5(string_agg(concat(oid::regclass, relacl, relowner::regrole), ' ' ORDER BY oid::regclass::text)), '', ''
      FROM pg_class WHERE relacl IS NOT NULL AND relpersistence <> 't'
    UNION ALL SELECT 'large objects', count(*)::text, '', '' FROM pg_largeobject_metadata
    UNION ALL SELECT 'statistics', count(*)::text, '', '' FROM pg_statistic
    UNION ALL SELECT 'prepared', count(*)::text, '', '' FROM pg_prepared_xacts
    UNION ALL SELECT 'slots', count(*)::text, '', '' FROM pg_replication_slots
    UNION ALL SELECT 'settings', md5(pg_read_file('postgresql.auto.conf')), '', ''
    UNION ALL SELECT 'origins', count(*)::text, '', '' FROM pg_replication_origin
    UNION ALL SELECT 'roles', string_agg(concat(rolname, rolsuper, rolcanlogin, rolpassword), ' ' ORDER BY rolname), '', '' FROM pg_authid
  ) AS relation`;

/**
 * Whether anything can have changed at all, for a fraction of the cost: whoever writes a row takes the next transaction id. What
 * changes without one is named. And whether sessions that have just left are still going.
 */
const markQuery = `
  SELECT concat_ws(' ', pg_snapshot_xmax(pg_current_snapshot()),
           (SELECT concat(last_value, is_called) FROM tickets), md5(pg_read_file('postgresql.auto.conf')),
           (SELECT count(*) FROM pg_replication_slots), (SELECT count(*) FROM pg_prepared_xacts)) AS mark,
         (SELECT count(*) > $1 FROM pg_stat_activity
          WHERE datname = 'shop' AND pid <> pg_backend_pid() AND application_name <> 'portcullis') AS busy`;

export async function openArena(version: 15 | 18): Promise<Arena> {
  const filePrefix = `portcullis-guardrail-${process.pid}-${version}-`;
  const dataDirectory = mkdtempSync(join(tmpdir(), 'portcullis-guardrails-'));
  const server = await startTestPostgres({
    version,
    settings: {
      autovacuum: 'off',
      fsync: 'off',
      full_page_writes: 'off',
      max_prepared_transactions: '4',
      wal_level: 'logical',
    },
  });
  const open = async (database: string) => {
    const client = new Client({ connectionString: server.url(database) });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  const admin = await open('postgres');
  await admin.query('CREATE DATABASE pattern');
  const pattern = await open('pattern');
  await pattern.query(fixture);
  await pattern.end();
  await admin.query('CREATE DATABASE shop TEMPLATE pattern');
  let owner = await open('shop');
  const proxy = await startProxy({
    dataDirectory,
    connections: Object.entries(environments).map(([name, environment]) => ({
      name,
      environment,
      url: server.url('shop'),
    })),
    accounts: Object.entries(people).map(([user, group]) => ({
      user,
      password,
      identity: { subject: user, email: `${user}@example.com`, groups: [group] },
    })),
    port: 0,
    log: createLog('error'),
  });

  let known: { mark: string; state: State } | undefined;
  const readMark = async (sessions: number) => {
    const deadline = Date.now() + 10_000;
    while (Date.now() < deadline) {
      const { rows } = await owner.query<{ busy: boolean; mark: string }>(markQuery, [sessions]);
      if (rows[0]?.busy === false) return rows[0].mark;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const { rows } = await owner.query(
      'SELECT pid, application_name, state, query FROM pg_stat_activity WHERE datname = $1',
      ['shop'],
    );
    throw new Error(`sessions of the case do not end: ${JSON.stringify(rows)}`);
  };
  const state = async (sessions: number) => {
    const files = readdirSync('/tmp').filter((name) => name.startsWith(filePrefix));
    const mark = `${await readMark(sessions)} ${files}`;
    if (mark === known?.mark) return known.state;
    const { rows } = await owner.query<State>(stateQuery);
    const [found] = rows;
    if (found === undefined) throw new Error('the state cannot be read');
    known = { mark, state: { content: `${found.content}\n${files}`, exact: `${found.exact}\n${files}` } };
    return known.state;
  };
  const refresh = async (place: Place) => {
    const connection = proxy.connections.get(place);
    await connection?.refresh().catch(() => connection.refresh());
  };
  return {
    port: proxy.port,
    filePrefix,
    url: (place, person) => `postgres://${person}:${password}@127.0.0.1:${proxy.port}/${place}`,
    direct: () => server.url('shop'),
    beside: async (sql) => {
      await owner.query(sql);
    },
    state,
    restore: async (isServerChanged) => {
      if (isServerChanged) await cleanServer(admin, owner, filePrefix);
      await owner.end();
      await admin.query('DROP DATABASE shop WITH (FORCE)');
      if (isServerChanged) await dropRoles(admin);
      await admin.query('CREATE DATABASE shop TEMPLATE pattern');
      owner = await open('shop');
    },
    refresh,
    stop: async () => {
      await proxy.stop();
      await owner.end();
      await admin.end();
      await server.stop();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** What belongs to the whole server, and so would outlive the database. */
async function cleanServer(admin: Client, owner: Client, filePrefix: string): Promise<void> {
  const { rows } = await owner.query<{ text: string }>(`
    SELECT format('ROLLBACK PREPARED %L', gid) AS text FROM pg_prepared_xacts
    UNION ALL SELECT format('SELECT pg_drop_replication_slot(%L)', slot_name) FROM pg_replication_slots
    UNION ALL SELECT format('SELECT pg_replication_origin_drop(%L)', roname) FROM pg_replication_origin
    UNION ALL SELECT format('DROP DATABASE %I', datname) FROM pg_database
      WHERE datname NOT IN ('postgres', 'template0', 'template1', 'pattern', 'shop')
    UNION ALL SELECT format('ALTER ROLE %s RESET ALL', CASE setrole WHEN 0 THEN 'ALL' ELSE setrole::regrole::text END)
      FROM pg_db_role_setting WHERE setdatabase = 0`);
  for (const { text } of rows) await owner.query(text);
  await admin.query('ALTER SYSTEM RESET ALL');
  for (const name of readdirSync('/tmp')) {
    if (name.startsWith(filePrefix)) rmSync(join('/tmp', name), { recursive: true, force: true });
  }
}

async function dropRoles(admin: Client): Promise<void> {
  const { rows } = await admin.query<{ text: string }>(
    `SELECT format('DROP ROLE %I', rolname) AS text FROM pg_roles WHERE oid >= 16384 AND rolname <> ALL ($1)`,
    [fixtureRoles],
  );
  for (const { text } of rows) await admin.query(text);
}
