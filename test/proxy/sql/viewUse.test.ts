/** Views whose rows or order tell of protected values are not read; views that filter, join and compute as everybody does are. */
import { loadModule, parseSync } from 'libpg-query';
import { describe, expect, it } from 'vitest';
import type { Classifications } from '../../../proxy/masking/classification.ts';
import type { Catalog, CatalogRelation } from '../../../proxy/schema/catalog.ts';
import { findViewViolation } from '../../../proxy/sql/viewUse.ts';
import { buildCatalog, table } from '../../kit/catalog.ts';

await loadModule();

const email = { kind: 'pii.email', use: 'equality' } as const;
const views: Readonly<Record<string, string>> = {
  plain: 'SELECT id, email FROM customers',
  found: "SELECT id FROM customers WHERE email = 'a@b.co'",
  joined:
    'SELECT c.id, l.source FROM customers c JOIN leads l ON l.email = c.email WHERE c.email IS NOT NULL',
  filled: 'SELECT email IS NOT NULL AS b, id FROM customers',
  counted: 'SELECT count(*) AS n FROM customers GROUP BY email',
  named: "SELECT id FROM customers WHERE name < 'm' ORDER BY name",
  computed:
    "SELECT id, ascii(email) AS a, CASE WHEN email < 'm' THEN 1 ELSE 2 END AS b FROM customers WHERE id > 3",
  opened: 'SELECT d.id, k.value AS v FROM documents d, jsonb_array_elements(d.body) k(value)',
  both: 'SELECT email FROM customers UNION ALL SELECT email FROM leads',
  above: 'SELECT id FROM joined WHERE id > 5',

  early: "SELECT id FROM customers WHERE email < 'qm'",
  ordered: 'SELECT id, row_number() OVER (ORDER BY email) AS place FROM customers',
  windowed: 'SELECT id, row_number() OVER w AS place FROM customers WINDOW w AS (ORDER BY email)',
  sorted: 'SELECT id FROM customers ORDER BY email',
  byNumber: 'SELECT id, ascii(email) AS a FROM customers ORDER BY 2',
  within: "SELECT s.id FROM (SELECT id, email < 'qm' AS e FROM customers) s WHERE s.e",
  exists: 'SELECT id, EXISTS (SELECT 1 FROM leads l WHERE l.email < c.email) AS b FROM customers c',
  filtered: "SELECT count(*) FILTER (WHERE email < 'qm') AS n FROM customers",
  havingMore: "SELECT city FROM customers GROUP BY city HAVING min(email) < 'qm'",
  matching: 'SELECT c.id FROM customers c JOIN leads l ON l.email < c.email',
  chosen: "SELECT d.id FROM documents d, jsonb_array_elements(d.body) k(value) WHERE k.value > '1'",
  armed: "SELECT id FROM leads UNION ALL SELECT id FROM customers WHERE email < 'qm'",
  flagged: "SELECT email < 'qm' AS b, id FROM customers",
  aboveEarly: 'SELECT id FROM early',
};

function build(released: readonly string[] = []) {
  const name = { kind: 'pii.name', use: 'order' } as const;
  const shop = buildCatalog([
    table('public.customers', 'id integer, name text, email text, city text', { name, email }),
    table('public.leads', 'id integer, email text, source text', { email }),
    table('public.documents', 'id integer, body jsonb', { body: { kind: 'pii.freeText', use: 'equality' } }),
    ...Object.keys(views).map((view) =>
      table(`public.${view}`, view === 'flagged' ? 'b boolean, id integer' : 'id integer', {}, 'view'),
    ),
  ]);
  const defined = new Map(
    [...shop.catalog.relations.values()].map((found): [string, CatalogRelation] => [
      found.name,
      { ...found, definition: views[found.name] },
    ]),
  );
  const catalog: Catalog = {
    ...shop.catalog,
    relations: new Map([...defined.values()].map((found) => [found.oid, found])),
    named: (wanted) => [defined.get(wanted)].filter((found) => found !== undefined),
  };
  const classifications: Classifications = {
    ...shop.classifications,
    exemptedBy: (oid) => {
      const found = catalog.relations.get(oid)?.name ?? '';
      const pattern = (wanted: string | undefined) => ({
        schema: undefined,
        table: wanted,
        column: 'id',
        text: '',
      });
      if (released.includes(found))
        return { place: 'masking.yaml:1:1', reason: 'known', pattern: pattern(found) };
      return released.includes('*')
        ? { place: 'masking.yaml:1:1', reason: 'known', pattern: pattern(undefined) }
        : undefined;
    },
  };
  return (view: string) => {
    const relation = defined.get(view);
    if (relation === undefined) throw new Error(`no view ${view}`);
    return findViewViolation(
      [relation],
      catalog,
      classifications,
      (text) => parseSync(text).stmts?.[0]?.stmt,
    );
  };
}

const telling = Object.keys(views).slice(Object.keys(views).indexOf('early'));

describe('a view', () => {
  it.each(Object.keys(views).filter((view) => !telling.includes(view)))('may be read: %s', (view) => {
    expect(build()(view)).toBeUndefined();
  });

  it.each(telling)('may not, for what it tells by its rows: %s', (view) => {
    expect(build()(view)).toMatchObject({ column: expect.stringMatching(/email|body/) });
  });

  it('is named, however deep it lies below', () => {
    expect(build()('aboveEarly')?.view).toBe('early');
  });

  it('may be read where masking.yaml says so of it, by its own name', () => {
    expect(build(['early'])('aboveEarly')).toBeUndefined();
    expect(build(['aboveEarly'])('aboveEarly')).toBeUndefined();
    expect(build(['*'])('early')).toBeDefined();
    expect(build(['ordered'])('early')).toBeDefined();
  });
});
