/** What values stand in: alone, in sentences of several languages, in JSON, arrays, composites, XML, logs. */
import type { SensitiveForm } from '../../../../proxy/masking/detecting/finding.ts';
import type { Random } from '../../../kit/random.ts';

/** Sentences that say nothing of what the value is. */
const neutral = [
  'Please use {} from now on.',
  'Got {} this morning, will follow up tomorrow.',
  'Bitte {} verwenden, das andere ist veraltet.',
  'Der Kunde hat {} durchgegeben und bittet um Rückruf.',
  'Le client a transmis {} par courrier.',
  'Merci de noter {} dans le dossier.',
  'El usuario indicó {} en el formulario.',
  'Favor atualizar o cadastro com {}, obrigado!',
  'Ha lasciato {} in segreteria.',
  'Klant gaf {} door aan de balie.',
  'ग्राहक ने {} दिया',
  '客户提供了{}，请更新',
  'Updated from {}.',
  'see ({})',
  '"{}"',
];

/** Sentences and fields that name it, by form. */
const naming: Readonly<Record<SensitiveForm, readonly string[]>> = {
  'e-mail address': [
    'E-mail: {}',
    'Contact <{}> for details',
    'mailto:{}',
    'cc {}; thanks',
    'E-Mail-Adresse lautet {}.',
  ],
  'payment card': [
    'Card number {} exp 12/27',
    'paid by card {}',
    'Kreditkarte {} läuft ab',
    'numéro de carte {}',
    'tarjeta {}',
    'VISA {}',
  ],
  IBAN: ['IBAN: {}', 'Bitte auf {} überweisen', 'virement sur {}', 'IBAN {} BIC DEUTDEFF'],
  SSN: ['SSN {}', 'SSN: {}', 'social security number is {}', 'ssn={}'],
  NINO: ['NI number {}', 'National Insurance: {}', 'NINO {}'],
  CPF: ['CPF {}', 'CPF: {}', 'inscrito no CPF sob o nº {}'],
  'Aadhaar number': ['Aadhaar {}', 'Aadhaar no. {}', 'आधार {}', 'UIDAI: {}'],
  'phone number': ['Tel. {}', 'call me on {}', 'Telefon: {}', 'téléphone {}', 'WhatsApp {}', 'móvil {}'],
  'JSON Web Token': ['Authorization: Bearer {}', 'token={}', 'Cookie: session={}'],
  key: ['key: {}', 'export API_KEY={}', 'the old key {} must be revoked', "token = '{}'"],
  'private key': ['{}', 'cert:\n{}\n'],
  'connection string': ['DATABASE_URL={}', 'url: {}', 'connect with {} please', "dsn = '{}'"],
  'password hash': ['hash={}', 'ann:{}:0:99999:7:::', 'password {}'],
  'named secret': ['{}'],
};

const fieldNames: Readonly<Record<SensitiveForm, readonly string[]>> = {
  'e-mail address': ['to', 'contact', 'value', 'replyTo'],
  'payment card': ['pan', 'number', 'cardNumber', 'value'],
  IBAN: ['iban', 'account', 'value', 'creditor'],
  SSN: ['ssn', 'value', 'taxId'],
  NINO: ['nino', 'value', 'niNumber'],
  CPF: ['cpf', 'documento', 'value'],
  'Aadhaar number': ['aadhaar', 'uid', 'value'],
  'phone number': ['phone', 'tel', 'value', 'mobile'],
  'JSON Web Token': ['jwt', 'accessToken', 'value'],
  key: ['key', 'credential', 'value'],
  'private key': ['pem', 'private_key', 'value'],
  'connection string': ['dsn', 'url', 'value'],
  'password hash': ['hash', 'digest', 'value'],
  'named secret': ['line', 'config'],
};

/** Columns of texts and documents that hold anything. */
const anyColumn = ['body', 'payload', 'note', 'message', 'content', 'details'];

export interface Surrounded {
  readonly text: string;
  readonly column: string;
}

/** The value in a text, and the column that it stands in; JSON strings escape it as JSON does. */
export function surround(random: Random, form: SensitiveForm, value: string): Surrounded {
  const field = random.pick(fieldNames[form]);
  const fill = (template: string) => template.replace('{}', () => value);
  const within = (text: string) => ({ text, column: random.pick(anyColumn) });
  const kind = random.below(12);
  // A secret that stands in a line with its name is shown as such lines are.
  if (form === 'named secret') return within(random.below(3) === 0 ? `# settings\n${value}` : value);
  if (kind < 3) return { text: value, column: field };
  if (kind < 5) return within(fill(random.pick(neutral)));
  if (kind < 8) return within(fill(random.pick(naming[form])));
  if (kind === 8) {
    return within(JSON.stringify({ id: random.below(10_000), [field]: value, at: '2026-03-04T05:06:07Z' }));
  }
  if (kind === 9) {
    const items = [{ note: fill(random.pick(neutral)), n: random.below(100) }];
    return within(JSON.stringify({ items }, undefined, 1));
  }
  if (kind === 10) return { text: `{${random.below(90)},${quoteElement(value)},x}`, column: field };
  return within(`<entry n="${random.below(100)}"><${field}>${value}</${field}></entry>`);
}

/** The same for what only looks like something, named as its makers name it. */
export function surroundLookAlike(random: Random, name: string, field: string, value: string): Surrounded {
  const within = (text: string) => ({ text, column: random.pick(anyColumn) });
  const kind = random.below(8);
  if (kind < 3) return { text: value, column: field };
  if (kind === 3) return within(`${name} ${value}`);
  if (kind === 4) return within(`${name}: ${value}, see above`);
  if (kind === 5) return within(JSON.stringify({ [field]: value, n: random.below(100) }));
  if (kind === 6) return { text: `{${quoteElement(value)},other}`, column: field };
  return within(`2026-03-04 05:06:07 INFO ${name} ${value} done in ${random.below(900)} ms`);
}

/** An element of an array, as the server writes it. */
function quoteElement(value: string): string {
  return /[\s",\\{}]/.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value;
}
