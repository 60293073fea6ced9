/** Check digits, written down once more from the standards, so that the set does not agree with the detectors by sharing them. */

/** ISO/IEC 7812-1, annex B: the digit to append. */
export function luhnDigit(body: string): number {
  const sum = [...body]
    .reverse()
    .map((digit, index) => {
      if (index % 2 === 1) return Number(digit);
      const doubled = Number(digit) * 2;
      return doubled >= 10 ? 1 + (doubled - 10) : doubled;
    })
    .reduce((total, value) => total + value, 0);
  return (10 - (sum % 10)) % 10;
}

/** ISO 13616: 98 minus the remainder of the account with country and `00` behind. */
export function ibanCheck(country: string, account: string): string {
  const digits = [...`${account}${country}00`]
    .map((character) => (/\d/.test(character) ? character : String(character.charCodeAt(0) - 55)))
    .join('');
  return String(98n - (BigInt(digits) % 97n)).padStart(2, '0');
}

/** Receita Federal: weights 10 … 2, then 11 … 2; remainders below two give zero. */
export function cpfDigits(body: string): string {
  const check = (digits: string) => {
    let weight = digits.length + 1;
    let sum = 0;
    for (const digit of digits) sum += Number(digit) * weight--;
    const rest = sum % 11;
    return rest < 2 ? 0 : 11 - rest;
  };
  const first = check(body);
  return `${first}${check(`${body}${first}`)}`;
}

// Verhoeff's tables, as printed.
const d = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
];
const p = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
];
const inverse = '0432156789';

export function verhoeffDigit(body: string): string {
  let check = 0;
  [...body].reverse().forEach((digit, index) => {
    const permuted = Number(p[(index + 1) % 8]?.[Number(digit)]);
    check = Number(d[check]?.[permuted]);
  });
  return inverse[check] ?? '';
}
