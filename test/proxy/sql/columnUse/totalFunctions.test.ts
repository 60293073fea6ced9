/** That functions are total: on every value, however odd, they give a value, and never an error, NULL or another number of rows. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { totalFunctions } from '../../../../proxy/sql/columnUse/expressions/totalFunctions.ts';
import { buildCatalog, table } from '../../../kit/catalog.ts';
import { listUses } from '../../../kit/judgeUse.ts';
import { hasPostgres15, startTestPostgres, type TestPostgres } from '../../../kit/postgres.ts';

/** Odd values of each type, as the text that PostgreSQL reads. */
const odd: Readonly<Record<string, readonly string[]>> = {
  text: [
    '',
    'a',
    ' a ',
    "'",
    '"',
    '\\',
    '%',
    '%s',
    '\u0001',
    '\n',
    '😀ß',
    '{}',
    '[1',
    '@',
    'a@b@c',
    '1e400',
    '-',
    'x'.repeat(5000),
  ],
  'character varying(40)': ['', 'aaaa', ' ', '"\\"'],
  integer: ['0', '1', '-1', '2147483647', '-2147483648'],
  bigint: ['0', '9223372036854775807', '-9223372036854775808'],
  numeric: [
    '0',
    'NaN',
    'Infinity',
    '-Infinity',
    '-0.5',
    '1e1000',
    '-1e1000',
    '1e-1000',
    '123456789012345678901234567890',
  ],
  boolean: ['true', 'false'],
  date: ['2000-02-29', '0001-01-01', '4713-01-01 BC', '9999-12-31'],
  'timestamp with time zone': ['2000-02-29 12:00+00', '4713-02-01 00:00:00+00 BC', '294276-12-01 00:00+00'],
  jsonb: ['null', '1', '[]', '{}', '{"a": {"b": [1, "x"]}}', '"\\""'],
  'text[]': ['{}', '{a}', '{a,NULL}', '{{a,b},{c,d}}'],
};

const columns = Object.keys(odd).map((type, index) => ({ type, name: `c${index}` }));
const columnOf = (type: string): string => columns.find((column) => column.type === type)?.name ?? '';

/** What is made of a column `¤` of each type; `#` is the table's row. */
const made: Readonly<Record<string, readonly string[]>> = {
  text: [
    'lower(¤)',
    'upper(¤)',
    'initcap(¤)',
    'reverse(¤)',
    'md5(¤)',
    'trim(¤)',
    "btrim(¤, 'a')",
    "ltrim(¤, 'a')",
    "rtrim(¤, 'a')",
    "replace(¤, 'a', 'bb')",
    "translate(¤, 'a', '')",
    "split_part(¤, '@', 2)",
    "split_part(¤, '', 1)",
    'left(¤, 2)',
    'left(¤, -2)',
    'right(¤, 2)',
    'substr(¤, 2)',
    'substr(¤, -1, 3)',
    'substring(¤, 2)',
    'substring(¤ from 2 for 3)',
    'length(¤)',
    'char_length(¤)',
    'character_length(¤)',
    'octet_length(¤)',
    'bit_length(¤)',
    "strpos(¤, 'a')",
    "position('' in ¤)",
    "concat(¤, 'x', ¤)",
    "concat_ws('-', ¤, ¤)",
    "format('%s %L %1$s %%', ¤, ¤)",
    "array_to_string(ARRAY[¤, 'x'], ',')",
    'to_json(¤)',
    'to_jsonb(¤)',
    "json_build_object('k', ¤)",
    "jsonb_build_object('k', ¤)",
    'json_build_array(¤)',
    'jsonb_build_array(¤, ¤)',
    "coalesce(¤, 'x')",
    "CASE WHEN true THEN ¤ ELSE 'x' END",
    "¤ || 'x'",
    '¤ || 1',
    '¤::varchar(3)',
    '¤::text',
    '¤::name',
    '¤::bpchar',
    'ARRAY[¤, ¤]',
    'unnest(ARRAY[¤])',
    "string_agg(¤, ',')",
    'array_agg(¤)',
    'json_agg(¤)',
    'jsonb_agg(¤)',
    'json_object_agg(¤, 1)',
    "jsonb_object_agg('k', ¤)",
    'min(¤)',
    'max(¤)',
    'lag(¤, 0) OVER ()',
    'lead(¤, 0) OVER ()',
    'first_value(¤) OVER ()',
    'last_value(¤) OVER ()',
    'nth_value(¤, 1) OVER ()',
    'to_json(#)',
    'row_to_json(#)',
    'to_jsonb(#)',
    'json_agg(#)',
    '#::text',
    'array_agg(#.c0)',
  ],
  'character varying(40)': ["¤ || 'x'", 'lower(¤)', '¤::text', 'max(¤)', 'left(¤, 1)'],
  integer: [
    'sum(¤)',
    'avg(¤)',
    'round(¤)',
    'ceil(¤)',
    '¤::bigint',
    '¤::numeric',
    '¤::text',
    '¤ / 2',
    "to_char(¤, '999')",
    "¤ || ''",
  ],
  bigint: ['sum(¤)', 'avg(¤)', 'floor(¤)', '¤ / -7', '¤::numeric', 'max(¤)', 'array_agg(¤)'],
  numeric: [
    'sum(¤)',
    'avg(¤)',
    'round(¤, 2)',
    'round(¤)',
    'trunc(¤, 1)',
    'ceil(¤)',
    'ceiling(¤)',
    'floor(¤)',
    'abs(¤)',
    '¤ * 12',
    '¤ / 12',
    '¤ + 1',
    '1 - ¤',
    '¤ * 1.1 / 3',
    "to_char(¤, 'FM999990.00')",
    '¤::text',
    'min(¤)',
  ],
  boolean: ['bool_and(¤)', 'bool_or(¤)', 'every(¤)', '¤::text', 'coalesce(¤, false)', 'to_json(¤)'],
  date: [
    'age(¤)',
    "to_char(¤, 'DD.MM.YYYY')",
    'extract(year from ¤)',
    "date_part('month', ¤)",
    "date_trunc('month', ¤)",
    '¤::text',
    'max(¤)',
    'coalesce(¤, now()::date)',
    'to_json(¤)',
  ],
  'timestamp with time zone': [
    '¤::date',
    "date_trunc('day', ¤)",
    "to_char(¤, 'HH24')",
    'extract(epoch from ¤)',
    'max(¤)',
  ],
  jsonb: ['to_json(¤)', '¤::text', 'jsonb_agg(¤)', "jsonb_build_object('x', ¤)", "coalesce(¤, '{}')"],
  'text[]': [
    '¤::text',
    'to_jsonb(¤)',
    "array_to_string(¤, ',')",
    'coalesce(¤, ARRAY[1]::text[])',
    'max(¤)',
    'json_agg(¤)',
  ],
};

