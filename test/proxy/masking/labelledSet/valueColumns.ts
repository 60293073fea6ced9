/** Columns whose names say nothing: what their values say of them. */
import { Random } from '../../../kit/random.ts';
import { makeEmail, makePhone } from './contacts.ts';
import { makeAadhaar, makeCard, makeCpf, makeIban, makeNino, makeSsn } from './identifiers.ts';
import type { LabelledColumn } from './labelledColumns.ts';
import { lookAlikes } from './lookAlikes.ts';
import { makeConnectionString, makeJwt, makeKey, makePasswordHash, makePem } from './secrets.ts';

const perColumn = 60;
const columnsPerKind = 6;
const plainNames = ['value', 'v', 'data', 'field_3', 'col7', 'content'];

/** What some of the values of a column of the kind are: the rest is empty or something else. */
const sources: readonly (readonly [LabelledColumn['kind'], (random: Random) => string])[] = [
  ['pii.email', makeEmail],
  ['pii.phone', makePhone],
  ['pii.paymentCard', makeCard],
  ['pii.bankAccount', makeIban],
  ['pii.nationalId', makeSsn],
  ['pii.nationalId', makeNino],
  ['pii.nationalId', makeCpf],
  ['pii.nationalId', makeAadhaar],
  ['secret.token', makeJwt],
  ['secret.token', makeKey],
  ['secret.token', makePem],
  ['secret.token', makeConnectionString],
  ['secret.password', makePasswordHash],
  [
    'pii.ipAddress',
    (random) => `${1 + random.below(222)}.${random.below(255)}.${random.below(255)}.${random.below(255)}`,
  ],
  [
    'pii.ipAddress',
    (random) => `2001:db8:${random.below(65_535).toString(16)}::${random.below(65_535).toString(16)}`,
  ],
  ['pii.freeText', (random) => `Spoke to the customer, call back ${makePhone(random)} before noon`],
  ['pii.freeText', (random) => JSON.stringify({ order: random.below(9999), mail: makeEmail(random) })],
];

/** No cards and no e-mail, but what they say of devices. */
const deviceFields = new Map<string, LabelledColumn['kind']>([
  ['ip', 'pii.ipAddress'],
  ['imei', 'pii.ipAddress'],
  ['mac', 'pii.ipAddress'],
]);

export function makeValueColumns(): readonly LabelledColumn[] {
  const random = new Random(77);
  const columns: LabelledColumn[] = [];
  for (const [kind, make] of sources) {
    for (let i = 0; i < columnsPerKind; i++) {
      const share = [1, 1, 0.95, 0.9, 0.9, 0.85][i] ?? 1;
      const values = Array.from({ length: perColumn }, () =>
        random.next() < share ? make(random) : random.pick(['', 'n/a', 'unknown', '-']),
      );
      columns.push({ relation: 'things', column: plainNames[i] ?? 'v', family: 'text', values, kind });
    }
  }
  for (const { field, make } of lookAlikes) {
    const values = Array.from({ length: perColumn }, () => make(random));
    columns.push({
      relation: 'things',
      column: field,
      family: 'text',
      values,
      kind: deviceFields.get(field),
    });
  }
  return columns;
}
