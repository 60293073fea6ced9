/**
 * `npm run bench:collector [-- --json] [-- --events N]`: events taken durably, and searches over all of them. One collector as a
 * process of its own, over a PostgreSQL with its usual durability; four proxies send at once.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startTestPostgres } from '../kit/postgres.ts';
import { audience, people, startIssuer } from '../proxy/collector/issuer.ts';
import { percentile } from './measure.ts';
import { type Closers, closeAll } from './targets.ts';

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.cjs');
const isJson = process.argv.includes('--json');
const proxies = 4;
const batchSize = 2_000;
const wanted = Number(/--events[ =](\d+)/.exec(process.argv.join(' '))?.[1] ?? 1_000_000);
/** Whole batches of each proxy. */
const total = Math.ceil(wanted / (proxies * batchSize)) * proxies * batchSize;
const searches = 240;

const tables = Array.from({ length: 200 }, (_, i) => `table_${i}`);
const users = Array.from({ length: 100 }, (_, i) => `person${i}`);
const connections = ['shop', 'billing', 'warehouse', 'crm', 'lab'];
const kinds = ['pii.email', 'pii.name', 'pii.phone', 'secret.token', 'pii.salary'];

/** Repeatable: the same events in each run (mulberry32). */
let seed = 7;
function below(limit: number): number {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
}
const oneOf = <T>(list: readonly T[]): T => list[below(list.length)] as T;

/** A statement as a proxy records it: its intent, then its outcome. */
function makePair(seq: number, at: number): string {
  const [user, table, connection] = [oneOf(users), oneOf(tables), oneOf(connections)];
  const relation = { schema: 'public', name: table };
  const outcome = below(50) === 0 ? 'deny' : 'allow';
  const intent = {
    at: new Date(at).toISOString(),
    client: { address: '127.0.0.1:50000', application: 'psql' },
    connection,
    decision: { outcome, policies: ['portcullis.reads'], version: '0123456789abcdef0123456789abcdef' },
    effects: [{ kind: 'read', predicate: 'none', relation }],
    environment: 'production',
    identity: { email: `${user}@example.com`, groups: ['developers'], subject: user },
    kind: 'intent',
    relations: [relation],
    seq,
    session: `session-${below(1_000)}`,
    statement: {
      commitment: 'ab'.repeat(32),
      fingerprint: '0123456789abcdef',
      node: 'SelectStmt',
      text: `SELECT id, email, status FROM ${table} WHERE id = ? AND note_${below(5_000)} = ?`,
    },
  };
  const masked = below(4) === 0 ? { maskedColumns: [{ column: 'email', classification: oneOf(kinds) }] } : {};
  const end = {
    at: new Date(at + 5).toISOString(),
    bytes: 900,
    for: seq,
    kind: 'outcome',
    micros: 900,
    rows: 12,
    seq: seq + 1,
    status: 'ok',
    tag: 'SELECT 12',
    ...masked,
  };
  return `${JSON.stringify(intent)},${JSON.stringify(end)}`;
}

const begin = Date.UTC(2026, 0, 1);
/** Half a year of them. */
const stepMs = (180 * 24 * 3_600_000) / (total / 2);

function makeBatch(proxy: number, first: number): string {
  const pairs: string[] = [];
  for (let seq = first; seq < first + batchSize; seq += 2) {
    pairs.push(makePair(seq, begin + ((seq * proxies) / 2) * stepMs));
  }
  return `{"proxy":"bench-${proxy}","events":[${pairs.join(',')}]}`;
}

async function main(): Promise<void> {
  const closers: Closers = [];
  const stop = () => void closeAll(closers).then(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const postgres = await startTestPostgres({ settings: { shared_buffers: '256MB', max_wal_size: '2GB' } });
    closers.push(() => postgres.stop());
    const issuer = await startIssuer();
    closers.push(() => issuer.stop());
    const url = await startCollector(postgres.url(), issuer.url, closers);
    const ask = async (token: string, path: string, body?: string) => {
      const response = await fetch(`${url}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body }),
      });
      const text = await response.text();
      if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text.slice(0, 300)}`);
      return text;
    };
    const eventsPerSecond = await measureIntake((body) =>
      issuer.token(people.proxy).then((token) => ask(token, '/v1/events', body)),
    );
    const client = new Client(postgres.url());
    await client.connect();
    await client.query('VACUUM ANALYZE portcullis.events'); // as autovacuum would, some minutes later
    // The collector's own events (who sent, who read) come on top.
    const sent = `SELECT count(*)::int AS count FROM portcullis.events WHERE proxy NOT LIKE 'collector:%'`;
    const held = (await client.query(sent)).rows[0]?.count;
    await client.end();
    if (held !== total) throw new Error(`the store holds ${held} of ${total} events`);
    const auditor = await issuer.token(people.auditor);
    const found = await measureSearches((query) => ask(auditor, `/v1/events?${query}`));
    if (isJson) say(JSON.stringify({ events: total, events_per_second: eventsPerSecond, search_ms: found }));
  } finally {
    await closeAll(closers);
  }
}

