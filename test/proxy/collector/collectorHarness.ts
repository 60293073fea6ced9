/** A collector over a real PostgreSQL with a real token issuer, and callers of it. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { Client, type QueryResultRow } from 'pg';
import type { JournalEvent } from '../../../proxy/audit/events.ts';
import {
  type CollectorSettings,
  type RunningCollector,
  startCollector,
} from '../../../proxy/collector/collector.ts';
import { createLog } from '../../../proxy/kit/log.ts';
import { startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';
import { audience, type Person, startIssuer, type TestIssuer } from './issuer.ts';

/** biome-ignore lint/suspicious/noExplicitAny: answers are looked at freely in tests */
export type Body = any;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export interface Harness {
  readonly postgres: TestPostgres;
  readonly issuer: TestIssuer;
  readonly collector: RunningCollector;
  readonly logged: string[];
  /** Another one over the same store; stop it yourself. */
  startAnother(changes?: Partial<CollectorSettings>): Promise<RunningCollector>;
  call(who: Person | string | undefined, method: string, path: string, body?: unknown): Promise<Answer>;
  callAt(
    url: string,
    who: Person | string | undefined,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<Answer>;
  stop(): Promise<void>;
}

export const secretUrl = 'postgres://shop:s3cret-of-shop@db.example.com/shop';

export async function startHarness(
  changes: Partial<CollectorSettings> = {},
  version: 15 | 18 = 18,
): Promise<Harness> {
  const [postgres, issuer] = await Promise.all([startTestPostgres({ version }), startIssuer()]);
  const logged: string[] = [];
  const signingKeys = [generateKeyPairSync('ed25519').privateKey];
  const startAnother = (more: Partial<CollectorSettings> = {}): Promise<RunningCollector> =>
    startCollector({
      databaseUrl: postgres.url(),
      issuer: issuer.url,
      audience,
      clientId: 'portcullis-test',
      connections: [
        { name: 'shop', environment: 'production', url: secretUrl },
        { name: 'lab', environment: 'development', url: 'postgres://lab@db.example.com/lab' },
      ],
      policyFiles: [{ name: 'reads.cedar', text: '// nothing' }],
      signingKeys,
      port: 0,
      log: createLog('debug', (line) => logged.push(line)),
      ...changes,
      ...more,
    });
  const collector = await startAnother();
  const tokens = new Map<Person, Promise<string>>();
  const callAt: Harness['callAt'] = async (url, who, method, path, body) => {
    const headers: Record<string, string> = {};
    if (who !== undefined) {
      let token = typeof who === 'string' ? who : tokens.get(who);
      if (token === undefined && typeof who !== 'string') {
        token = issuer.token(who);
        tokens.set(who, token);
      }
      headers['authorization'] = `Bearer ${await token}`;
    }
    if (body !== undefined) headers['content-type'] = 'application/json';
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
  };
  return {
    postgres,
    issuer,
    collector,
    logged,
    startAnother,
    callAt,
    call: (who, method, path, body) => callAt(collector.url, who, method, path, body),
    stop: async () => {
      await collector.stop();
      await Promise.all([issuer.stop(), postgres.stop()]);
    },
  };
}

/** An intent of `who`, on shop unless told. */
export function intent(
  who: Person,
  seq: number,
  fields: Readonly<Record<string, unknown>> = {},
): JournalEvent {
  return {
    at: new Date(Date.UTC(2030, 0, 1) + seq * 1000).toISOString(),
    seq,
    kind: 'intent',
    client: { address: '127.0.0.1:5000', application: 'psql' },
    connection: 'shop',
    decision: { outcome: 'allow', policies: ['reads'], version: 'v1' },
    effects: [{ kind: 'read', relation: { schema: 'public', name: 'orders' } }],
    environment: 'production',
    identity: { subject: who.sub, email: who.email, groups: who.groups },
    relations: [{ schema: 'public', name: 'orders' }],
    session: 'session-one',
    statement: { text: 'SELECT * FROM orders', commitment: 'ab'.repeat(32) },
    ...fields,
  } as JournalEvent;
}

export function outcome(seq: number, of: number, status = 'ok'): JournalEvent {
  const at = new Date(Date.UTC(2030, 0, 1) + seq * 1000).toISOString();
  return { at, seq, kind: 'outcome', for: of, status, rows: 1, micros: 10 } as JournalEvent;
}

/** A request as a proxy makes it, with a true digest. */
export function newRequest(text: string, fields: Readonly<Record<string, unknown>> = {}) {
  const request = {
    connection: 'shop',
    environment: 'production',
    text,
    findings: [
      { policy: 'writes', code: 'approve.update.real', message: 'needs approval', start: 0, end: 6 },
    ],
    relations: [{ name: 'public.orders', classifications: [] }],
    application: 'psql',
    approvers: ['reviewers'],
    reason: 'a fix',
    ...fields,
  };
  const { connection, parameters } = request as { connection: string; parameters?: unknown };
  const digest = createHash('sha256')
    .update(JSON.stringify([connection, text, parameters ?? null]))
    .digest('hex');
  return { digest, ...request };
}

/** As the superuser, past the collector. */
export async function runSql<Row extends QueryResultRow>(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}
