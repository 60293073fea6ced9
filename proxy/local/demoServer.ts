/** The demo: an embedded PostgreSQL with the demo database, and the role that the proxy logs in with. */
import { Client } from 'pg';
import type { Log } from '../kit/log.ts';
import { createDemoDatabase, demoRole } from './demoDatabase.ts';
import { startEmbeddedPostgres } from './embeddedPostgres.ts';
import type { UpState } from './upState.ts';

const database = 'demo';

export interface DemoServer {
  /** For the proxy: a role that is no superuser. */
  readonly url: string;
  /** For people who set things up beside the proxy: the owner of the server. */
  readonly direct: string;
  stop(): Promise<void>;
}

export interface DemoServerOptions {
  readonly dataDir: string;
  readonly state: UpState;
  readonly log: Log;
  readonly progress: (step: string) => void;
}

/** Starts the server and fills the database on its first start. */
export async function startDemoServer({
  dataDir,
  state,
  log,
  progress,
}: DemoServerOptions): Promise<DemoServer> {
  progress('starting PostgreSQL');
  const server = await startEmbeddedPostgres({ dataDir, password: state.serverPassword, log });
  try {
    await fillOnce(server.url('postgres'), server.url(database), state.rolePassword, progress);
  } catch (error) {
    await server.stop();
    throw error;
  }
  const url = new URL(server.url(database));
  url.username = demoRole;
  url.password = state.rolePassword;
  return { url: url.href, direct: server.url(database), stop: () => server.stop() };
}

/** The database gets its name last: one that stands is complete, whatever interrupted an earlier start. */
async function fillOnce(
  adminUrl: string,
  demoUrl: string,
  rolePassword: string,
  progress: (step: string) => void,
): Promise<void> {
  const admin = await connect(adminUrl);
  try {
    const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [database]);
    if (rowCount !== 0) return;
    progress('making the demo database');
    const unfinished = `${database}_unfinished`;
    await admin.query(`DROP DATABASE IF EXISTS ${unfinished}`);
    await admin.query(`CREATE DATABASE ${unfinished}`);
    const url = new URL(demoUrl);
    url.pathname = `/${unfinished}`;
    const demo = await connect(url.href);
    try {
      await createDemoDatabase(demo, { rolePassword });
    } finally {
      await demo.end();
    }
    await admin.query(`ALTER DATABASE ${unfinished} RENAME TO ${database}`);
  } finally {
    await admin.end();
  }
}

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return client;
}
