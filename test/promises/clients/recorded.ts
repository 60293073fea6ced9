/** What clients that cannot be had here ask, written down in `recorded/*.sql`, and sent as they send it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, type QueryArrayConfig, type QueryArrayResult } from 'pg';

export interface RecordedQuery {
  readonly text: string;
  /** Values of the parameters; `@name` is the object's number in schema `depot`, `@depot` the schema's. */
  readonly values: readonly unknown[];
  /** The answer is another every time: only its columns are compared. */
  readonly varies: boolean;
  /** Several statements in one message. */
  readonly together: boolean;
}

/**
 * One query between two blank lines, ending in a semicolon. Comments before it are for readers, apart from `-- with: [values]`,
 * `-- varies` and `-- together`.
 */
export function readRecorded(name: string): readonly RecordedQuery[] {
  const file = readFileSync(join(import.meta.dirname, 'recorded', `${name}.sql`), 'utf8');
  return file.split(/\n\n+/).flatMap((block) => {
    const lines = block.trim().split('\n');
    const first = lines.findIndex((line) => !line.startsWith('-- '));
    if (first === -1) return [];
    const notes = lines.slice(0, first);
    const values = notes.find((note) => note.startsWith('-- with: '))?.slice('-- with: '.length);
    const text = lines.slice(first).join('\n');
    if (!text.endsWith(';')) throw new Error(`${name}.sql: no semicolon at the end of: ${text}`);
    const together = notes.includes('-- together');
    return {
      text: together ? text : text.slice(0, -1),
      values: values === undefined ? [] : (JSON.parse(values) as unknown[]),
      varies: notes.includes('-- varies'),
      together,
    };
  });
}

/** What each query answers, or the error it meets, in one session. */
export async function askRecorded(
  url: string,
  queries: readonly RecordedQuery[],
  protocol: 'simple' | 'extended',
): Promise<string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const objects = await client.query<{ name: string; id: string }>(
      `SELECT relname AS name, oid::text AS id FROM pg_class WHERE relnamespace = 'depot'::regnamespace
       UNION ALL SELECT typname, oid::text FROM pg_type WHERE typnamespace = 'depot'::regnamespace AND typtype = 'e'
       UNION ALL SELECT nspname, oid::text FROM pg_namespace WHERE nspname = 'depot'`,
    );
    const ids = new Map(objects.rows.map(({ name, id }) => [`@${name}`, id]));
    const answers: string[] = [];
    for (const query of queries) answers.push(await ask(client, query, ids, protocol));
    return answers;
  } finally {
    await client.end();
  }
}

async function ask(
  client: Client,
  query: RecordedQuery,
  ids: ReadonlyMap<string, string>,
  protocol: 'simple' | 'extended',
): Promise<string> {
  const values = query.values.map((value) => ids.get(String(value)) ?? value);
  const queryMode = protocol === 'extended' && !query.together ? 'extended' : undefined;
  try {
    // pg's types know neither queryMode nor that several statements have several results.
    const asked = { text: query.text, values, rowMode: 'array', queryMode } as QueryArrayConfig;
    const said: QueryArrayResult | readonly QueryArrayResult[] = await client.query(asked);
    const results = Array.isArray(said) ? (said as readonly QueryArrayResult[]) : [said as QueryArrayResult];
    return results
      .map(({ command, fields, rows }) => {
        const columns = fields.map(({ name, dataTypeID }) => `${name}:${dataTypeID}`);
        return [command, columns, ...(query.varies ? [] : rows)]
          .map((part) => JSON.stringify(part))
          .join('\n');
      })
      .join('\n');
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return `ERROR ${code} ${message}`;
  }
}
