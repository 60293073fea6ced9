/**
 * Values to protect, for two twin databases: what a mask may show (first letters, a year, a first digit, last digits) and
 * which values are equal is the same in both, all else differs. So an answer that differs between them has told something.
 */
import { createHash } from 'node:crypto';

export type Twin = 'a' | 'b';

/** Rows of a table of persons: a multiple of the four lengths that words have, so that their sum is the same in both. */
export const personCount = 24;

const consonants = 'bdgkvwxzqj';
const vowels = 'aouyi';

export class Secrets {
  readonly #twin: Twin;
  readonly #marks = new Set<string>();
  readonly #values = new Set<string>();

  constructor(twin: Twin) {
    this.#twin = twin;
  }

  /** Letters and digits, in lower case, that stand in no mask and nowhere else. */
  get marks(): ReadonlySet<string> {
    return this.#marks;
  }

  /** Whole values, for a dictionary of their hashes. */
  get values(): ReadonlySet<string> {
    return this.#values;
  }

  /** A word that is none: 8 to 11 letters, of which the first is given. */
  word(first: string, row: number): string {
    const length = 8 + ((row + (this.#twin === 'b' ? 1 : 0)) % 4);
    const bytes = this.#hash(`word ${first} ${row}`);
    let word = first.toLowerCase();
    for (let i = 1; i < length; i++) {
      const from = i % 2 === 1 ? vowels : consonants;
      word += from[(bytes[i] ?? 0) % from.length];
    }
    this.#mark(word.slice(1));
    return first + word.slice(1);
  }

  digits(what: string, row: number, count: number): string {
    const bytes = this.#hash(`${what} ${row}`);
    let digits = '';
    for (let i = 0; i < count; i++) digits += 1 + ((bytes[i] ?? 0) % 9); // no zeros: a mask has them
    return digits;
  }

  email(row: number): string {
    return this.#keep(`${this.word('q', row)}@${this.word('z', row)}.example`);
  }

  name(row: number): string {
    return this.#keep(`${this.word('V', row)} ${this.word('K', row)}`);
  }

  phone(row: number): string {
    const digits = this.digits('phone', row, 6);
    this.#mark(`4420${digits}`);
    return this.#keep(`+44 20 ${digits.slice(0, 4)} ${digits.slice(4)}${10 + (row % 90)}`);
  }

  ssn(row: number): string {
    const digits = this.digits('ssn', row, 8);
    this.#mark(`1${digits}`);
    return this.#keep(`1${digits.slice(0, 2)}-${digits.slice(2, 4)}-${digits.slice(4)}`);
  }

  /** Passes Luhn's check. */
  card(row: number): string {
    const digits = `4${this.digits('card', row, 14)}`;
    let sum = 0;
    for (let i = 0; i < digits.length; i++) {
      const digit = Number(digits[digits.length - 1 - i]) * (i % 2 === 0 ? 2 : 1);
      sum += digit > 9 ? digit - 9 : digit;
    }
    this.#mark(digits.slice(1, 13));
    return this.#keep(`${digits}${(10 - (sum % 10)) % 10}`);
  }

  /** Passes the check of ISO 13616. */
  iban(row: number): string {
    const account = this.digits('iban', row, 18);
    const check = 98n - (BigInt(`${account}131400`) % 97n);
    this.#mark(account);
    return this.#keep(`DE${String(check).padStart(2, '0')}${account}`);
  }

  salary(row: number): string {
    const digits = `4${this.digits('salary', row, 6)}`;
    this.#mark(digits);
    return this.#keep(digits);
  }

  birthDate(row: number): string {
    const [month, day] = this.#hash(`birth ${row}`);
    const two = (value: number) => String(value).padStart(2, '0');
    const text = `${1950 + row}-${two(2 + ((month ?? 0) % 11))}-${two(2 + ((day ?? 0) % 27))}`;
    this.#mark(text.replaceAll('-', ''));
    return this.#keep(text);
  }

  /** A key of a code forge. */
  token(row: number): string {
    const body = this.#hash(`token ${row}`).toString('hex').slice(0, 36);
    this.#mark(body);
    return this.#keep(`ghp_${body}`);
  }

  passwordHash(row: number): string {
    const body = this.#hash(`password ${row}`).toString('hex').slice(0, 53);
    this.#mark(body);
    return this.#keep(`$2b$12$${body}`);
  }

  ip(row: number): string {
    const octets = [...this.#hash(`ip ${row}`)].slice(0, 4).map((byte) => 100 + (byte % 100));
    this.#mark(octets.join(''));
    return this.#keep(octets.join('.'));
  }

  /** Degrees; six digits behind the point. */
  degrees(what: string, row: number): string {
    const digits = this.digits(what, row, 7);
    this.#mark(`4${digits}`);
    return this.#keep(`4${digits.slice(0, 1)}.${digits.slice(1)}`);
  }

  street(row: number): string {
    return this.#keep(`${this.word('W', row)} Road ${row}`);
  }

  illness(row: number): string {
    return this.#keep(this.word('X', row));
  }

  /** Prose with an address in it. */
  prose(row: number): string {
    return this.#keep(`Called about the delay; write to ${this.email(row)} once it is there.`);
  }

  /** The hashes that PostgreSQL and its pgcrypto make of the values, in hexadecimal and in base64. */
  hashes(): Set<string> {
    const hashes = new Set<string>();
    for (const value of this.#values) {
      for (const algorithm of ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512']) {
        const digest = createHash(algorithm).update(value).digest();
        hashes.add(digest.toString('hex'));
        hashes.add(digest.toString('base64').replace(/=+$/, ''));
      }
    }
    return hashes;
  }

  #hash(what: string): Buffer {
    return createHash('sha512').update(`${this.#twin} ${what}`).digest();
  }

  #mark(text: string): void {
    this.#marks.add(text.toLowerCase());
  }

  #keep(value: string): string {
    this.#values.add(value);
    return value;
  }
}

/** `(1, 'x'), (2, 'y')`: rows for VALUES; texts are quoted, numbers and what begins with `ARRAY` or `(` are not. */
export function rows(count: number, row: (index: number) => readonly (string | number | null)[]): string {
  const write = (value: string | number | null) => {
    if (value === null) return 'NULL';
    if (typeof value === 'number' || /^(ARRAY\[|ROW\(|DATE ')/.test(value)) return String(value);
    return `'${value.replaceAll("'", "''")}'`;
  };
  return Array.from(
    { length: count },
    (_, index) =>
      `(${row(index + 1)
        .map(write)
        .join(', ')})`,
  ).join(',\n    ');
}
