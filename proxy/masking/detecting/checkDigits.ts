/** Check digits of the standards; each function takes digits as numbers 0 to 9. */

type Digits = Uint8Array;

/** ISO/IEC 7812-1, annex B: payment cards. */
export function passesLuhn(digits: Digits, count: number): boolean {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const digit = (digits[count - 1 - i] as number) * (i % 2 === 0 ? 1 : 2);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}

/** Receita Federal: two digits modulo 11 behind nine; eleven equal digits pass and are none. */
export function passesCpf(digits: Digits): boolean {
  if (digits.subarray(1, 11).every((digit) => digit === digits[0])) return false;
  for (const count of [9, 10]) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += (digits[i] as number) * (count + 1 - i);
    if (((sum * 10) % 11) % 10 !== digits[count]) return false;
  }
  return true;
}

/** The dihedral group of ten elements, by its rule rather than as a table of a hundred. */
function multiply(a: number, b: number): number {
  if (a < 5) return b < 5 ? (a + b) % 5 : ((a + b) % 5) + 5;
  return b < 5 ? ((a - b + 5) % 5) + 5 : (a - b + 5) % 5;
}

const permutation = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
const permutations: number[][] = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]];
for (let i = 1; i < 8; i++) {
  permutations.push((permutations[i - 1] ?? []).map((digit) => permutation[digit] ?? 0));
}

/** Verhoeff: the last digit of an Aadhaar number. */
export function passesVerhoeff(digits: Digits, count: number): boolean {
  let check = 0;
  for (let i = 0; i < count; i++) {
    check = multiply(check, permutations[i % 8]?.[digits[count - 1 - i] as number] as number);
  }
  return check === 0;
}

/** ISO 7064, MOD 97-10, over an account of letters and digits: the first four characters count last (ISO 13616). */
export function passesMod97(account: string): boolean {
  let remainder = 0;
  for (const character of account.slice(4) + account.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
}
