/** Reads `connections.json`, the databases that a collector governs, and says in words all that is wrong with it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CatalogConnection } from '../collector/parts.ts';

export const connectionsFileName = 'connections.json';

const environments: readonly string[] = ['production', 'staging', 'development'];
const fields: readonly string[] = ['name', 'environment', 'url', 'urlEnv'];
/** Good as a database name, as a libpq service name and in a path. */
const nameForm = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,62}$/u;

/**
 * The connections of the file in this folder; undefined where there is no such file.
 * @param env where `urlEnv` finds addresses
 * @throws Error that names the file and every entry that is wrong, and repeats no address
 */
export function readConnectionsFile(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): readonly CatalogConnection[] | undefined {
  const path = join(folder, connectionsFileName);
  if (!existsSync(path)) return undefined;
  const entries = parseEntries(path);
  const problems: string[] = [];
  const connections: CatalogConnection[] = [];
  for (const [index, entry] of entries.entries()) {
    const read = readEntry(entry, env);
    const label = `entry ${index + 1}${read.name === undefined ? '' : ` ("${read.name}")`}`;
    problems.push(...read.problems.map((problem) => `  ${label}: ${problem}`));
    if (read.connection === undefined) continue;
    if (connections.some(({ name }) => name === read.name)) {
      problems.push(`  ${label}: an earlier entry has this name; give each a name of its own`);
    }
    connections.push(read.connection);
  }
  if (problems.length === 0) return connections;
  throw new Error(`${path} cannot be used\n${problems.join('\n')}`);
}

function parseEntries(path: string): readonly unknown[] {
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    // The parser repeats a piece of the text, and that may be a password.
    const reason = error instanceof SyntaxError ? 'it is not JSON' : (error as Error).message;
    throw new Error(`${path} cannot be used: ${reason}`);
  }
  if (Array.isArray(document)) return document;
  throw new Error(`${path} cannot be used: it is a list, [{"name": …, "environment": …, "urlEnv": …}, …]`);
}

interface ReadEntry {
  readonly name?: string;
  readonly problems: readonly string[];
  /** Present where nothing is wrong. */
  readonly connection?: CatalogConnection;
}

function readEntry(entry: unknown, env: Readonly<Record<string, string | undefined>>): ReadEntry {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return { problems: [`it is an object with the fields ${fields.join(', ')}`] };
  }
  const { name, environment, url, urlEnv } = entry as Record<string, unknown>;
  const problems = Object.keys(entry)
    .filter((key) => !fields.includes(key))
    .map((key) => `the field "${key}" is not known; known are ${fields.join(', ')}`);
  const isNamed = typeof name === 'string' && nameForm.test(name);
  if (!isNamed) problems.push('"name" is up to 63 letters, digits, and _ . - after the first');
  const hasEnvironment = typeof environment === 'string' && environments.includes(environment);
  if (!hasEnvironment) problems.push(`"environment" is one of ${environments.join(', ')}`);
  const address = readAddress(url, urlEnv, env);
  if (typeof address === 'object') problems.push(address.problem);
  if (!isNamed) return { problems };
  if (!hasEnvironment || typeof address === 'object' || problems.length > 0) return { name, problems };
  return { name, problems, connection: { name, environment, url: address } };
}

function readAddress(
  url: unknown,
  urlEnv: unknown,
  env: Readonly<Record<string, string | undefined>>,
): string | { readonly problem: string } {
  if ((url === undefined) === (urlEnv === undefined)) {
    return {
      problem: 'give either "url", or "urlEnv" with the name of an environment variable that holds it',
    };
  }
  const label = url === undefined ? `the environment variable ${String(urlEnv)}` : '"url"';
  const address = url ?? (typeof urlEnv === 'string' ? env[urlEnv] : undefined);
  if (address === undefined || address === '') return { problem: `${label} is not set` };
  const isPostgres =
    typeof address === 'string' && /^postgres(ql)?:\/\/./.test(address) && URL.canParse(address);
  return isPostgres
    ? address
    : { problem: `${label} looks like postgres://user:password@host:5432/database` };
}
