/** Drivers of other languages answer the same through the proxy as directly, and are governed like any other client. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Governed, startGoverned } from '../../kit/governed.ts';

const execute = promisify(execFile); // never the synchronous one: the proxy lives in this process
const folder = import.meta.dirname;
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'portcullis-clients');
const python = join(cache, 'python', 'bin', 'python');
const pgjdbc = join(cache, 'pgjdbc.jar');
const scratch = mkdtempSync(join(tmpdir(), 'portcullis-foreign-'));
const pipeline = join(scratch, 'pipeline');

type Mode = 'everyday' | 'cursors' | 'guarded';

interface ForeignClient {
  readonly name: string;
  /** What is not installed and who installs it, or nothing. */
  readonly missing: string | undefined;
  readonly command: (url: string, mode: Mode) => readonly [file: string, ...args: string[]];
}

function installed(tool: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((place) => existsSync(join(place, tool)));
}

function missing(...needs: readonly (readonly [present: boolean, otherwise: string])[]): string | undefined {
  return needs.find(([present]) => !present)?.[1];
}

const drivers = [
  existsSync(join(cache, 'python', 'pins')),
  'the drivers are missing, setup.sh installs them',
] as const;
const clients: readonly ForeignClient[] = [
  {
    name: 'psycopg 3',
    missing: missing(drivers),
    command: (url, mode) => [python, join(folder, 'everydayPsycopg3.py'), url, mode],
  },
  {
    name: 'psycopg2',
    missing: missing(drivers),
    command: (url, mode) => [python, join(folder, 'everydayPsycopg2.py'), url, mode],
  },
  {
    name: 'pgjdbc',
    missing: missing(
      [installed('javac'), 'Java is missing, install default-jdk-headless'],
      [existsSync(pgjdbc), 'pgjdbc.jar is missing, setup.sh installs it'],
    ),
    command: (url, mode) => [
      'java',
      '-Dfile.encoding=UTF-8',
      '-cp',
      pgjdbc,
      join(folder, 'Jdbc.java'),
      url,
      mode,
    ],
  },
  {
    name: 'libpq',
    missing: missing([
      installed('cc') && installed('pg_config'),
      'cc or pg_config is missing, install gcc, libc6-dev and libpq-dev',
    ]),
    command: (url, mode) => [pipeline, url, mode],
  },
];

const measuresSetup = `
  CREATE TABLE measures (id int PRIMARY KEY, label text, value numeric, data jsonb, raw bytea, tags text[], at timestamptz);
  INSERT INTO measures SELECT i, CASE WHEN i % 10 <> 0 THEN 'sensor ü ' || i END, i * 1.0625,
    CASE WHEN i % 9 <> 0 THEN jsonb_build_object('n', i, 'list', jsonb_build_array(i, NULL, 'x')) END,
    decode(lpad(to_hex(i), 8, '0'), 'hex'), CASE WHEN i % 8 <> 0 THEN ARRAY['a,' || i, NULL, '"'] END,
    timestamptz '2024-02-29 12:34:56.789+00' + i * interval '1 hour'
    FROM generate_series(1, 1000) i;
  CREATE TABLE incoming (id int NOT NULL, label text);
`;

async function lines(client: ForeignClient, url: string, mode: Mode): Promise<string[]> {
  const [file, ...args] = client.command(url, mode);
  const options = {
    timeout: 80_000,
    maxBuffer: 64 << 20,
    env: { ...process.env, TZ: 'UTC', PYTHONIOENCODING: 'utf-8' },
  };
  const { stdout } = await execute(file, args, options);
  return stdout.trimEnd().split('\n');
}

/** What follows the name of a result. */
function result(said: readonly string[], name: string): string {
  return said.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? `no result '${name}'`;
}

async function compilePipeline(): Promise<void> {
  const asked = async (what: string) => (await execute('pg_config', [what])).stdout.trim();
  const include = `-I${await asked('--includedir')}`;
  const library = `-L${await asked('--libdir')}`;
  await execute('cc', ['-Wall', '-o', pipeline, join(folder, 'pipeline.c'), include, library, '-lpq']);
}

describe('a driver of another language', () => {
  let development: Governed;
  let production: Governed;

  beforeAll(async () => {
    if (!clients.find(({ name }) => name === 'libpq')?.missing) await compilePipeline();
    development = await startGoverned({ environment: 'development', setup: measuresSetup });
    production = await startGoverned();
  });
  afterAll(async () => {
    await development?.stop();
    await production?.stop();
    rmSync(scratch, { recursive: true, force: true });
  });

  for (const client of clients) {
    const { name } = client;
    const because = client.missing ? ` (skipped: ${client.missing})` : '';

    it.skipIf(client.missing)(
      `${name} gets the same answers as directly${because}`,
      { timeout: 180_000 },
      async () => {
        const directly = await lines(client, development.direct(), 'everyday');
        expect(directly.length).toBeGreaterThan(8);
        expect(await lines(client, development.url(), 'everyday')).toEqual(directly);
      },
    );

    // Its cursors are declared in SQL, then described and closed by name in the protocol.
    if (name === 'psycopg 3')
      it.skipIf(client.missing)(`${name} walks the same cursors as directly${because}`, async () => {
        const directly = await lines(client, development.direct(), 'cursors');
        expect(await lines(client, development.url(), 'cursors')).toEqual(directly);
      });

    it.skipIf(client.missing)(
      `${name} sees personal data masked, may not drop a table, and goes on${because}`,
      { timeout: 90_000 },
      async () => {
        // Directly the same program reads the address, and only the orders that refer to the table keep it (2BP01).
        const directly = await lines(client, production.direct(), 'guarded');
        expect(result(directly, 'email')).toContain('ada1@secret.example');
        expect(result(directly, 'drop')).toContain('2BP01');

        const governed = await lines(client, production.url(), 'guarded');
        expect(governed).toHaveLength(directly.length);
        expect(governed.join('\n')).not.toContain('secret.example');
        for (const [index, line] of directly.entries())
          if (line.includes('secret.example')) expect(governed[index]).toContain('•••');
        expect(result(governed, 'drop')).toContain('42501');
        expect(result(governed, 'after')).toBe(result(directly, 'after'));
      },
    );
  }
});
