/** Copies of protected values: where they go on being protected as they are they may be written, and nowhere else. */
import { describe, expect, it } from 'vitest';
import type { Classification } from '../../../../proxy/masking/classification.ts';
import { noStoredCode, type StoredCode } from '../../../../proxy/schema/storedCode.ts';
import type { BuiltMark } from '../../../kit/catalog.ts';
import { buildCatalog, table } from '../../../kit/catalog.ts';
import { judgeUse } from '../../../kit/judgeUse.ts';

const email = { kind: 'pii.email', use: 'equality' } as const;
const phone = { kind: 'pii.phone', use: 'equality' } as const;

function shop(
  mark: BuiltMark & Partial<Classification> = email,
  columns = 'id integer, mail text, note text',
) {
  return buildCatalog([
    table('public.customers', 'id integer, email text, short character varying(80), phone text, city text', {
      email,
      short: email,
      phone,
    }),
    table('public.kept', columns, { mail: mark }),
    table('public.weak', 'id integer, secret text', { secret: { kind: 'pii.email', use: 'none' } }),
    table('public.open', 'id integer, mail text'),
  ]);
}

const uses = (text: string, against = shop()) => judgeUse(text, against).violations.map(({ how }) => how);
const insert = 'INSERT INTO kept (id, mail) SELECT id, email FROM customers';

describe('a copy to where it is as protected', () => {
  it.each([
    insert,
    'INSERT INTO kept SELECT id, email, city FROM customers',
    'INSERT INTO public.kept (mail, id) SELECT c.short, c.id FROM customers c JOIN kept k ON k.mail = c.email',
    'WITH c AS (SELECT id AS i, email AS e FROM customers) INSERT INTO kept (id, mail) SELECT * FROM c',
    'INSERT INTO kept (mail) VALUES ((SELECT email FROM customers WHERE id = 1))',
    `${insert} RETURNING mail`,
    `${insert} ON CONFLICT (id) DO NOTHING`,
    `${insert} ON CONFLICT (id) DO UPDATE SET mail = EXCLUDED.mail, note = 'again'`,
    'UPDATE kept SET mail = c.email FROM customers c WHERE c.id = kept.id',
    'UPDATE kept SET mail = (SELECT email FROM customers c WHERE c.id = kept.id)',
    'MERGE INTO kept k USING customers c ON k.id = c.id WHEN MATCHED THEN UPDATE SET mail = c.email WHEN NOT MATCHED THEN INSERT (id, mail) VALUES (c.id, c.email)',
    'WITH gone AS (DELETE FROM kept RETURNING id, mail) INSERT INTO customers (id, email) SELECT * FROM gone',
    `EXPLAIN ANALYZE ${insert}`,
  ])('may be made: %s', (text) => {
    expect(uses(text)).toEqual([]);
  });
});

