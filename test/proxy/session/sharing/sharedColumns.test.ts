/** Promises about whose column is meant by what another proxy has found, and about how much its word may do. */
import { describe, expect, it } from 'vitest';
import type { ColumnId } from '../../../../proxy/masking/classification.ts';
import type { SharedClassification } from '../../../../proxy/masking/sharedClassification.ts';
import { findNews, isShared } from '../../../../proxy/session/sharing/sharedColumns.ts';
import { buildCatalog, table } from '../../../kit/catalog.ts';

const here = 'system:7301/16384';
const { catalog, classifications } = buildCatalog([
  table('public.people', 'id integer, email text', { email: { kind: 'pii.email', use: 'equality' } }),
  table('public.copies', 'id integer, a text'),
  table('archive.copies', 'id integer, a text'),
]);
const [people = 0, copies = 0, archived = 0] = [...catalog.relations.keys()];

const shared = (fields: Partial<SharedClassification> = {}): SharedClassification => ({
  database: here,
  relation: { oid: copies, schema: 'public', name: 'copies' },
  column: { number: 2, name: 'a' },
  kind: 'pii.email',
  use: 'equality',
  why: 'it was copied from people.email',
  confidence: 0.9,
  since: '2026-01-02T03:04:05.678Z',
  ...fields,
});
const news = (
  one: SharedClassification,
  { database = here, areNew = false, isOut = (_: ColumnId): boolean => false } = {},
) => findNews({ catalog, classifications, database, isUnclassified: isOut }, [one], areNew);
const ids = (...found: Parameters<typeof news>) =>
  news(...found).map(({ relation, column }) => [relation, column]);

describe('the column that is meant', () => {
  it('is known by its numbers in the same database, whatever it is called', () => {
    const renamed = {
      relation: { oid: copies, schema: 'old', name: 'gone' },
      column: { number: 2, name: 'x' },
    };
    expect(ids(shared())).toEqual([[copies, 2]]);
    expect(ids(shared(renamed))).toEqual([[copies, 2]]);
  });

  it('is none where the table is another one of the same name', () => {
    const dropped = shared({ relation: { oid: 99, schema: 'public', name: 'copies' } });
    expect(ids(dropped)).toEqual([]);
    expect(ids(shared({ column: { number: 9, name: 'a' } }))).toEqual([]);
  });

  it('may be of a table that is too new to be seen', () => {
    const ahead = shared({ relation: { oid: 99, schema: 'public', name: 'fresh' } });
    expect(ids(ahead)).toEqual([]);
    expect(ids(ahead, { areNew: true })).toEqual([[99, 2]]);
  });

  it('is known by all its names in another database, and where one cannot be told from another', () => {
    const restored = (schema: string, column = 'a') =>
      shared({
        database: 'system:1/5',
        relation: { oid: people, schema, name: 'copies' },
        column: { number: 1, name: column },
      });
    expect(ids(restored('archive'))).toEqual([[archived, 2]]);
    expect(ids(restored('nowhere'))).toEqual([]);
    expect(ids(restored('archive', 'b'))).toEqual([]);
    expect(ids(restored('nowhere'), { areNew: true })).toEqual([]);
    const vague = 'name:shop/16384';
    const other = { ...restored('archive'), database: vague };
    expect(ids(other, { database: vague })).toEqual([[archived, 2]]);
  });

  it('is left alone where the policy has taken it out, or what it was copied from', () => {
    const isOut = ({ relation }: ColumnId) => relation === people;
    const copied = shared({ origin: { relation: people, column: 2 } });
    expect(ids(copied)).toEqual([[copies, 2]]);
    expect(ids(copied, { isOut })).toEqual([]);
    expect(ids(shared(), { isOut: ({ relation }) => relation === copies })).toEqual([]);
    // An OID of another database says nothing here.
    expect(ids({ ...copied, database: 'system:1/5' }, { isOut })).toEqual([[copies, 2]]);
  });

  it('is not told of twice, but for what lets less be shown', () => {
    const known = { relation: { oid: people, schema: 'public', name: 'people' } };
    expect(ids(shared({ ...known, kind: 'pii.name' }))).toEqual([]);
    expect(ids(shared({ ...known, isDerived: true }))).toEqual([[people, 2]]);
  });
});

describe('what is said of it', () => {
  const said = (fields: Partial<SharedClassification>, database?: string) =>
    news(shared(fields), database === undefined ? {} : { database })[0]?.classification;

  it('counts as found there, with its reason and its time', () => {
    const origin = { relation: people, column: 2 };
    expect(said({ origin })).toEqual({
      kind: 'pii.email',
      use: 'equality',
      why: 'it was copied from people.email',
      confidence: 0.9,
      since: '2026-01-02T03:04:05.678Z',
      origin,
    });
    expect(said({ origin }, 'system:1/5')).not.toHaveProperty('origin');
  });

  it('never gives more rights than its kind has', () => {
    expect(said({ use: 'open' })).toMatchObject({ use: 'equality' });
    expect(said({ use: 'none' })).toMatchObject({ use: 'none' });
    expect(said({ kind: 'secret.token', use: 'order' })).toMatchObject({ use: 'none' });
    expect(said({ kind: 'pii.name', use: 'order' })).toMatchObject({ use: 'order' });
    expect(said({ kind: 'pii.name', use: 'order', isDerived: true })).toMatchObject({ use: 'none' });
    expect(said({ use: 'more' as unknown as 'none' })).toMatchObject({ use: 'none' });
  });

  it('protects as much as can be where the kind is one of a later version', () => {
    expect(said({ kind: 'pii.shoeSize' })).toMatchObject({ kind: 'pii.freeText', use: 'none' });
    expect(said({ kind: 'toString' })).toMatchObject({ kind: 'pii.freeText', use: 'none' });
  });

  it('is not listened to where it is none', () => {
    for (const value of [
      null,
      1,
      [],
      {},
      { ...shared(), relation: null },
      { ...shared(), confidence: '1' },
    ]) {
      expect(isShared(value)).toBe(false);
    }
    expect(isShared(shared())).toBe(true);
  });
});
