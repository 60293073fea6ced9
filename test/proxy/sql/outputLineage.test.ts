/** Lineage: which protected columns each output column comes from, and how. */
import { describe, expect, it } from 'vitest';
import { buildCatalog, table } from '../../kit/catalog.ts';
import { derivedUses, everydayDerived } from '../../kit/derivedUses.ts';
import { judgeUse, listUses } from '../../kit/judgeUse.ts';
import { shop } from '../../kit/shopCatalog.ts';

type Against = Parameters<typeof judgeUse>[1];

/** Each column as `how relation.column …`, or `-`; `+` where RowDescription should name the origin. */
function linesOf(text: string, against: Against = shop): string[] {
  const { output, violations } = judgeUse(text, against);
  expect(violations).toEqual([]);
  return (output?.columns ?? []).map(({ sources, how, keepsOrigin }) =>
    sources.length === 0
      ? '-'
      : `${keepsOrigin ? '+' : ''}${how} ${sources.map(({ relation, column }) => `${relation}.${column}`).join(' ')}`,
  );
}

describe('what is made of protected columns is answered, and known for what it is', () => {
  const all = [...Object.values(derivedUses).flat(), ...everydayDerived];
  it.each(all)('%s', (text) => {
    const { violations, output } = judgeUse(text);
    expect(violations).toEqual([]);
    const made = (output?.columns ?? []).filter(
      ({ sources, keepsOrigin }) => sources.length > 0 && !keepsOrigin,
    );
    expect(made.length).toBeGreaterThan(0);
  });
});

describe('lineage', () => {
  it.each<[string, string[]]>([
    ['SELECT id, email FROM u', ['-', '+copied u.email']],
    ['SELECT * FROM u', ['-', '+copied u.email', '-', '-']],
    ['SELECT x.e, upper(e) FROM (SELECT email AS e FROM u) x', ['+copied u.email', 'transformed u.email']],
    ['SELECT id, lower(note), lower(email) FROM u', ['-', '-', 'transformed u.email']],
    ['SELECT name || email FROM customers', ['transformed customers.name customers.email']],
    ['SELECT max(email), count(email) FROM u', ['aggregated u.email', '-']],
    ['SELECT upper(max(email)) FROM u', ['aggregated u.email']],
    ['SELECT max(email) OVER () FROM u', ['aggregated u.email']],
    ['SELECT lag(email) OVER (ORDER BY id) FROM u', ['transformed u.email']],
    ['SELECT email FROM u UNION ALL SELECT note FROM u', ['transformed u.email']],
    ['SELECT note, id FROM u UNION ALL SELECT email, id FROM u', ['transformed u.email', '-']],
    ['SELECT email FROM u EXCEPT SELECT email FROM leads', ['copied u.email leads.email']],
    ['WITH w(a, b) AS (SELECT id, email FROM u) SELECT b, a FROM w', ['+copied u.email', '-']],
    [
      'WITH RECURSIVE t(a, b) AS (SELECT email, 1 FROM u UNION ALL SELECT upper(a), b + 1 FROM t) SELECT a, b FROM t',
      ['transformed u.email', '-'],
    ],
    [
      "WITH RECURSIVE t(a, b) AS (SELECT email, 'x' FROM u UNION ALL SELECT b, a FROM t) SELECT b FROM t",
      ['transformed u.email'],
    ],
    ['SELECT s.c, u.id FROM u, LATERAL (SELECT u.email || note AS c) s', ['transformed u.email', '-']],
    ['SELECT (SELECT email FROM u LIMIT 1), 1', ['copied u.email', '-']],
    ['SELECT u FROM u', ['copied u.email']],
    ['SELECT to_jsonb(u), u.id FROM u', ['transformed u.email', '-']],
    ['SELECT ROW(id, email) FROM u', ['copied u.email']],
    ['SELECT ARRAY[email] FROM u', ['transformed u.email']],
    ['SELECT CASE WHEN id = 1 THEN email END, id FROM u', ['transformed u.email', '-']],
    ["SELECT CASE WHEN email = 'x' THEN 1 END, email FROM u", ['-', '+copied u.email']],
    [
      'SELECT * FROM u FULL JOIN leads USING (email)',
      ['copied u.email leads.email', '-', '-', '-', '-', '-'],
    ],
    ['SELECT * FROM u JOIN leads USING (email)', ['+copied u.email leads.email', '-', '-', '-', '-', '-']],
    ['VALUES (1, (SELECT email FROM u)), (2, NULL)', ['-', 'transformed u.email']],
    ['UPDATE u SET n = 1 RETURNING id, lower(email), email', ['-', 'transformed u.email', '+copied u.email']],
    ['DELETE FROM u RETURNING *', ['-', '+copied u.email', '-', '-']],
    ['SELECT key, value FROM u, jsonb_each_text(to_jsonb(u))', ['-', 'transformed u.email']],
    ['SELECT j.* FROM u, jsonb_each(to_jsonb(u)) WITH ORDINALITY j', ['-', 'transformed u.email', '-']],
    [
      'SELECT x FROM customers c, unnest(ARRAY[c.email, c.phone]) x',
      ['transformed customers.email customers.phone'],
    ],
    ['PREPARE p AS SELECT id, upper(email) FROM u', ['-', 'transformed u.email']],
    ['DECLARE c CURSOR FOR SELECT upper(email) FROM u', ['transformed u.email']],
    ['SELECT upper(email) FROM customer_view', ['transformed customer_view.email']],
  ])('%s', (text, lines) => {
    expect(linesOf(text)).toEqual(lines);
  });

  it.each([
    'SELECT id, upper(note) FROM u',
    'SELECT count(*) FROM u',
    'SELECT id FROM u WHERE email = $1',
    'EXPLAIN VERBOSE SELECT upper(email) FROM u',
    'SELECT upper(status) FROM orders',
    'UPDATE u SET email = $1',
  ])('is nothing for %s', (text) => {
    expect(linesOf(text)).toEqual([]);
  });

  it('does not say in which position where it does not know', () => {
    const { output } = judgeUse('SELECT c.*, upper(u.email) FROM u, pg_class c');
    expect(output?.isOrdered).toBe(false);
  });

  it('counts every relation that a name may mean', () => {
    const twice = buildCatalog([
      table('public.people', 'id integer, email text'),
      table('crm.people', 'id integer, email text', { email: { kind: 'pii.email', use: 'equality' } }),
    ]);
    expect(linesOf('SELECT lower(email) FROM people', twice)).toEqual(['transformed people.email']);
    expect(linesOf('SELECT lower(email) FROM public.people', twice)).toEqual([]);
  });

  it('names the cursor', () => {
    expect(judgeUse('DECLARE "C 1" CURSOR FOR SELECT 1').cursor).toBe('C 1');
    expect(judgeUse('FETCH 3 FROM c').cursor).toBe('c');
    expect(judgeUse('SELECT 1').cursor).toBeUndefined();
  });
});

