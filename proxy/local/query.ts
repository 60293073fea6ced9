/** `portcullis query`: runs SQL through the running proxy, as any client would, and prints tables. */
import { Client, DatabaseError, type FieldDef } from 'pg';
import type { MaskedColumnsNotice, MaskNoticeState } from '../control/messages.ts';
import { readRunningState } from './runningState.ts';

const maskState: MaskNoticeState = '01P01';

const askHint =
  'HINT: To ask a reviewer to show what is masked, put /* unmask: why you need it */ before the statement.';

export interface QueryOptions {
  readonly connection: string;
  readonly sql: string;
}

/** Answers the exit code: 0, or 1 where the server or the proxy said no. */
export async function runQuery({ connection, sql }: QueryOptions): Promise<number> {
  const state = readRunningState();
  if (state === undefined) {
    throw new Error('no proxy is running for this user; start one with: portcullis up');
  }
  const target = state.connections.find(({ name }) => name === connection);
  if (target === undefined) {
    const known = state.connections.map(({ name }) => name).join(', ');
    throw new Error(`there is no connection "${connection}"; known: ${known}`);
  }
  const client = new Client({
    connectionString: target.url,
    application_name: 'portcullis query',
    options: '-c portcullis.notices=on',
  });
  /** What the proxy has told of the columns that it masks, in the order of the answers. */
  const told: MaskedColumnsNotice['columns'][] = [];
  let hasMasked = false;
  client.on('notice', ({ code, message, detail }) => {
    const columns = code === maskState ? readColumns(detail) : undefined;
    if (columns === undefined) process.stderr.write(`${message}\n`);
    else told.push(columns);
    hasMasked ||= columns !== undefined && columns.length > 0;
  });
  await client.connect();
  try {
    const answer = await client.query({ text: sql, rowMode: 'array' });
    // pg answers an array where the text holds several statements.
    const results = (Array.isArray(answer) ? answer : [answer]) as (typeof answer)[];
    for (const { command, rowCount, fields, rows } of results) {
      process.stdout.write(
        fields.length === 0
          ? `${command} ${rowCount ?? ''}\n`
          : `${formatTable(fields, rows)}${explain(fields, told)}\n`,
      );
    }
    // Beside the table: what reads it by a program is not disturbed.
    if (hasMasked) process.stderr.write(`${askHint}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    process.stderr.write(describeError(error));
    return 1;
  } finally {
    await client.end();
  }
}

function readColumns(detail: string | undefined): MaskedColumnsNotice['columns'] | undefined {
  try {
    return (JSON.parse(detail ?? '') as Partial<MaskedColumnsNotice>).columns;
  } catch {
    return undefined;
  }
}

/** A line for each masked column. What was told is of this answer where its names fit: not every answer has any. */
function explain(fields: readonly FieldDef[], told: MaskedColumnsNotice['columns'][]): string {
  const [columns = []] = told;
  if (!columns.every(({ index, name }) => fields[index]?.name === name)) return '';
  told.shift();
  return columns
    .map(({ name, classification, method, source, why = `Masked (${method}) as ${classification}.` }) =>
      formatCell(`${name}: ${why}${source === undefined ? '' : ` From ${source}.`}`),
    )
    .map((line) => `${line}\n`)
    .join('');
}

function describeError(error: DatabaseError): string {
  const lines = [`${error.severity ?? 'ERROR'} ${error.code ?? ''}: ${error.message}`];
  if (error.detail !== undefined) lines.push(`DETAIL: ${error.detail}`);
  if (error.hint !== undefined) lines.push(`HINT: ${error.hint}`);
  return `${lines.join('\n')}\n`;
}

function formatTable(fields: readonly FieldDef[], rows: readonly unknown[][]): string {
  const cells = rows.map((row) => row.map(formatCell));
  const widths = fields.map((field, i) =>
    Math.max(field.name.length, ...cells.map((row) => (row[i] ?? '').length)),
  );
  const line = (values: readonly string[]) =>
    ` ${values.map((value, i) => value.padEnd(widths[i] ?? 0)).join(' | ')}`.trimEnd();
  const rule = widths.map((width) => '-'.repeat(width + 2)).join('+');
  const count = `(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`;
  return `${[line(fields.map(({ name }) => name)), rule, ...cells.map(line), count].join('\n')}\n`;
}

/** Control characters could move the terminal's cursor: they are shown as escapes. */
function formatCell(value: unknown): string {
  if (value === null) return '∅';
  const text =
    value instanceof Date
      ? value.toISOString()
      : typeof value === 'object'
        ? JSON.stringify(value)
        : String(value);
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f]/g,
    (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
