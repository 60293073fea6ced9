/** What a detector found in a value: what it is, where it stands, and how sure the form alone makes it. */
import type { ClassificationKind } from '../classification.ts';

/** Forms that can be told from anything else by their own bytes. */
export type SensitiveForm =
  | 'e-mail address'
  | 'payment card'
  | 'IBAN'
  | 'SSN'
  | 'NINO'
  | 'CPF'
  | 'Aadhaar number'
  | 'phone number'
  | 'JSON Web Token'
  | 'key'
  | 'private key'
  | 'connection string'
  | 'password hash'
  | 'named secret';

export interface Finding {
  readonly kind: ClassificationKind;
  readonly form: SensitiveForm;
  /** In the buffer that was searched: the first byte, and the one behind the last. */
  readonly start: number;
  readonly end: number;
  /** One of it says what its column holds; where false (a check digit alone, which one in ten passes), many are needed. */
  readonly isCertain: boolean;
}

const kinds: Readonly<Record<SensitiveForm, ClassificationKind>> = {
  'e-mail address': 'pii.email',
  'payment card': 'pii.paymentCard',
  IBAN: 'pii.bankAccount',
  SSN: 'pii.nationalId',
  NINO: 'pii.nationalId',
  CPF: 'pii.nationalId',
  'Aadhaar number': 'pii.nationalId',
  'phone number': 'pii.phone',
  'JSON Web Token': 'secret.token',
  key: 'secret.token',
  'private key': 'secret.token',
  'connection string': 'secret.token',
  'password hash': 'secret.password',
  'named secret': 'secret.token',
};

export function makeFinding(form: SensitiveForm, start: number, end: number, isCertain = true): Finding {
  return { kind: kinds[form], form, start, end, isCertain };
}