describe("a function is PostgreSQL's own only where nobody else's can be meant", () => {
  const withOwn = (...names: string[]) =>
    buildCatalog(
      [table('public.u', 'id integer, email text', { email: { kind: 'pii.email', use: 'equality' } })],
      names,
    );

  it('refuses a name that the database has a function of', () => {
    expect(listUses('SELECT lower(email) FROM u', withOwn('lower'))).toEqual(['u.email passed to lower()']);
    expect(listUses('SELECT pg_catalog.lower(email) FROM u', withOwn('lower'))).toEqual([]);
    expect(listUses('SELECT evil.upper(email) FROM u', withOwn())).toEqual(['u.email passed to upper()']);
  });

  it('refuses all while code may have been made that is not known yet', () => {
    for (const text of [
      'SELECT lower(email) FROM u',
      "SELECT email || 'x' FROM u",
      'SELECT email::text || 1 FROM u',
    ]) {
      expect(judgeUse(text, withOwn(), { isCodeKnown: false }).violations).not.toEqual([]);
      expect(judgeUse(text, withOwn()).violations).toEqual([]);
    }
  });

  it("refuses an operator that the database has one of, and a column that somebody's cast may change", () => {
    const { catalog, classifications } = withOwn();
    const evil = { oid: 99_999, schema: 'public', name: 'evil' };
    const own = { ...catalog, code: { ...catalog.code, operatorsNamed: () => [evil] } };
    expect(listUses("SELECT email || '' FROM u", { catalog: own, classifications })).not.toEqual([]);
    const cast = { types: [25], typeNames: ['text'], calls: evil };
    const casting = { ...catalog, code: { ...catalog.code, casts: [cast] } };
    expect(listUses('SELECT lower(email) FROM u', { catalog: casting, classifications })).not.toEqual([]);
  });
});
