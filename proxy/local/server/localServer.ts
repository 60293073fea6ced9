/** The embedded PostgreSQL of `portcullis up`: the collector's store, and the demo database where it is wanted. */
import { Client } from 'pg';
import type { Log } from '../../kit/log.ts';
import { createDemoDatabase, demoRole } from '../demo/demoDatabase.ts';
import { startEmbeddedPostgres } from './embeddedPostgres.ts';

const demoDatabase = 'demo';
/** Database and role of the same name. The demo's role may not even connect to it. */
const collectorDatabase = 'portcullis_collector';

export interface LocalServerOptions {
  readonly dataDir: string;
  /** Of the owner, the demo's role and the collector's role. */
  readonly passwords: { readonly server: string; readonly role: string; readonly collector: string };
  readonly log: Log;
}

export interface LocalServer {
  /** Makes the demo database on first use. `url` is a role that is no superuser; `direct` is the owner of the server. */
  demo(progress: (step: string) => void): Promise<{ readonly url: string; readonly direct: string }>;
  /** Makes the collector's database on first use; answers where it is. */
  collectorStore(): Promise<string>;
  stop(): Promise<void>;
}

export async function startLocalServer({
  dataDir,
  passwords,
  log,
}: LocalServerOptions): Promise<LocalServer> {
  const server = await startEmbeddedPostgres({ dataDir, password: passwords.server, log });
  const as = (user: string, password: string, database: string) => {
    const url = new URL(server.url(database));
    url.username = user;
    url.password = password;
    return url.href;
  };
  return {
    demo: async (progress) => {
      await fillDemoOnce(server.url, passwords.role, progress);
      return { url: as(demoRole, passwords.role, demoDatabase), direct: server.url(demoDatabase) };
    },
    collectorStore: async () => {
      await makeCollectorOnce(server.url('postgres'), passwords.collector);
      return as(collectorDatabase, passwords.collector, collectorDatabase);
    },
    stop: () => server.stop(),
  };
}

async function makeCollectorOnce(adminUrl: string, password: string): Promise<void> {
  await withClient(adminUrl, async (admin) => {
    if (await hasDatabase(admin, collectorDatabase)) return;
    await admin.query(`DROP ROLE IF EXISTS ${collectorDatabase}`);
    await admin.query(
      `CREATE ROLE ${collectorDatabase} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD ${admin.escapeLiteral(password)}`,
    );
    await admin.query(`CREATE DATABASE ${collectorDatabase} OWNER ${collectorDatabase}`);
    await admin.query(`REVOKE CONNECT ON DATABASE ${collectorDatabase} FROM PUBLIC`);
  });
}

/** The database gets its name last: one that stands is complete, whatever interrupted an earlier start. */
async function fillDemoOnce(
  urlOf: (database: string) => string,
  rolePassword: string,
  progress: (step: string) => void,
): Promise<void> {
  await withClient(urlOf('postgres'), async (admin) => {
    if (await hasDatabase(admin, demoDatabase)) return;
    progress('making the demo database');
    const unfinished = `${demoDatabase}_unfinished`;
    await admin.query(`DROP DATABASE IF EXISTS ${unfinished}`);
    await admin.query(`CREATE DATABASE ${unfinished}`);
    await withClient(urlOf(unfinished), (demo) => createDemoDatabase(demo, { rolePassword }));
    await admin.query(`ALTER DATABASE ${unfinished} RENAME TO ${demoDatabase}`);
  });
}

async function hasDatabase(admin: Client, name: string): Promise<boolean> {
  const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [name]);
  return rowCount !== 0;
}

async function withClient(url: string, use: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}
