/** Whatever reached the server has its intent in the journal, however the proxy ended. */
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJournal } from '../../proxy/audit/journal/readJournal.ts';
import { startTestPostgres, type TestPostgres } from '../kit/postgres.ts';
import { Random } from '../kit/random.ts';
import { startUp } from '../kit/upProcess.ts';

const kills = 20;
let server: TestPostgres;
let data: string;

beforeAll(async () => {
  server = await startTestPostgres({ settings: { log_statement: 'all', log_line_prefix: '%a|' } });
  data = mkdtempSync(join(tmpdir(), 'portcullis-kills-'));
  const direct = new Client(server.url());
  await direct.connect();
  await direct.query('CREATE TABLE written (id text PRIMARY KEY)');
  await direct.end();
});
afterAll(async () => {
  await server?.stop();
  rmSync(data, { recursive: true, force: true });
});

/** Runs statements, each with a text of its own, until the connection breaks; answers the texts that were answered. */
async function load(url: string, name: string): Promise<string[]> {
  const client = new Client({ connectionString: url, application_name: 'under load' });
  client.on('error', () => undefined);
  const answered: string[] = [];
  try {
    await client.connect();
    for (let i = 0; ; i++) {
      const id = `${name}-${i}`;
      const text = i % 3 === 0 ? `INSERT INTO written VALUES ('${id}')` : `SELECT '${id}' AS id`;
      await client.query(i % 2 === 0 ? text : { text, values: [] });
      answered.push(text);
    }
  } catch {
    return answered;
  } finally {
    client.end().catch(() => undefined);
  }
}

/** Texts that the server says it ran for our clients: `name|LOG:  statement: TEXT` or `…execute <unnamed>: TEXT`. */
async function textsAtServer(): Promise<string[]> {
  const direct = new Client(server.url());
  await direct.connect();
  const { rows } = await direct.query('SHOW data_directory');
  await direct.end();
  const log = readFileSync(join(rows[0].data_directory, 'server.log'), 'utf8');
  return [...log.matchAll(/^under load\|LOG: {2}(?:statement|execute [^:]*): (.*)$/gm)].map(
    (match) => match[1] ?? '',
  );
}

describe('kill -9 under load', () => {
  it(`leaves no statement at the server without its intent, ${kills} times`, async () => {
    const random = new Random(20);
    const answered = new Set<string>();
    for (let round = 0; round < kills; round++) {
      const up = await startUp(['--target', server.url(), '--environment', 'development', '--data', data]);
      const url = up.answer.connections[0]?.url ?? '';
      const clients = [0, 1, 2, 3].map((number) => load(url, `${round}-${number}`));
      await new Promise((resolve) => setTimeout(resolve, 100 + random.below(400)));
      expect(await up.end('SIGKILL')).toBeNull();
      for (const texts of await Promise.all(clients)) for (const text of texts) answered.add(text);
    }
    const key = readFileSync(join(data, 'commitment.key'));
    const intents = new Set<string>();
    let last = 0;
    for await (const event of readJournal(join(data, 'journal'))) {
      expect(event.seq).toBe(last + 1);
      last = event.seq;
      if (event.kind === 'intent') intents.add(event.statement.commitment);
    }
    const isRecorded = (text: string) =>
      intents.has(createHmac('sha256', key).update(text, 'utf8').digest('hex'));
    const atServer = await textsAtServer();
    expect(atServer.length).toBeGreaterThan(kills * 20);
    expect(atServer.filter((text) => !isRecorded(text))).toEqual([]);
    // The log of the server is what we compare with: see that it misses nothing that was answered.
    const seen = new Set(atServer);
    expect([...answered].filter((text) => !seen.has(text))).toEqual([]);
  }, 240_000);
});
