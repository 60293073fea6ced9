/** The clients that are had here: what runs them, what they miss, and what they print. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Where test/wire/clients/setup.sh puts what Debian does not package. */
const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'portcullis-clients');
const wireClients = join(import.meta.dirname, '..', '..', 'wire', 'clients');
const python = join(cache, 'python', 'bin', 'python');
const pgjdbc = join(cache, 'pgjdbc.jar');
const nodeModules = join(cache, 'node');

export interface ClientProgram {
  readonly name: string;
  /** What is not installed and who installs it, or nothing. */
  readonly missing: string | undefined;
  readonly command: (url: string) => readonly [file: string, ...args: string[]];
  /** How many statements it sends at the least. */
  readonly statements: number;
  /** It asks what another asks already, in another form: on the newest server that is enough. */
  readonly isVariant?: true;
}

function installed(tool: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((place) => existsSync(join(place, tool)));
}

/** Says in the open what is missing: it stands in the test's title. */
export function missingTool(tool: string, owner: string): string | undefined {
  return installed(tool) ? undefined : `${tool} is missing, install ${owner}`;
}

function fromSetup(file: string): string | undefined {
  return existsSync(file) ? undefined : `${file} is missing, test/wire/clients/setup.sh makes it`;
}

const pythonMissing = fromSetup(join(cache, 'python', 'pins'));
const javaMissing = missingTool('javac', 'default-jdk-headless') ?? fromSetup(pgjdbc);
const nodeMissing = fromSetup(join(nodeModules, 'installed-lock.json'));
const rubyMissing =
  missingTool('ruby', 'ruby') ??
  (spawnSync('ruby', ['-e', 'require "active_record"; require "pg"']).status === 0
    ? undefined
    : 'ActiveRecord is missing, install ruby-activerecord and ruby-pg');

const inPython = (name: string, file: string, statements: number, ...args: string[]): ClientProgram => ({
  name,
  missing: pythonMissing,
  command: (url) => [python, join(wireClients, file), url, ...args],
  statements,
});
const inJava = (mode: string): ClientProgram => ({
  name: `pgjdbc's DatabaseMetaData, ${mode} queries`,
  missing: javaMissing,
  command: (url) => [
    'java',
    '-Dfile.encoding=UTF-8',
    '-Duser.timezone=UTC',
    '-cp',
    pgjdbc,
    join(wireClients, 'JdbcMetadata.java'),
    url,
    mode,
  ],
  statements: 60,
});
const inNode = (client: string, name: string, statements: number): ClientProgram => ({
  name,
  missing: nodeMissing,
  command: (url) => [
    process.execPath,
    '--no-deprecation',
    join(wireClients, 'node', 'startUp.mjs'),
    nodeModules,
    client,
    url,
  ],
  statements,
});
const inRuby = (prepared: string): ClientProgram => ({
  name: `ActiveRecord, prepared statements: ${prepared}`,
  missing: rubyMissing,
  command: (url) => ['ruby', join(wireClients, 'activeRecordStartUp.rb'), url, prepared],
  statements: 150,
});

export const clientPrograms: readonly ClientProgram[] = [
  inPython('Django: inspectdb, showmigrations, migrate --plan, its ORM', 'djangoStartUp.py', 100),
  { ...inPython('Django over two schemas', 'djangoStartUp.py', 100, 'depot'), isVariant: true },
  inPython('SQLAlchemy with psycopg', 'sqlalchemyStartUp.py', 60, 'psycopg'),
  { ...inPython('SQLAlchemy with psycopg2', 'sqlalchemyStartUp.py', 60, 'psycopg2'), isVariant: true },
  inPython('asyncpg', 'asyncpgStartUp.py', 10),
  inJava('extended'),
  { ...inJava('simple'), isVariant: true },
  inNode('prisma', "Prisma's schema engine: db pull, migrate status, migrate diff", 40),
  inNode('typeorm', 'TypeORM', 20),
  inNode('sequelize', 'Sequelize', 25),
  inNode('knex', 'Knex', 10),
  inRuby('true'),
  { ...inRuby('false'), isVariant: true },
];

const env = {
  ...process.env,
  TZ: 'UTC',
  LC_ALL: 'C.UTF-8',
  PYTHONIOENCODING: 'utf-8',
  PAGER: 'cat',
  PSQL_EDITOR: 'cat',
  PSQLRC: '/dev/null',
  INPUTRC: '/dev/null',
  TERM: 'dumb',
};

/** Everything that a program prints, both streams, and how it ended. Never synchronous: the proxy lives in this process. */
export async function run(file: string, args: readonly string[], input = ''): Promise<string> {
  // The shell only joins the two streams.
  const child = spawn('sh', ['-c', 'exec "$0" "$@" 2>&1', file, ...args], { env });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text;
  });
  child.stdin.on('error', () => undefined); // it left before it read all: the exit code tells
  child.stdin.end(input);
  const code = await new Promise((resolve) => child.once('close', resolve));
  return `${printed}exit ${code}`;
}
