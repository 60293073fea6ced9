/** One PostgreSQL with both databases, each twice, behind one proxy. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { createLog } from '../../../proxy/kit/log.ts';
import { startProxy } from '../../../proxy/startProxy.ts';
import { startTestPostgres } from '../../kit/postgres.ts';
import { clinicFixture } from './clinicFixture.ts';
import { MarkFinder } from './findMarks.ts';
import type { Base } from './leakCase.ts';
import { Secrets, type Twin } from './secrets.ts';
import { shopFixture } from './shopFixture.ts';

const password = 'correct-horse';
const fixtures = { shop: shopFixture, clinic: clinicFixture } as const;
export const bases: readonly Base[] = ['shop', 'clinic'];
export const twins: readonly Twin[] = ['a', 'b'];

export interface Arena {
  /** Through the proxy, in environment development, as a developer. */
  url(base: Base, twin: Twin): string;
  direct(base: Base, twin: Twin): string;
  /** What stands in the first twin. */
  readonly finder: MarkFinder;
  /** With the twin's own values in place of `{{email 3}}`. */
  fill(twin: Twin, text: string): string;
  oid(base: Base, twin: Twin, signature: string): Promise<number>;
  /** The text of all records, once what is pending has been written. */
  readRecords(): Promise<string>;
  /** Past the proxy, as the owner. */
  beside(base: Base, twin: Twin, sql: string): Promise<void>;
  /** Moves with every row that is written. */
  mark(): Promise<string>;
  /** Makes both twins as they were in the beginning. */
  restore(base: Base): Promise<void>;
  stop(): Promise<void>;
}

export async function openArena(version: 15 | 18): Promise<Arena> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'portcullis-leaks-'));
  const server = await startTestPostgres({
    version,
    settings: { autovacuum: 'off', fsync: 'off', full_page_writes: 'off', max_connections: '100' },
  });
  const open = async (database: string) => {
    const client = new Client({ connectionString: server.url(database) });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  const admin = await open('postgres');
  const owners = new Map<string, Client>();
  const secrets = { a: new Secrets('a'), b: new Secrets('b') } as const;
  const make = async (name: string) => {
    await admin.query(`CREATE DATABASE ${name} TEMPLATE pattern_${name}`);
    owners.set(name, await open(name));
  };
  const databases = bases.flatMap((base) => twins.map((twin) => ({ base, twin, name: `${base}_${twin}` })));
  for (const { base, twin, name } of databases) {
    await admin.query(`CREATE DATABASE pattern_${name}`);
    const pattern = await open(`pattern_${name}`);
    await pattern.query(fixtures[base](secrets[twin]));
    await pattern.end();
    await make(name);
  }
  const proxy = await startProxy({
    dataDirectory,
    connections: databases.map(({ name }) => ({ name, environment: 'development', url: server.url(name) })),
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
  const owner = (name: string): Client => {
    const client = owners.get(name);
    if (client === undefined) throw new Error(`no database ${name}`);
    return client;
  };
  return {
    url: (base, twin) => `postgres://dev:${password}@127.0.0.1:${proxy.port}/${base}_${twin}`,
    direct: (base, twin) => server.url(`${base}_${twin}`),
    finder: new MarkFinder(secrets.a),
    fill: (twin, text) =>
      text
        .replaceAll('{{twin}}', twin)
        .replaceAll('{{password}}', server.password)
        .replaceAll(
          /\{\{(email|ssn|phone|card|iban) (\d+)\}\}/g,
          (_, kind: 'email' | 'ssn' | 'phone' | 'card' | 'iban', row: string) =>
            secrets[twin][kind](Number(row)),
        ),
    oid: async (base, twin, signature) => {
      const { rows } = await owner(`${base}_${twin}`).query<{ oid: number }>(
        'SELECT $1::regprocedure::oid AS oid',
        [signature],
      );
      return Number(rows[0]?.oid);
    },
    readRecords: async () => {
      await new Promise((resolve) => setTimeout(resolve, 60)); // outcomes are written within 20 ms
      const folder = join(dataDirectory, 'journal');
      return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
        .join('\n');
    },
    beside: async (base, twin, sql) => {
      await owner(`${base}_${twin}`).query(sql);
    },
    mark: async () => {
      const { rows } = await admin.query<{ mark: string }>(
        'SELECT pg_snapshot_xmax(pg_current_snapshot()) AS mark',
      );
      return String(rows[0]?.mark);
    },
    restore: async (base) => {
      // The server makes one database at a time; the proxy looks at both at once.
      for (const name of twins.map((twin) => `${base}_${twin}`)) {
        await owner(name).end();
        await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
        await make(name);
      }
      await Promise.all(
        twins.map(async (twin) => {
          const connection = proxy.connections.get(`${base}_${twin}`);
          await connection?.refresh().catch(() => connection.refresh());
        }),
      );
    },
    stop: async () => {
      await proxy.stop();
      for (const client of owners.values()) await client.end();
      await admin.end();
      await server.stop();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}