async function startCollector(databaseUrl: string, issuer: string, closers: Closers): Promise<string> {
  const data = mkdtempSync(join(tmpdir(), 'portcullis-bench-collector-'));
  closers.push(async () => rmSync(data, { recursive: true, force: true }));
  const args = ['--issuer', issuer, '--audience', audience, '--database-url', databaseUrl, '--port', '0'];
  const child = spawn(process.execPath, [cli, 'collector', ...args.slice(0, -2), '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, XDG_DATA_HOME: data, XDG_STATE_HOME: data, XDG_CONFIG_HOME: data },
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  closers.push(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  let output = '';
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      output += chunk;
      if (output.endsWith('\n')) resolve((JSON.parse(output) as { url: string }).url);
    });
    void ended.then(() => reject(new Error(`the collector ended: ${complaints}`)));
  });
}

/** All events, by all proxies at once; batches are made beforehand in portions, which is not measured. */
async function measureIntake(send: (body: string) => Promise<string>): Promise<number> {
  const perProxy = total / proxies;
  const portion = 10;
  let seconds = 0;
  for (let first = 1; first <= perProxy; first += portion * batchSize) {
    const portions = Array.from({ length: proxies }, (_, proxy) =>
      Array.from({ length: portion }, (_, i) => first + i * batchSize)
        .filter((seq) => seq <= perProxy)
        .map((seq) => makeBatch(proxy, seq)),
    );
    const start = performance.now();
    await Promise.all(
      portions.map(async (batches) => {
        for (const batch of batches) await send(batch);
      }),
    );
    seconds += (performance.now() - start) / 1000;
  }
  const rate = Math.round(total / seconds);
  say(`${total} events taken durably: ${rate} events/s`);
  return rate;
}

async function measureSearches(search: (query: string) => Promise<string>): Promise<Record<string, unknown>> {
  const since = () => new Date(begin + below(150 * 24) * 3_600_000).toISOString();
  const forms: Record<string, () => string> = {
    identity: () => `identity=${oneOf(users)}@example.com`,
    relation: () => `relation=public.${oneOf(tables)}`,
    denied: () => `decision=deny&connection=${oneOf(connections)}`,
    period: () => `connection=${oneOf(connections)}&since=${since()}`,
    classification: () => `classification=${oneOf(kinds)}&since=${since()}`,
    column: () => 'column=email',
    text: () => `text=note_${below(5_000)}`,
    combined: () => `identity=${oneOf(users)}&relation=${oneOf(tables)}`,
  };
  const times: Record<string, number[]> = {};
  for (let i = 0; i < searches; i++) {
    for (const [name, form] of Object.entries(forms)) {
      if (i % Object.keys(forms).length !== Object.keys(forms).indexOf(name)) continue;
      const start = performance.now();
      const { items } = JSON.parse(await search(form())) as { items: unknown[] };
      times[name] ??= [];
      times[name].push(performance.now() - start);
      if (items.length === 0 && name !== 'combined') throw new Error(`${name} found nothing`);
    }
  }
  const sorted = (list: readonly number[]) => Float64Array.from(list).sort();
  const summary = (list: readonly number[]) => ({
    p50: Math.round(percentile(sorted(list), 0.5)),
    p95: Math.round(percentile(sorted(list), 0.95)),
  });
  const all = summary(Object.values(times).flat());
  say(`filtered searches over them: p50 ${all.p50} ms, p95 ${all.p95} ms`);
  for (const [name, list] of Object.entries(times)) {
    const { p50, p95 } = summary(list);
    say(`  ${name.padEnd(16)} p50 ${p50} ms, p95 ${p95} ms`);
  }
  return {
    ...all,
    by_filter: Object.fromEntries(Object.entries(times).map(([name, list]) => [name, summary(list)])),
  };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

main().catch((error) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
