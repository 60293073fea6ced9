/** Comparing snapshots: the order of what it finds, and names and texts that would lead it astray. */
import { describe, expect, it } from 'vitest';
import { compareSnapshots } from '../../../proxy/schema/compareSnapshots.ts';
import type { SchemaSnapshot, SnapshotTable } from '../../../proxy/schema/snapshot.ts';

function table(schema: string, name: string, more: Partial<SnapshotTable> = {}): SnapshotTable {
  const nothing = { columns: [], indexes: [], constraints: [], grants: [] };
  return { schema, name, kind: 'table', owner: 'postgres', ...nothing, ...more };
}

function snapshot(...tables: SnapshotTable[]): SchemaSnapshot {
  return { form: 1, at: '2026-01-01T00:00:00Z', tables };
}

describe('comparing snapshots', () => {
  it('finds the same in the same order, however the sides are sorted', () => {
    const before = [table('b', 'x'), table('a', 'z'), table('a', 'y', { owner: 'ana' })];
    const after = [table('a', 'y'), table('c', 'w')];
    const items = compareSnapshots(snapshot(...before), snapshot(...after));
    expect(items.map((item) => `${item.kind} ${item.schema}.${item.table}`)).toEqual([
      'changed a.y',
      'missing a.z',
      'missing b.x',
      'unexpected c.w',
    ]);
    expect(compareSnapshots(snapshot(...before.reverse()), snapshot(...after.reverse()))).toEqual(items);
  });

  it('finds nothing between a snapshot and its copy from JSON, read at another time', () => {
    const columns = [
      { name: 'a', type: 'integer', nullable: true, default: '1' },
      { name: 'b', type: 'text', nullable: false, generated: 'stored' as const },
    ];
    const one = snapshot(table('a', 'x', { columns }));
    const copy = { ...(JSON.parse(JSON.stringify(one)) as SchemaSnapshot), at: '2027-01-01T00:00:00Z' };
    expect(compareSnapshots(one, copy)).toEqual([]);
  });

  it('does not mix up names with dots, spaces and quotes', () => {
    expect(compareSnapshots(snapshot(table('a.b', 'c')), snapshot(table('a', 'b.c')))).toMatchObject([
      { kind: 'unexpected', schema: 'a', table: 'b.c' },
      { kind: 'missing', schema: 'a.b', table: 'c' },
    ]);
    const grant = { grantable: false, privilege: 'SELECT' };
    const items = compareSnapshots(
      snapshot(table('a', 'x', { grants: [{ ...grant, grantee: 'r', column: 'null' }] })),
      snapshot(table('a', 'x', { grants: [{ ...grant, grantee: 'r' }] })),
    );
    expect(items.map(({ kind, part }) => [kind, part])).toEqual([
      ['unexpected', { kind: 'grant', grantee: 'r', privilege: 'SELECT' }],
      ['missing', { kind: 'grant', grantee: 'r', privilege: 'SELECT (null)' }],
    ]);
  });

  it('keeps every summary on one line of bearable length, whatever the texts hold', () => {
    const column = { name: 'a', type: 'text', nullable: true };
    const [item] = compareSnapshots(
      snapshot(table('a', 'x', { columns: [column] })),
      snapshot(table('a', 'x', { columns: [{ ...column, default: `'one\ntwo\u202e${'x'.repeat(500)}'` }] })),
    );
    expect(item?.summary).toMatch(/^default 'one two x+… added$/);
    expect(item?.summary.length).toBeLessThan(150);
  });
});
