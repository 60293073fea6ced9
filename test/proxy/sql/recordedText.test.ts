/** What a record keeps of a statement's text. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanText } from '../../../proxy/masking/detecting/cleanText.ts';
import { loadParser, type SqlParser } from '../../../proxy/sql/parser.ts';
import { recordedText } from '../../../proxy/sql/recordedText.ts';

let parser: SqlParser;

beforeAll(async () => {
  parser = await loadParser();
});

afterAll(async () => {
  await parser.close();
});

const masked = (text: string) => recordedText(parser, text, { keepLiterals: false, clean: cleanText });
const kept = (text: string) => recordedText(parser, text, { keepLiterals: true, clean: cleanText });

describe('a record without constants', () => {
  it.each([
    ["SELECT * FROM u WHERE ssn = '123-45-6789' AND age > 42.5", 'SELECT * FROM u WHERE ssn = ? AND age > ?'],
    ["SELECT E'it\\'s', $$body$$, $a$ ' $a$, U&'\\0061', B'01', X'ff', N'n'", 'SELECT ?, ?, ?, ?, ?, ?, N?'],
    ['SELECT 1 -- secret\nFROM t /* secret /* nested */ */ WHERE a', 'SELECT ?\nFROM t WHERE a'],
    ['SELECT "a column", $1, a.b FROM t LIMIT 10', 'SELECT "a column", $1, a.b FROM t LIMIT ?'],
    ['SELECT \'é\' AS "é"', 'SELECT ? AS "é"'],
    [
      "INSERT INTO t VALUES (1, 'x'), (2, 'y'); DELETE FROM t",
      'INSERT INTO t VALUES (?, ?), (?, ?); DELETE FROM t',
    ],
    ["DO $$ BEGIN PERFORM 'secret'; END $$", 'DO ?'],
    ['', ''],
  ])('%s', (text, expected) => {
    expect(masked(text)).toBe(expected);
  });
});

describe('a record of what people have named and written', () => {
  it.each([
    ['SELECT id AS "jo@example.com" FROM t', 'SELECT id AS "•••" FROM t'],
    ['SELECT * FROM "4242 4242 4242 4242"', 'SELECT * FROM "•••"'],
    ["COMMENT ON TABLE t IS 'ask jo@example.com'", "COMMENT ON TABLE t IS 'ask •••'"],
    ['SELECT 1 /* for jo@example.com */', 'SELECT 1 /* for ••• */'],
    [
      'INSERT INTO t VALUES ($$ jo@example.com $$, 4242424242424242)',
      'INSERT INTO t VALUES ($$ ••• $$, •••)',
    ],
  ])('holds no personal data: %s', (text, expected) => {
    expect(kept(text)).toBe(expected);
  });
});

describe('a record with constants', () => {
  it('keeps the text', () => {
    expect(kept("SELECT 'x', 1 FROM t -- why")).toBe("SELECT 'x', 1 FROM t -- why");
  });

  it.each([
    "ALTER ROLE r PASSWORD 'hunter2'",
    "CREATE USER r WITH ENCRYPTED PASSWORD 'hunter2'",
    "CREATE SUBSCRIPTION s CONNECTION 'host=x user=y pw=hunter2' PUBLICATION p",
    "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'hunter2')",
    "ALTER SERVER s OPTIONS (SET host 'hunter2')",
    "CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'hunter2')",
    "SELECT dblink_connect('host=x hunter2')",
    "SELECT 'postgres://u:hunter2@host/db'",
    "DO $$ BEGIN EXECUTE 'ALTER ROLE r PASSWORD ''hunter2'''; END $$",
    "UPDATE users SET password = 'hunter2' WHERE id = 1",
    "UPDATE t SET api_key = 'hunter2'",
    "alter role r /* hunter2 */ password 'hunter2'",
  ])('never keeps a secret: %s', (text) => {
    expect(kept(text)).not.toContain('hunter2');
    expect(masked(text)).not.toContain('hunter2');
  });

  it('leaves out the constants of the secretive statement alone', () => {
    expect(kept("SELECT 'x'; ALTER ROLE r PASSWORD 'y'")).toBe("SELECT 'x'; ALTER ROLE r PASSWORD ?");
  });
});

describe('a text that cannot be cut into tokens', () => {
  it.each(["SELECT 'hunter2", 'SELECT "hunter2', 'SELECT /* hunter2', 'SELECT $a$hunter2', '123hunter2'])(
    '%s',
    (text) => {
      expect(masked(text)).toBe(`/* unreadable, ${text.length} bytes */`);
      expect(kept(text)).toBe(masked(text));
    },
  );
});

describe('a very long text', () => {
  it.each([
    ['rows', `INSERT INTO t VALUES ${"(1, 'hunter2'), ".repeat(10_000)}(2, 'x')`],
    ['a string', `SELECT '${'hunter2'.repeat(20_000)}'`],
    ['a comment', `SELECT 1 /* ${'hunter2'.repeat(20_000)} */`],
    ['a body', `DO $b$ ${'hunter2'.repeat(20_000)} $b$`],
    ['an identifier', `SELECT 1 AS "${'x'.repeat(100_000)}"`],
  ])('of %s is recorded by its beginning', (_what, text) => {
    const result = masked(text);
    expect(result).not.toContain('hunter2');
    expect(result.length).toBeLessThan(4100);
    expect(result).toMatch(/^(INSERT INTO t VALUES|SELECT|DO).* \/\* … \d+ bytes \*\/$/);
  });
});
