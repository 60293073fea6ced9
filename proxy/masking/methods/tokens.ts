/** Deterministic stand-ins: under a key that only the proxy holds, equal values of one kind get equal ones everywhere. */
import { createHmac, randomBytes } from 'node:crypto';
import type { ClassificationKind } from '../classification.ts';
import { DigitCipher } from './formatPreserving.ts';

/** RFC 4648 base32 in lower case. */
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
/** 16 characters of five bits: among a million values, two alike have odds of one in a trillion. */
const tokenCharacters = 16;
/** Stand-ins kept for each kind, and the longest value that one is kept for. */
const keptTokens = 20_000;
const longestKept = 256;

/** What masks of one classification kind draw from. */
export class KindTokens {
  readonly #key: Buffer;
  readonly digits: DigitCipher;
  readonly #kept = new Map<string, Buffer>();

  constructor(master: Buffer, kind: ClassificationKind) {
    this.#key = createHmac('sha256', master).update(`token ${kind}`).digest();
    this.digits = new DigitCipher(createHmac('sha256', master).update(`digits ${kind}`).digest());
  }

  /** 32 bytes that the value gives and nobody can turn back. */
  digest(value: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(value).digest();
  }

  /** `tok_` and 16 letters and digits. */
  token(value: Buffer): string {
    const digest = this.digest(value);
    let text = 'tok_';
    for (let at = 0; at < tokenCharacters; at++) {
      const bit = at * 5;
      const pair = digest.readUInt16BE(bit >> 3);
      text += alphabet[(pair >> (11 - (bit & 7))) & 31];
    }
    return text;
  }

  /** What `make` gives for source[start, end), remembered by `use` and value. */
  remember(
    use: string,
    source: Buffer,
    start: number,
    end: number,
    make: (value: Buffer) => Buffer | undefined,
  ): Buffer | undefined {
    const value = source.subarray(start, end);
    if (value.length > longestKept) return make(value);
    const key = `${use}${value.toString('latin1')}`;
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const made = make(value);
    if (made === undefined) return undefined;
    if (this.#kept.size >= keptTokens) this.#kept.clear();
    this.#kept.set(key, made);
    return made;
  }
}

/** The key lies in memory and in the data folder; it is written nowhere else. */
export class Tokens {
  readonly #master: Buffer;
  readonly #kinds = new Map<ClassificationKind, KindTokens>();

  /** @param master 32 bytes */
  constructor(master: Buffer) {
    this.#master = master;
  }

  of(kind: ClassificationKind): KindTokens {
    const known = this.#kinds.get(kind) ?? new KindTokens(this.#master, kind);
    this.#kinds.set(kind, known);
    return known;
  }
}

const keyBytes = 32;

/** @param key of 32 bytes; without one, a key that ends with the process. */
export function makeTokens(key: Buffer = randomBytes(keyBytes)): Tokens {
  if (key.length !== keyBytes) throw new TypeError(`a key of masks has ${keyBytes} bytes, not ${key.length}`);
  return new Tokens(key);
}
