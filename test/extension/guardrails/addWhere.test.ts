/** The quick fix “Add a WHERE clause” puts it where the server's grammar wants it. */
import { parse } from 'libpg-query';
import { describe, expect, it } from 'vitest';
import { isAboutMissingWhere, placeWhere } from '../../../extension/guardrails/addWhere.ts';
import { tokensOf } from '../../../extension/guardrails/tokens.ts';

function fix(text: string, condition = '|'): string | undefined {
  const offset = placeWhere(text, { start: 0, end: text.length });
  return offset === undefined
    ? undefined
    : `${text.slice(0, offset)} WHERE ${condition}${text.slice(offset)}`;
}

describe('adding a WHERE clause', () => {
  it('is offered for UPDATE and DELETE without one', () => {
    const codes = [
      'deny.update.absent',
      'approve.delete.absent',
      'deny.update.present',
      'deny.drop',
      'deny.truncate.absent',
    ];
    expect(codes.filter(isAboutMissingWhere)).toEqual(['deny.update.absent', 'approve.delete.absent']);
  });

  it('puts it before semicolons, comments and RETURNING', () => {
    expect(fix('DELETE FROM t')).toBe('DELETE FROM t WHERE |');
    expect(fix('DELETE FROM t ; ')).toBe('DELETE FROM t WHERE | ; ');
    expect(fix('DELETE FROM t -- all; of them')).toBe('DELETE FROM t WHERE | -- all; of them');
    expect(fix('DELETE FROM t /* a /* b */ ; */ ;')).toBe('DELETE FROM t WHERE | /* a /* b */ ; */ ;');
    expect(fix('/* WHERE */ UPDATE t SET a = 1\nRETURNING a')).toBe(
      '/* WHERE */ UPDATE t SET a = 1 WHERE |\nRETURNING a',
    );
    expect(fix("UPDATE t SET a = '-- '';', b = $q$ WHERE ; $q$;")).toBe(
      "UPDATE t SET a = '-- '';', b = $q$ WHERE ; $q$ WHERE |;",
    );
    expect(fix('UPDATE t SET "where" = (SELECT 1 WHERE true)')).toBe(
      'UPDATE t SET "where" = (SELECT 1 WHERE true) WHERE |',
    );
  });

  it('counts from the place of the statement in its document', () => {
    const text = 'SELECT 1;\nDELETE FROM t;\nSELECT 2';
    expect(placeWhere(text, { start: 10, end: 23 })).toBe(23);
  });

  it('is not offered where it cannot be told for certain', () => {
    const doubtful = [
      'DELETE FROM t WHERE true',
      'WITH d AS (DELETE FROM a RETURNING *) SELECT * FROM d FOR UPDATE',
      'WITH d AS (DELETE FROM a) DELETE FROM b',
      'MERGE INTO t USING s ON true WHEN MATCHED THEN UPDATE SET a = 1',
      'INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2',
      'CREATE RULE r AS ON DELETE TO t DO INSTEAD DELETE FROM u',
      'DO $$ BEGIN DELETE FROM t; END $$',
      '-- nothing',
      '',
    ];
    expect(doubtful.map((text) => fix(text))).toEqual(doubtful.map(() => undefined));
  });

  it('makes a statement that PostgreSQL parses with the clause in it', async () => {
    const statements = [
      'DELETE FROM ONLY (t)',
      'DELETE FROM t USING s, u AS v -- x',
      "UPDATE t SET a = E'\\'; --', b = U&'d' FROM s RETURNING *, (SELECT 1)",
      'WITH s AS (SELECT 1 AS a) UPDATE t SET a = s.a FROM s;',
      'EXPLAIN (ANALYZE, COSTS OFF) DELETE FROM t',
      'PREPARE p (int) AS UPDATE t SET a = ARRAY[1, 2]',
    ];
    for (const statement of statements) {
      const fixed = fix(statement, 'true');
      const tree = JSON.stringify(await parse(fixed ?? 'not fixed'));
      expect(tree, statement).toContain('"whereClause":{"A_Const":{"boolval":{"boolval":true}');
    }
  });
});

describe('the tokens', () => {
  it('cover what is unfinished without losing their place', () => {
    const texts = ["SELECT 'abc", 'SELECT "abc', 'SELECT $x$ abc', 'a /* b', "E'\\", '((()', ')'];
    for (const text of texts)
      for (const token of tokensOf(text, 0, text.length)) {
        expect(text.slice(token.start, token.end)).toBe(token.text);
        expect(token.end).toBeGreaterThan(token.start);
      }
  });

  it('take a string of a megabyte in good time', () => {
    const text = `DELETE FROM t /* ${'x'.repeat(500_000)} */ USING f('${"''".repeat(250_000)}')`;
    const started = performance.now();
    expect(fix(text)).toBe(`${text} WHERE |`);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
