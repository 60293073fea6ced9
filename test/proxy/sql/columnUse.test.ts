/** Column use: ways round masking are refused, everyday work is not. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { useError } from '../../../proxy/sql/columnUse.ts';
import { buildCatalog, table } from '../../kit/catalog.ts';
import { everydayUses } from '../../kit/everydayUses.ts';
import { judgeTree, judgeUse, listUses } from '../../kit/judgeUse.ts';
import { probingUses, refusedUses } from '../../kit/refusedUses.ts';
import { shop } from '../../kit/shopCatalog.ts';

describe('a use that masking would not cover is refused', () => {
  for (const [id, texts] of Object.entries(refusedUses)) {
    it.each(texts)(`${id}: %s`, (text) => {
      expect(listUses(text)).not.toEqual([]);
    });
  }
});

describe('what functions make of a protected column may be returned, but not be tested', () => {
  it.each(probingUses)('%s is refused', (text) => {
    expect(listUses(text)).not.toEqual([]);
  });
});

describe('a copy that is masked, or followed to where it goes', () => {
  it.each([
    'COPY customers TO STDOUT',
    'COPY u (id, email) TO STDOUT CSV HEADER',
    'COPY (SELECT email FROM u) TO STDOUT',
    'CREATE VIEW v AS SELECT email FROM u',
    'CREATE OR REPLACE VIEW v(x) AS SELECT left(email, 1) FROM u',
    'CREATE MATERIALIZED VIEW v AS SELECT * FROM customers',
    'CREATE TABLE x AS SELECT email FROM u',
    'CREATE TEMP TABLE x AS SELECT * FROM u',
    'SELECT email INTO x FROM u',
    'SELECT note INTO x FROM u UNION ALL SELECT email FROM u',
  ])('is allowed: %s', (text) => {
    expect(listUses(text)).toEqual([]);
  });
});

describe('everyday statements pass', () => {
  for (const [what, texts] of Object.entries(everydayUses)) {
    it.each(texts)(`${what}: %s`, (text) => {
      const { violations, unknownRelations } = judgeUse(text);
      expect(violations).toEqual([]);
      expect(unknownRelations.filter(({ name }) => name !== 'v')).toEqual([]);
    });
  }

  it("what psql's backslash commands and pg_dump --schema-only send passes, and no relation in it is unknown", () => {
    const texts = readFileSync(new URL('../../kit/toolStatements.sql', import.meta.url), 'utf8')
      .split('\n;\n')
      .filter((text) => text.trim() !== '');
    expect(texts.length).toBeGreaterThan(100);
    for (const text of texts) {
      const { violations, unknownRelations } = judgeUse(text);
      expect({ text, violations, unknownRelations }).toEqual({ text, violations: [], unknownRelations: [] });
    }
  });
});

describe('a finding says which column, what was done with it, and what may be done instead', () => {
  const findingOf = (text: string): ReturnType<typeof useError> => useError(judgeUse(text).violations, text);

  it('names the column, its classification and the use', () => {
    const error = findingOf("SELECT id FROM customers WHERE left(email, 3) = 'x'");
    expect(error.code).toBe('COLUMN_USE_REFUSED');
    expect(error.sqlState).toBe('42501');
    expect(error.message).toBe('customers.email is protected (pii.email) and cannot be passed to left()');
    expect(error.hint).toBe(
      'Select customers.email plainly (it comes masked), compare it with =, <> or IN, join, group or count by it, or test it for NULL.',
    );
    expect(error.detail).toBeUndefined();
    expect(error.position).toBe(37);
  });

  it('offers what the right of the column allows', () => {
    expect(findingOf('SELECT id FROM customers ORDER BY lower(name)').hint).toContain('sort by it');
    expect(findingOf("SELECT id FROM customers WHERE api_token = 'x'").hint).toBe(
      'Select customers.api_token plainly (it comes masked), test it for NULL or count it.',
    );
  });

  it('counts the position in characters, not in bytes', () => {
    expect(findingOf("SELECT 'äöü€😀', lower(email) = 'x' FROM u").position).toBe(23);
  });

  it('lists all of several uses in the detail, and a nested use once', () => {
    const error = findingOf('SELECT id FROM customers GROUP BY lower(trim(email)), repeat(phone, 2)');
    expect(error.detail).toBe(
      'customers.email is protected (pii.email) and cannot be passed to btrim().\n' +
        'customers.phone is protected (pii.phone) and cannot be passed to repeat().',
    );
  });

  it('speaks of the statement where the column is not known', () => {
    const error = findingOf('CREATE TABLE x AS EXECUTE p');
    expect(error.message).toBe(
      'what "p" returns is not known and cannot be copied into x from a prepared statement',
    );
    expect(error.hint).toBe('Write the query itself instead of EXECUTE.');
  });
});

describe('what a statement touches', () => {
  it('is told for relations with classified columns, wherever they are named', () => {
    expect(judgeUse('SELECT 1 WHERE EXISTS (SELECT FROM customers)').touchesClassified).toBe(true);
    expect(judgeUse('DROP TABLE orders').touchesClassified).toBe(false);
    expect(judgeUse('SELECT * FROM orders JOIN products ON true').touchesClassified).toBe(false);
    expect(judgeUse('CREATE TABLE customers (id int)').touchesClassified).toBe(false);
  });

  it('is everything for what runs out of sight', () => {
    for (const text of [
      "SELECT full_name('x')",
      'SELECT o.full_name FROM orders o',
      'CALL f()',
      'DO $$$$',
      'EXECUTE p',
      'FETCH c',
    ]) {
      expect({ text, is: judgeUse(text).touchesClassified }).toEqual({ text, is: true });
    }
  });

  it('counts a relation that the catalog does not know, until the catalog was loaded again', () => {
    const text = 'SELECT email FROM nowhere.made_meanwhile';
    expect(judgeUse(text)).toMatchObject({
      touchesClassified: true,
      violations: [],
      unknownRelations: [{ schema: 'nowhere', name: 'made_meanwhile' }],
    });
    expect(judgeUse(text, shop, { isReloaded: true }).touchesClassified).toBe(false);
  });

  it('does not take a WITH query, a new table or an alias after FOR UPDATE OF for an unknown relation', () => {
    for (const text of [
      'WITH made AS (SELECT 1 AS x) SELECT x FROM made',
      'WITH RECURSIVE a AS (SELECT x FROM b), b AS (SELECT 1 AS x) SELECT x FROM a',
      'CREATE TABLE made (id int)',
      'CREATE TABLE made AS SELECT 1',
      'SELECT o.id FROM orders o FOR UPDATE OF o',
    ]) {
      expect({ text, unknown: judgeUse(text).unknownRelations }).toEqual({ text, unknown: [] });
    }
  });

  it('a WITH query is known only where it is in sight', () => {
    const text = 'SELECT 1 FROM (WITH made AS (SELECT 1) SELECT * FROM made) s, made';
    expect(judgeUse(text).unknownRelations).toEqual([{ name: 'made' }]);
  });

  it('tells whether values are written into classified columns', () => {
    const writes = (text: string): boolean => judgeUse(text).writesClassified;
    expect(writes("INSERT INTO customers (id, email) VALUES (1, 'x')")).toBe(true);
    expect(writes("INSERT INTO customers VALUES (1, 'x')")).toBe(true);
    expect(writes("INSERT INTO customers (status) VALUES ('x')")).toBe(false);
    expect(writes("UPDATE customers SET email = 'x'")).toBe(true);
    expect(writes("UPDATE customers SET status = 'x' WHERE email = 'y'")).toBe(false);
    expect(writes("WITH w AS (UPDATE u SET email = 'x' RETURNING id) SELECT id FROM w")).toBe(true);
    expect(writes('PREPARE p AS INSERT INTO u (email) VALUES ($1)')).toBe(true);
    expect(writes('COPY customers FROM STDIN')).toBe(true);
    expect(writes('COPY customers (id, status) FROM STDIN')).toBe(false);
    expect(writes('DELETE FROM customers')).toBe(false);
    expect(
      writes("MERGE INTO u USING t ON u.id = t.id WHEN NOT MATCHED THEN INSERT (email) VALUES ('x')"),
    ).toBe(true);
    expect(writes("INSERT INTO u (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET email = 'x'")).toBe(true);
  });
});

describe('where a name may mean several relations, all count', () => {
  const email = { email: { kind: 'pii.email', use: 'equality' } } as const;
  const twice = buildCatalog([
    table('public.people', 'id integer, code text, email text'),
    table('crm.people', 'id integer, email text', email),
    table('public.other', 'id integer, note text, code text'),
    table('pg_temp_3.scratch', 'id integer, email text', email),
  ]);

  it.each([
    'SELECT id FROM people ORDER BY lower(email)',
    'SELECT id FROM people AS p(id, x) ORDER BY lower(x)',
    'SELECT id FROM crm.people ORDER BY lower(email)',
    'SELECT 1 FROM public.people, crm.people ORDER BY lower(crm.people.email)',
    'SELECT code FROM (SELECT * FROM people UNION ALL SELECT 1, note, code FROM other) s ORDER BY lower(code)',
    'SELECT id FROM scratch ORDER BY lower(email)',
    'SELECT id FROM pg_temp.scratch ORDER BY lower(email)',
  ])('%s is refused', (text) => {
    expect(listUses(text, twice)).not.toEqual([]);
  });

  it.each([
    'SELECT lower(email) FROM public.people',
    'SELECT lower(public.people.email) FROM public.people, crm.people',
    'SELECT email, lower(code) FROM people ORDER BY id',
    'SELECT o.id FROM other o WHERE EXISTS (SELECT 1 FROM people p WHERE p.id = o.id AND lower(code) = $1)',
  ])('%s passes', (text) => {
    expect(listUses(text, twice)).toEqual([]);
  });
});

describe('hostile texts', () => {
  it('a recursive query whose columns cannot be counted comes to an end', () => {
    const text =
      'WITH RECURSIVE r AS ((SELECT *, email AS x FROM u JOIN pg_class c ON true) UNION SELECT * FROM r) SELECT x FROM r';
    expect(judgeUse(text).output?.columns[0]?.sources[0]?.column).toBe('email');
  });

  it('recursive queries nested in one another are refused rather than judged for minutes', () => {
    let text = 'SELECT email AS a FROM u';
    for (let i = 0; i < 30; i += 1) {
      text = `WITH RECURSIVE t(a) AS (SELECT a FROM (${text}) s UNION SELECT a FROM t) SELECT a FROM t`;
    }
    expect(() => judgeUse(text)).toThrow('too complex');
  });

  it('a tree deeper than the stack is refused', () => {
    let tree: unknown = { ColumnRef: { fields: [{ String: { sval: 'email' } }] } };
    for (let i = 0; i < 50_000; i += 1) tree = { BoolExpr: { boolop: 'NOT_EXPR', args: [tree] } };
    const from = [{ RangeVar: { relname: 'u', inh: true } }];
    expect(() => judgeTree({ SelectStmt: { whereClause: tree, fromClause: from } })).toThrow('too complex');
  });

  it('a node that nobody knows lets nothing protected through', () => {
    const reference = { ColumnRef: { fields: [{ String: { sval: 'email' } }] } };
    const target = { ResTarget: { val: { BrandNewExpr: { inside: { deeper: [reference] } } } } };
    const from = [{ RangeVar: { relname: 'u', inh: true } }];
    const { violations } = judgeTree({ SelectStmt: { targetList: [target], fromClause: from } });
    expect(violations.map(({ how }) => how)).toEqual(['used in BrandNewExpr']);
  });

  it('a name that nothing in sight has counts as the protected column of that name', () => {
    expect(listUses('SELECT 1 FROM u ORDER BY lower(hidden.email)')).toEqual(['u.email passed to lower()']);
    expect(listUses('SELECT 1 FROM orders WHERE EXISTS (SELECT 1 FROM u) ORDER BY lower(email)')).toEqual([
      'u.email passed to lower()',
    ]);
  });
});
