/** Valid numbers of people and their money: cards, accounts, national identifiers. */
import type { Random } from '../../../kit/random.ts';
import { cpfDigits, ibanCheck, luhnDigit, verhoeffDigit } from './checks.ts';

export function digits(random: Random, count: number): string {
  return Array.from({ length: count }, () => random.below(10)).join('');
}

function letters(random: Random, count: number): string {
  return Array.from({ length: count }, () => String.fromCharCode(65 + random.below(26))).join('');
}

/** Issuer prefixes and lengths of the networks, weighted as they circulate. */
const networks: readonly (readonly [string, number])[] = [
  ['4', 16],
  ['4', 16],
  ['4', 16],
  ['4', 16],
  ['51', 16],
  ['52', 16],
  ['53', 16],
  ['54', 16],
  ['55', 16],
  ['2221', 16],
  ['2520', 16],
  ['2720', 16],
  ['34', 15],
  ['37', 15],
  ['37', 15],
  ['6011', 16],
  ['644', 16],
  ['65', 16],
  ['36', 14],
  ['3530', 16],
  ['3566', 16],
  ['62', 16],
  ['6521', 16],
  ['2200', 16],
  ['6759', 16],
];

export function makeCard(random: Random): string {
  const [prefix, length] = random.pick(networks);
  const body = prefix + digits(random, length - 1 - prefix.length);
  const card = `${body}${luhnDigit(body)}`;
  const separator = random.pick(['', '', '', ' ', ' ', '-']);
  if (separator === '') return length === 14 ? groups(card, [4, 6, 4], ' ') : card;
  return groups(card, length === 15 ? [4, 6, 5] : length === 14 ? [4, 6, 4] : [4, 4, 4, 4], separator);
}

export function groups(text: string, sizes: readonly number[], separator: string): string {
  const parts: string[] = [];
  let at = 0;
  for (const size of sizes) {
    parts.push(text.slice(at, at + size));
    at += size;
  }
  return parts.join(separator);
}

/** Country and the structure of its account: n digits, a letters, c either (SWIFT, IBAN Registry). */
const accounts: readonly (readonly [string, string])[] = [
  ['DE', 'n18'],
  ['FR', 'n10c11n2'],
  ['ES', 'n20'],
  ['IT', 'a1n10c12'],
  ['NL', 'a4n10'],
  ['GB', 'a4n14'],
  ['BE', 'n12'],
  ['AT', 'n16'],
  ['CH', 'n5c12'],
  ['PT', 'n21'],
  ['IE', 'a4n14'],
  ['PL', 'n24'],
  ['SE', 'n20'],
  ['NO', 'n11'],
  ['DK', 'n14'],
  ['FI', 'n14'],
  ['LU', 'n3c13'],
  ['CZ', 'n20'],
  ['HU', 'n24'],
  ['RO', 'a4c16'],
  ['GR', 'n7c16'],
  ['TR', 'n6c16'],
  ['SA', 'n2c18'],
  ['AE', 'n19'],
  ['BR', 'n23a1c1'],
  ['MT', 'a4n5c18'],
  ['UA', 'n6c19'],
  ['IL', 'n19'],
];

export function makeIban(random: Random): string {
  const [country, structure] = random.pick(accounts);
  const account = structure.replace(/([nac])(\d+)/g, (_, kind: string, count: string) => {
    if (kind === 'n') return digits(random, Number(count));
    if (kind === 'a') return letters(random, Number(count));
    return Array.from({ length: Number(count) }, () =>
      random.below(3) ? digits(random, 1) : letters(random, 1),
    ).join('');
  });
  const iban = `${country}${ibanCheck(country, account)}${account}`;
  return random.below(2) === 0 ? iban : (iban.match(/.{1,4}/g) ?? []).join(' ');
}

export function makeSsn(random: Random): string {
  let area = 1 + random.below(898);
  if (area === 666) area = 665;
  const number = [
    String(area).padStart(3, '0'),
    String(1 + random.below(99)).padStart(2, '0'),
    String(1 + random.below(9999)).padStart(4, '0'),
  ];
  return number.join('-');
}

export function makeNino(random: Random): string {
  const first = random.pick([...'ABCEGHJKLMNOPRSTWXYZ']);
  const second = random.pick([...'ABCEGHJKLMNPRSTWXYZ']);
  const prefix = ['BG', 'GB', 'NK', 'KN', 'TN', 'NT', 'ZZ'].includes(first + second) ? 'AB' : first + second;
  const suffix = random.pick([...'ABCD']);
  const number = digits(random, 6);
  return random.below(2) === 0
    ? prefix + number + suffix
    : `${prefix} ${groups(number, [2, 2, 2], ' ')} ${suffix}`;
}

export function makeCpf(random: Random): string {
  const body = digits(random, 9);
  const cpf = body + cpfDigits(body);
  return `${groups(cpf.slice(0, 9), [3, 3, 3], '.')}-${cpf.slice(9)}`;
}

export function makeAadhaar(random: Random): string {
  const body = `${2 + random.below(8)}${digits(random, 10)}`;
  return groups(body + verhoeffDigit(body), [4, 4, 4], random.pick([' ', ' ', '-']));
}