describe('a copy to where it is not', () => {
  it.each([
    'INSERT INTO open (id, mail) SELECT id, email FROM customers',
    'INSERT INTO kept (mail, note) SELECT city, email FROM customers',
    'INSERT INTO kept (id, note) SELECT id, email FROM customers',
    'INSERT INTO kept (mail) SELECT phone FROM customers',
    'INSERT INTO kept (mail) SELECT email || city FROM customers',
    'INSERT INTO kept (mail) SELECT left(email, 1) FROM customers',
    'INSERT INTO kept (mail) SELECT max(email) FROM customers',
    'INSERT INTO kept (mail) SELECT CASE WHEN id = 1 THEN city ELSE email END FROM customers WHERE left(email, 1) = $$a$$',
    'INSERT INTO kept (mail) SELECT customers FROM customers',
    'INSERT INTO customers (email) SELECT secret FROM weak',
    'INSERT INTO customers (short) SELECT email FROM customers',
    'INSERT INTO nowhere (mail) SELECT email FROM customers',
    `${insert} ON CONFLICT (id) DO UPDATE SET note = EXCLUDED.mail`,
    `${insert} ON CONFLICT (id) DO UPDATE SET note = 'x' WHERE left(EXCLUDED.mail, 1) = 'a'`,
    `${insert} RETURNING left(mail, 1) = 'a'`,
    'UPDATE kept SET note = mail',
    'UPDATE kept SET (mail, note) = (SELECT email, email FROM customers c WHERE c.id = kept.id)',
    'UPDATE kept SET (mail, note) = (mail, mail)',
    'UPDATE kept SET mail = left(mail, 1)',
    'MERGE INTO kept k USING customers c ON k.id = c.id WHEN MATCHED THEN UPDATE SET note = c.email',
    'MERGE INTO kept k USING customers c ON k.id = c.id WHEN NOT MATCHED THEN INSERT (id, note) VALUES (c.id, c.email)',
    `CREATE RULE r AS ON INSERT TO open DO ALSO ${insert}`,
    `PREPARE p AS ${insert}`,
  ])('may not: %s', (text) => {
    expect(uses(text)).not.toEqual([]);
  });

  it.each<[string, BuiltMark & Partial<Classification>, string?]>([
    ['of another kind', phone],
    ['with which more may be done', { ...email, use: 'order' }],
    ['whose mask shows more', { ...email, mask: { method: 'digits', tokens: {} as never } }],
    ['that cuts it', email, 'id integer, mail character varying(40), note text'],
    ['of another type', email, 'id integer, mail citext, note text'],
  ])('may not: into a column %s', (_, mark, columns) => {
    expect(uses(insert, shop(mark, columns))).toEqual(['copied into kept.mail']);
  });

  it('may not where a derived value would be shown in part', () => {
    const derived = shop();
    const of = derived.classifications.of.bind(derived.classifications);
    const isSource = (oid: number, number: number) => oid === 16_384 && number === 2;
    const classifications = {
      ...derived.classifications,
      of: (oid: number, number: number) => {
        const found = of(oid, number);
        return found && isSource(oid, number) ? { ...found, isDerived: true as const } : found;
      },
    };
    expect(uses(insert, { ...derived, classifications })).toEqual(['copied into kept.mail']);
  });

  it('may not while more than is known may run on it', () => {
    const { violations } = judgeUse(insert, shop(), { mayCopy: false });
    expect(violations.map(({ how }) => how)).toEqual(['copied into kept.mail']);
  });
});

describe('a table that does something with what is written', () => {
  const kept = 16_385;
  const only =
    <T>(value: T) =>
    (oid: number) =>
      oid === kept ? [value] : [];
  const calls = { oid: 1, schema: 'public', name: 'f' };
  const trigger = (event: 'insert' | 'delete') =>
    ({ triggersOn: only({ name: 't', events: [event], calls, definition: '' }) }) as const;
  const expression = (text: string) =>
    ({ expressionsOn: only({ when: 'write', name: 'x', text }) }) as Partial<StoredCode>;

  it.each<[string, Partial<StoredCode>, boolean]>([
    ['a trigger', trigger('insert'), false],
    ['a trigger for something else', trigger('delete'), true],
    ['a rule', { rulesOn: only({ name: 'r', event: 'insert', definition: '' }) }, false],
    [
      'a key that is passed on',
      { actionsOf: only({ name: 'k', child: 1, onDelete: 'nothing', onUpdate: 'update' }) },
      false,
    ],
    ['a constraint of it', expression('(length(mail) > 3)'), false],
    ['a constraint of the row', expression('f(kept.*)'), false],
    ['a constraint of others', expression("((note)::text <> 'mailing'::text)"), true],
    ['an index over it', expression('lower(mail)'), false],
  ])('with %s', (_, code, isAllowed) => {
    const against = shop();
    const catalog = { ...against.catalog, code: { ...noStoredCode, ...code } };
    expect(uses(insert, { ...against, catalog })).toEqual(isAllowed ? [] : ['copied into kept.mail']);
  });

  it('is refused where the value may choose where the row goes', () => {
    const against = shop();
    for (const change of [{ kind: 'partitioned' }, { kind: 'view' }, { parents: [1] }] as const) {
      const relations = [...against.catalog.relations.values()].map((found) =>
        found.oid === kept ? { ...found, ...change } : found,
      );
      const catalog = {
        ...against.catalog,
        named: (name: string) => relations.filter((found) => found.name === name),
      };
      expect(uses(insert, { ...against, catalog })).toEqual(['copied into kept.mail']);
    }
    const catalog = { ...against.catalog, descendantsOf: () => [1] };
    expect(uses(insert, { ...against, catalog })).toEqual(['copied into kept.mail']);
  });
});
