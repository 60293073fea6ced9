/** Searches everything that a client has heard for protected values, as they are and in every clothing that SQL can put on them. */
import type { WireMessage } from '../../kit/wireClient.ts';
import type { Secrets } from './secrets.ts';

/** Marks are looked up by so many of their first characters. */
const keyLength = 6;

export class MarkFinder {
  readonly #marks = new Map<string, string[]>();
  readonly #hashes: ReadonlySet<string>;

  constructor(secrets: Secrets) {
    for (const mark of secrets.marks) {
      const key = mark.slice(0, keyLength);
      this.#marks.set(key, [...(this.#marks.get(key) ?? []), mark]);
    }
    this.#hashes = secrets.hashes();
  }

  /** The first mark found and how it was read, in words; undefined where nothing is there. */
  find(messages: readonly WireMessage[]): string | undefined {
    const texts = readTexts(messages);
    for (const text of texts) {
      const found = this.#findHash(text) ?? this.#findIn(text, 'as it is', 2);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #findIn(text: string, how: string, depth: number): string | undefined {
    const compact = text.toLowerCase().replace(/[^a-z0-9]/g, '');
    const mark = this.#look(compact);
    if (mark !== undefined) return `${mark} (${how})`;
    const reversed = this.#look([...compact].reverse().join(''));
    if (reversed !== undefined) return `${reversed} (${how}, reversed)`;
    for (const shift of [1, 13, 25]) {
      const turned = this.#look(compact.replace(/[a-z]/g, (letter) => rotate(letter, shift)));
      if (turned !== undefined) return `${turned} (${how}, letters moved by ${shift})`;
    }
    if (depth === 0) return undefined;
    for (const [name, decode] of decoders) {
      for (const decoded of decode(text)) {
        const found =
          decoded.length < keyLength ? undefined : this.#findIn(decoded, `${how}, ${name}`, depth - 1);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  #look(compact: string): string | undefined {
    for (let at = 0; at + keyLength <= compact.length; at++) {
      for (const mark of this.#marks.get(compact.slice(at, at + keyLength)) ?? []) {
        if (compact.startsWith(mark, at)) return mark;
      }
    }
    return undefined;
  }

  #findHash(text: string): string | undefined {
    for (const [token] of text.matchAll(/[A-Za-z0-9+/]{22,}/g)) {
      if (this.#hashes.has(token) || this.#hashes.has(token.toLowerCase())) return `a hash: ${token}`;
    }
    return undefined;
  }
}

function rotate(letter: string, shift: number): string {
  return String.fromCharCode(97 + ((letter.charCodeAt(0) - 97 + shift) % 26));
}

type Decoder = (text: string) => string[];

/** One reading of a text each. */
const decoders: readonly (readonly [string, Decoder])[] = [
  ['base64', (text) => decodeRuns(text.replace(/\\?\n/g, ''), /[A-Za-z0-9+/_-]{8,}={0,2}/g, 'base64')],
  ['hexadecimal', (text) => decodeRuns(text.replace(/\\?\\x|[\s,:]/g, ''), /(?:[0-9a-fA-F]{2}){6,}/g, 'hex')],
  ['character codes', readCodes],
  ['bits', readBits],
  ['escapes', readEscapes],
];

function decodeRuns(text: string, runs: RegExp, encoding: 'base64' | 'hex'): string[] {
  return [...text.matchAll(runs)].map(([run]) => Buffer.from(run, encoding).toString('latin1'));
}

/** `104, 101, 121`: each a letter, whatever stands between. */
function readCodes(text: string): string[] {
  const numbers = text.match(/\d+/g) ?? [];
  if (numbers.length < keyLength) return [];
  const plain = numbers.map((digits) => toLetter(Number(digits))).join('');
  const hex = (text.match(/\b[0-9a-fA-F]{2}\b/g) ?? [])
    .map((digits) => toLetter(Number.parseInt(digits, 16)))
    .join('');
  return [plain, hex];
}

function toLetter(code: number): string {
  return code >= 32 && code < 127 ? String.fromCharCode(code) : '';
}

function readBits(text: string): string[] {
  const runs = text.replace(/[\s,]/g, '').match(/[01]{48,}/g) ?? [];
  return runs.flatMap((run) =>
    [7, 8].map((size) =>
      (run.match(new RegExp(`.{${size}}`, 'g')) ?? [])
        .map((bits) => toLetter(Number.parseInt(bits, 2)))
        .join(''),
    ),
  );
}

/** `%71`, `\u0071`, `\161`, `&#x71;`, `&#113;`. */
function readEscapes(text: string): string[] {
  if (!/[%\\&]/.test(text)) return [];
  const code = (digits: string, base: number) => toLetter(Number.parseInt(digits, base));
  return [
    text
      .replace(/%([0-9a-fA-F]{2})/g, (_, digits: string) => code(digits, 16))
      .replace(/\\+u([0-9a-fA-F]{4})/g, (_, digits: string) => code(digits, 16))
      .replace(/\\+([0-7]{3})/g, (_, digits: string) => code(digits, 8))
      .replace(/&#x([0-9a-fA-F]+);/g, (_, digits: string) => code(digits, 16))
      .replace(/&#(\d+);/g, (_, digits: string) => code(digits, 10)),
  ];
}

/** Everything in one piece, and each column down its rows: letter by letter is a way out too. */
function readTexts(messages: readonly WireMessage[]): string[] {
  const all: string[] = [];
  const columns: string[][] = [];
  for (const { type, body } of messages) {
    const text = body.toString('latin1');
    // The bytes of numbers are not text; in text format they are told apart by what is between them.
    all.push(text);
    const cells = type === 'D' ? readCells(body) : type === 'd' ? text.trimEnd().split(/[\t,]/) : [];
    cells.forEach((cell, index) => {
      const column = columns[index] ?? [];
      columns[index] = column;
      column.push(cell);
    });
  }
  const joined = columns.flatMap((cells) => [cells.join(''), cells.join(' ')]);
  const numbers = columns.map((cells) => cells.map(readNumber).join(' '));
  return [...new Set([all.join('\n'), ...joined, ...numbers])];
}

function readCells(body: Buffer): string[] {
  const cells: string[] = [];
  let at = 2;
  for (let i = body.readInt16BE(0); i > 0; i--) {
    const length = body.readInt32BE(at);
    at += 4;
    cells.push(length < 0 ? '' : body.toString('latin1', at, at + length));
    if (length > 0) at += length;
  }
  return cells;
}

/** Integers in binary, as digits. */
function readNumber(cell: string): string {
  const bytes = Buffer.from(cell, 'latin1');
  if (bytes.length === 2) return String(bytes.readInt16BE());
  if (bytes.length === 4) return String(bytes.readInt32BE());
  if (bytes.length === 8) return String(bytes.readBigInt64BE());
  // numeric: four digits a piece behind a head of eight bytes.
  if (bytes.length > 8 && bytes.length % 2 === 0 && bytes.readUInt16BE(0) === (bytes.length - 8) / 2) {
    let digits = '';
    for (let at = 8; at < bytes.length; at += 2)
      digits += String(bytes.readUInt16BE(at)).padStart(at === 8 ? 1 : 4, '0');
    return digits;
  }
  return [4, 8, 16, 32, 64].includes(bytes.length) || bytes.length < 16 ? '' : bytes.toString('hex');
}
