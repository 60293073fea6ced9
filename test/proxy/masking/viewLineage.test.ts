/** Node trees of the server: what they say, and what is made of those that are not understood. */
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClassificationDraft } from '../../../proxy/masking/columns/classificationDraft.ts';
import { readNodeTree } from '../../../proxy/masking/columns/nodeTree.ts';
import { spreadClassifications } from '../../../proxy/masking/columns/spreadClassifications.ts';
import { readValuePaths } from '../../../proxy/masking/columns/valuePaths.ts';
import { findRelations, readViewLineage } from '../../../proxy/masking/columns/viewLineage.ts';
import type { Catalog } from '../../../proxy/schema/catalog.ts';
import { loadCatalog } from '../../../proxy/schema/loadCatalog.ts';
import { startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';

describe('a node tree', () => {
  it('is read with escapes, lists, empty values and bytes of constants', () => {
    const text =
      '({A :name :odd\\ \\{one\\} :list (1 "two" <>) :none <> :bytes 4 [ 1 0 -1 ] :node {B :x 1}})';
    const [node] = readNodeTree(text) as [{ tag: string; fields: Map<string, unknown> }];
    expect(node.tag).toBe('A');
    expect(Object.fromEntries(node.fields)).toMatchObject({
      name: ':odd\\ \\{one\\}',
      list: ['1', '"two"', undefined],
      none: undefined,
      bytes: '4',
      node: { tag: 'B' },
    });
  });

  it.each(['', '(', '{', '{A :b', '{A :b }', '(1 2', ')', '{A :b (}', '('.repeat(200_000)])(
    'that is no tree is refused: %.20s',
    (text) => {
      expect(() => readViewLineage(text)).toThrow();
    },
  );
});

describe('a view of the server', () => {
  let server: TestPostgres;
  let client: Client;
  let catalog: Catalog;
  let action: string;

  beforeAll(async () => {
    server = await startTestPostgres();
    client = new Client({ connectionString: server.url() });
    await client.connect();
    await client.query(`CREATE TABLE customers (id int, email text); CREATE TABLE products (id int, name text);
      CREATE VIEW v AS WITH w AS (SELECT email FROM customers) SELECT w.email, p.id FROM w, products p`);
    catalog = await loadCatalog(client, 0);
    const { rows } = await client.query(
      "SELECT ev_action::text AS action FROM pg_rewrite WHERE ev_class = 'v'::regclass",
    );
    action = rows[0].action;
  }, 120_000);
  afterAll(async () => {
    await client?.end();
    await server?.stop();
  });

  const oidOf = (name: string) => catalog.named(name)[0]?.oid ?? 0;

  it('is traced to the columns of its tables', () => {
    const lineage = readViewLineage(action);
    expect(lineage.get(1)).toEqual({
      sources: [{ relation: oidOf('customers'), column: 2 }],
      isPlain: true,
      functions: [],
    });
    expect(lineage.get(2)?.sources).toEqual([{ relation: oidOf('products'), column: 1 }]);
  });

  it('is refused wherever its tree is cut', () => {
    for (let length = 0; length < action.length - 1; length += 61) {
      expect(() => readViewLineage(action.slice(0, length))).toThrow();
    }
  });

  it.each([
    ['an unknown kind of range table entry', ':rtekind 0', ':rtekind 77'],
    ['a variable that points nowhere', ':varno 1', ':varno 99'],
    ['a variable out of its query', ':varlevelsup 0', ':varlevelsup 9'],
    ['a WITH query that is not there', ':ctename w', ':ctename x'],
    ['a variable without its fields', ':varattno 1', ':varattrenamed 1'],
  ])('is refused with %s', (_what, from, to) => {
    expect(action).toContain(from);
    // Both places where the name of a WITH query stands would fit together again.
    const changed = from.startsWith(':cte') ? action.replace(from, to) : action.replaceAll(from, to);
    expect(() => readViewLineage(changed)).toThrow();
  });

  it('that is not understood counts in all its columns as computed from what it reads', async () => {
    const paths = await readValuePaths(client, undefined);
    const relations = findRelations(action);
    expect(relations).toEqual(expect.arrayContaining([oidOf('customers'), oidOf('products')]));
    const unknown = { stamp: '', columns: new Map(), isUnderstood: false, relations };
    const draft = new ClassificationDraft();
    draft.add(oidOf('customers'), 2, { kind: 'pii.email', use: 'equality', why: '', confidence: 1 });
    spreadClassifications(
      draft,
      catalog,
      { ...paths, views: new Map([[oidOf('v'), unknown]]) },
      () => 'text',
    );
    for (const column of [1, 2]) {
      expect(draft.of(oidOf('v'), column)).toMatchObject({ kind: 'pii.email', use: 'none', isDerived: true });
    }
  });

  it('is not read again while its query is the same', async () => {
    const first = await readValuePaths(client, undefined);
    const second = await readValuePaths(client, first.views);
    expect(second.views.get(oidOf('v'))).toBe(first.views.get(oidOf('v')));
  });
});
