/** The schema tree: what stands where, badges from the parts up to the connection, ids that last. */
import { describe, expect, it } from 'vitest';
import { badgesOf, connectionNode, type SchemaNode } from '../../../extension/drift/schemaTree.ts';
import type { DriftItem, SchemaState, SnapshotTable } from '../../../proxy/control/messages.ts';

const connection = { name: 'shop/main', environment: 'production', state: 'ready' } as const;

function table(schema: string, name: string, columns: readonly string[] = ['id', 'email']): SnapshotTable {
  return {
    schema,
    name,
    kind: 'table',
    owner: 'postgres',
    columns: columns.map((column) => ({ name: column, type: 'text', nullable: column !== 'id' })),
    indexes: [
      { name: 'by_id', definition: `CREATE UNIQUE INDEX by_id ON ${schema}.${name} USING btree (id)` },
    ],
    constraints: [{ name: 'positive', definition: 'CHECK ((id > 0))' }],
    grants: [],
  };
}

function item(
  schema: string,
  name: string,
  kind: DriftItem['kind'],
  part: DriftItem['part'],
  isRisky = false,
): DriftItem {
  return { kind, schema, table: name, part, summary: 'something', isRisky };
}

function stateOf(tables: readonly SnapshotTable[], items: readonly DriftItem[]): SchemaState {
  return {
    live: { form: 1, at: '2026-01-01T00:00:00Z', tables },
    drift: { connection: connection.name, baseline: { at: '2026-01-01T00:00:00Z', by: 'ana' }, items },
    classifications: { 'app.customers.email': 'pii.email' },
  };
}

/** The tree as lines: badge, label, description. */
function draw(node: SchemaNode, depth = 0): string[] {
  const line = `${'  '.repeat(depth)}${node.badge ?? ' '} ${node.label}`;
  const lines = [node.description === '' ? line : `${line} (${node.description})`];
  return [...lines, ...(node.children ?? []).flatMap((child) => draw(child, depth + 1))];
}

describe('the schema tree', () => {
  it('shows a connection that was not read yet without claiming anything of it', () => {
    const node = connectionNode(connection, undefined);
    expect(node.children).toBeUndefined();
    expect(draw(node)).toEqual(['  shop/main (production)']);
  });

  it('carries badges up from the parts, and shows what is missing', () => {
    const state = stateOf(
      [table('app', 'customers'), table('app', 'orders'), table('fresh', 'new')],
      [
        item('app', 'customers', 'missing', { kind: 'column', name: 'phone' }),
        item('app', 'customers', 'unexpected', { kind: 'column', name: 'email' }),
        item('app', 'gone', 'missing', { kind: 'table' }),
        item('fresh', 'new', 'unexpected', { kind: 'table' }),
        item('app', 'orders', 'unexpected', { kind: 'grant', grantee: 'PUBLIC', privilege: 'SELECT' }, true),
      ],
    );
    expect(draw(connectionNode(connection, state))).toEqual([
      '! shop/main (production · 5 differences)',
      '  ! app',
      '    ~ customers',
      '        id (text · not null)',
      '      + email (pii.email · masked)',
      '      - phone (missing)',
      '        positive (CHECK ((id > 0)))',
      '        by_id (unique btree (id))',
      '    - gone (missing)',
      '    ! orders',
      '        id (text · not null)',
      '        email (text)',
      '        positive (CHECK ((id > 0)))',
      '        by_id (unique btree (id))',
      '      ! SELECT to PUBLIC',
      '  + fresh',
      '    + new',
      '        id (text · not null)',
      '        email (text)',
      '        positive (CHECK ((id > 0)))',
      '        by_id (unique btree (id))',
    ]);
  });

  it('says that there is no baseline, which is not the same as no drift', () => {
    const state = stateOf([table('app', 'customers')], []);
    const { baseline: _, ...drift } = state.drift;
    expect(connectionNode(connection, { ...state, drift }).description).toBe('production · no baseline');
    expect(connectionNode(connection, state).description).toBe('production');
  });

  it('gives every node an id of its own, the same at the next reading, whatever the names hold', () => {
    const tables = [table('a', 'b/c', ['x', 'x y']), table('a/b', 'c'), table('a', 'b', ['c', 'é%2F'])];
    const ids = (node: SchemaNode): string[] => [node.id, ...(node.children ?? []).flatMap(ids)];
    const first = ids(connectionNode(connection, stateOf(tables, [])));
    expect(new Set(first).size).toBe(first.length);
    const drifted = stateOf(tables, [item('a', 'b', 'changed', { kind: 'column', name: 'c' })]);
    expect(ids(connectionNode({ ...connection, state: 'failed' }, drifted))).toEqual(first);
  });

  it('lists badges by id, of what differs and of all that holds it', () => {
    const state = stateOf(
      [table('app', 'customers'), table('app', 'orders')],
      [item('app', 'orders', 'missing', { kind: 'index', name: 'late' })],
    );
    expect(badgesOf(connectionNode(connection, state))).toEqual([
      ['/shop%2Fmain', '~'],
      ['/shop%2Fmain/app', '~'],
      ['/shop%2Fmain/app/orders', '~'],
      ['/shop%2Fmain/app/orders/index/late', '-'],
    ]);
  });

  it('is built for two thousand tables in a moment', () => {
    const names = Array.from({ length: 20 }, (_, index) => `column${index}`);
    const tables = Array.from({ length: 2_000 }, (_, index) => table('app', `table${index}`, names));
    const state = stateOf(tables, []);
    const begun = performance.now();
    expect(connectionNode(connection, state).children?.[0]?.children).toHaveLength(2_000);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});
