/** What people see in place of values: the golden file beside this test is the verdict. */
import { expect, it } from 'vitest';
import type { ClassificationKind } from '../../../proxy/masking/classification.ts';
import { chooseMask } from '../../../proxy/masking/maskValue.ts';

/** Names of types with their OIDs (pg_type.dat), and values in their text form. */
const oids: Readonly<Record<string, number>> = {
  text: 25,
  date: 1082,
  timestamptz: 1184,
  int4: 23,
  float8: 701,
  numeric: 1700,
  jsonb: 3802,
  'text[]': 1009,
  inet: 869,
  uuid: 2950,
};

const cases: readonly (readonly [ClassificationKind, string, readonly string[]])[] = [
  ['pii.name', 'text', ['Ada King Lovelace', 'Ada', "Conan O'Brien", 'Émile Zola', '山田 太郎', '']],
  ['pii.email', 'text', ['jane.doe@example.com', 'X@Y.example', '"odd one"@example.com', 'none']],
  ['pii.phone', 'text', ['+44 20 7946 0142', '(415) 555-2671', '+49 30 23125 ext. 7', '112']],
  ['pii.address', 'text', ['12 High Street', '']],
  ['pii.birthDate', 'date', ['1984-07-06', '0044-03-15 BC', 'infinity']],
  ['pii.birthDate', 'timestamptz', ['1984-07-06 14:00:00.5+02', '1984-07-06 14:00:00+05:30']],
  ['pii.birthDate', 'text', ['6 July 1984']],
  ['pii.nationalId', 'text', ['123-45-6789']],
  ['pii.nationalId', 'int4', ['123456789']],
  ['pii.paymentCard', 'text', ['4242 4242 4242 4242']],
  ['pii.bankAccount', 'text', ['DE89370400440532013000']],
  ['pii.health', 'text', ['allergic to penicillin']],
  ['pii.health', 'text[]', ['{asthma}']],
  ['pii.salary', 'numeric', ['52340.17', '9.99', '-1200.00', 'NaN']],
  ['pii.salary', 'int4', ['52340', '7', '0']],
  ['pii.location', 'float8', ['52.5163', '-0.1276', '1e-05']],
  ['pii.ipAddress', 'inet', ['192.168.1.7']],
  ['pii.ipAddress', 'text', ['192.168.1.7']],
  ['pii.freeText', 'text', ['call me on +44 20 7946 0142']],
  ['pii.freeText', 'jsonb', ['{"email": "jane.doe@example.com"}', '[]']],
  ['secret.password', 'text', ['hunter2']],
  ['secret.token', 'text', ['shop_live_0123456789abcdef']],
  ['secret.token', 'uuid', ['5f2b1f9e-0c7c-4bb1-9d5a-0f3f8f5f8f5f']],
  ['secret.token', 'int4', ['1234']],
  ['secret.statistics', 'text', ["SELECT 'x'"]],
];

it('masks look as they are written down', async () => {
  const lines = cases.flatMap(([kind, type, values]) =>
    values.map((value) => {
      const bytes = Buffer.from(value);
      const masked = (isDerived: boolean) =>
        chooseMask(
          kind,
          { oid: oids[type] ?? 0, name: type, isWholeRow: false },
          0,
          isDerived,
        )(bytes, 0, bytes.length)?.toString() ?? 'NULL';
      return `${kind} ${type}: ${value}\n  shown as ${masked(false)}, computed from as ${masked(true)}`;
    }),
  );
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('masks.golden.txt');
});
