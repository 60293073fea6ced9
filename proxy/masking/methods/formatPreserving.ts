/**
 * Format-preserving encryption of decimal digits: FF1 of NIST SP 800-38G, section 5.1, radix 10, no tweak. A permutation:
 * different numbers stay different, so that keys, joins and distinct counts keep working on masked digits, which digits
 * drawn from a hash would not give (of 9 digits, two in some 40,000 would collide).
 */
import { createCipheriv } from 'node:crypto';

const rounds = 10;
const blockBytes = 16;
/** With so many, each half is a number below 2^96, and one block is all that a round draws. */
export const mostDigits = 56;
/** The domain has to have a million elements (SP 800-38G Rev. 1, section 5.1): fewer could be listed. */
export const fewestDigits = 6;

export class DigitCipher {
  readonly #encrypt: (block: Buffer) => Buffer;

  /** @param key 16, 24 or 32 bytes */
  constructor(key: Buffer) {
    // A block cipher alone: without chaining one object serves all calls.
    const cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false);
    this.#encrypt = (block) => cipher.update(block);
  }

  /** @param digits {@link fewestDigits} to {@link mostDigits} decimal digits; as many come back */
  encrypt(digits: string): string {
    const count = digits.length;
    const leftCount = count >> 1;
    const rightCount = count - leftCount;
    const rightBytes = Math.ceil(Math.ceil(rightCount * Math.log2(10)) / 8);
    const drawn = 4 * Math.ceil(rightBytes / 4) + 4;
    const head = Buffer.from([1, 2, 1, 0, 0, 10, rounds, leftCount & 0xff, 0, 0, 0, count, 0, 0, 0, 0]);
    const start = this.#encrypt(head);
    let left = digits.slice(0, leftCount);
    let right = digits.slice(leftCount);
    for (let round = 0; round < rounds; round++) {
      const block = Buffer.alloc(blockBytes);
      block.write(toHex(BigInt(right), rightBytes), blockBytes - rightBytes, 'hex');
      block[blockBytes - rightBytes - 1] = round;
      for (let i = 0; i < blockBytes; i++) block[i] = (block[i] ?? 0) ^ (start[i] ?? 0);
      const random = BigInt(`0x${this.#encrypt(block).toString('hex', 0, drawn)}`);
      const size = round % 2 === 0 ? leftCount : rightCount;
      const mixed = (BigInt(left) + random) % 10n ** BigInt(size);
      left = right;
      right = mixed.toString().padStart(size, '0');
    }
    return left + right;
  }
}

function toHex(value: bigint, bytes: number): string {
  return value.toString(16).padStart(2 * bytes, '0');
}
