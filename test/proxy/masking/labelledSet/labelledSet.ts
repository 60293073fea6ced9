/** The labelled set: valid values of every form and at least as many look-alikes, the same at every run. */
import type { SensitiveForm } from '../../../../proxy/masking/detecting/finding.ts';
import { Random } from '../../../kit/random.ts';
import { makeEmail, makePhone } from './contacts.ts';
import { fixedValues } from './fixedValues.ts';
import { makeAadhaar, makeCard, makeCpf, makeIban, makeNino, makeSsn } from './identifiers.ts';
import type { LabelledValue } from './labelledValue.ts';
import { lookAlikes } from './lookAlikes.ts';
import {
  makeConnectionString,
  makeJwt,
  makeKey,
  makeNamedSecret,
  makePasswordHash,
  makePem,
} from './secrets.ts';
import { surround, surroundLookAlike } from './surroundingTexts.ts';

const perForm = 200;
const perLookAlike = 34;

const makers: Readonly<Record<Exclude<SensitiveForm, 'named secret'>, (random: Random) => string>> = {
  'e-mail address': makeEmail,
  'payment card': makeCard,
  IBAN: makeIban,
  SSN: makeSsn,
  NINO: makeNino,
  CPF: makeCpf,
  'Aadhaar number': makeAadhaar,
  'phone number': makePhone,
  'JSON Web Token': makeJwt,
  key: makeKey,
  'private key': makePem,
  'connection string': makeConnectionString,
  'password hash': makePasswordHash,
};

export const forms = [...(Object.keys(makers) as SensitiveForm[]), 'named secret'] as const;

export function makeLabelledSet(seed = 20_260_304): readonly LabelledValue[] {
  const random = new Random(seed);
  const values: LabelledValue[] = [...fixedValues];
  for (const form of forms) {
    for (let i = 0; i < perForm; i++) {
      if (form === 'named secret') {
        const [text, part] = makeNamedSecret(random);
        values.push({ form, part, ...surround(random, form, text) });
        continue;
      }
      const part = makers[form as keyof typeof makers](random);
      const { text, column } = surround(random, form, part);
      // JSON writes line ends and quotes in another way than the value itself.
      values.push({
        form,
        part: text.includes(part) ? part : JSON.stringify(part).slice(1, -1),
        text,
        column,
      });
    }
  }
  for (const { name, field, make } of lookAlikes) {
    for (let i = 0; i < perLookAlike; i++) {
      values.push({
        form: undefined,
        part: name,
        ...surroundLookAlike(random, name, field, make(random)),
      });
    }
  }
  return values;
}
