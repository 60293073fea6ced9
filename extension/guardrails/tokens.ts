/** Just enough of PostgreSQL's lexical structure (manual 4.1) to tell words from strings and comments. */

export interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** How many parentheses and brackets are open around it; the brackets themselves count as inside. */
  readonly depth: number;
}

/** In order of precedence; each at the place where the last token ended. Unfinished strings and comments run to the end. */
const blank = /\s+|--[^\n\r]*/y;
const dollarQuote = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const escapeString = /[eE]'[^'\\]*(?:(?:\\[\s\S]|'')[^'\\]*)*(?:'|\\?$)/y;
const quoted = /'[^']*(?:''[^']*)*(?:'|$)|"[^"]*(?:""[^"]*)*(?:"|$)/y;
const word = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|\d[\w.]*/y;

/** Words, strings, quoted names and single other characters of `text` from `start` to `end`; no white space, no comments. */
export function tokensOf(text: string, start: number, end: number): Token[] {
  const part = text.slice(start, end);
  const tokens: Token[] = [];
  let depth = 0;
  let at = 0;
  while (at < part.length) {
    const skipped = matchAt(blank, part, at) || commentAt(part, at);
    if (skipped > 0) {
      at += skipped;
      continue;
    }
    const character = part[at] ?? '';
    const length =
      matchAt(escapeString, part, at) ||
      matchAt(quoted, part, at) ||
      dollarStringAt(part, at) ||
      matchAt(word, part, at) ||
      1;
    if (character === '(' || character === '[') depth += 1;
    tokens.push({ text: part.slice(at, at + length), start: start + at, end: start + at + length, depth });
    if (character === ')' || character === ']') depth = Math.max(0, depth - 1);
    at += length;
  }
  return tokens;
}

function matchAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}

/** Length of a block comment, which may hold others. */
function commentAt(text: string, at: number): number {
  if (!text.startsWith('/*', at)) return 0;
  let open = 0;
  for (let index = at; index < text.length; index += 1) {
    if (text.startsWith('/*', index)) {
      open += 1;
      index += 1;
    } else if (text.startsWith('*/', index)) {
      open -= 1;
      index += 1;
      if (open === 0) return index + 1 - at;
    }
  }
  return text.length - at;
}

function dollarStringAt(text: string, at: number): number {
  const tag = matchAt(dollarQuote, text, at);
  if (tag === 0) return 0;
  const close = text.indexOf(text.slice(at, at + tag), at + tag);
  return (close === -1 ? text.length : close + tag) - at;
}