const values = Object.entries(odd).flatMap(([type, all]) => all.map((value) => ({ type, value })));

const known = buildCatalog([
  table(
    'public.odd',
    `id integer, ${columns.map(({ name, type }) => `${name} ${type}`).join(', ')}`,
    Object.fromEntries(columns.map(({ name }) => [name, { kind: 'pii.freeText', use: 'equality' } as const])),
  ),
]);

const expressions = Object.entries(made).flatMap(([type, texts]) =>
  texts.map((text) => ({ type, text: text.replaceAll('¤', columnOf(type)).replaceAll('#', 'odd') })),
);

it('every function of the table is tried', () => {
  const tried = expressions.map(({ text }) => text.replace(' trim(', ' btrim(')).join(' ');
  // any_value() is of 16 and later.
  const missing = [...totalFunctions.keys()].filter(
    (name) => name !== 'any_value' && !tried.includes(`${name}(`),
  );
  expect(missing).toEqual([]);
});

it.each(expressions)('is accepted of a column of type $type: $text', ({ text }) => {
  expect(listUses(`SELECT ${text} FROM odd`, known)).toEqual([]);
});

const versions: readonly (15 | 18)[] = hasPostgres15() ? [18, 15] : [18];

describe.each(versions)('on PostgreSQL %i', (version) => {
  let server: TestPostgres;
  let client: pg.Client;

  beforeAll(async () => {
    server = await startTestPostgres({ version });
    client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    await client.query(
      `CREATE TABLE odd (id int, ${columns.map(({ name, type }) => `${name} ${type}`).join(', ')})`,
    );
    for (const [id, { type, value }] of values.entries()) {
      // The other columns hold something plain: a row is as total as its columns are.
      await client.query(
        `INSERT INTO odd (id, ${columns.map(({ name }) => name).join(', ')})
         VALUES (${id}, ${columns.map((_, index) => `$${index + 1}`).join(', ')})`,
        columns.map((column) => (column.type === type ? value : odd[column.type]?.[1])),
      );
    }
  });

  afterAll(async () => {
    await client?.end();
    await server?.stop();
  });

  it.each(expressions)('$text of every value is a value', async ({ type, text }) => {
    const ids = values.flatMap((entry, id) => (entry.type === type ? [id] : []));
    for (const id of ids) {
      const { rows } = await client.query({
        text: `SELECT ${text} FROM odd WHERE id = ${id}`,
        rowMode: 'array',
      });
      const { value } = values[id] ?? {};
      // The driver reads JSON's null as it reads NULL.
      const isNull = rows[0]?.[0] === null && value !== 'null';
      expect({ value, rows: rows.length, isNull }).toEqual({ value, rows: 1, isNull: false });
    }
  });
});
