/** The text of a statement as a record may keep it: without its constants and comments, and without personal data and secrets in what stays. */
import type { SqlParser, Token } from './parser.ts';

export interface RecordedTextOptions {
  /** False: every constant becomes `?`, and comments are left out. */
  readonly keepLiterals: boolean;
  /** What is written in place of a name, a constant or a comment that is kept: without personal data. Always the same function. */
  readonly clean: (text: string) => string;
}

/** UTF-16 units of a text beyond the simple ones that are kept; the rest is counted. */
const prefixLength = 4000;

/** Words next to which a constant is likely a secret: the statement's constants are left out whatever the options say. */
const secretWord =
  /password|passwd|\bpwd\b|secret|credential|api_?key|access_?key|private_?key|\btoken\b|bearer/i;
/** Statements whose options are secrets: connection strings, and options of foreign servers and user mappings. */
const secretObject = /^(subscription|server|mapping|dblink\w*)$/i;
/** `scheme://user:password@host` */
const secretUrl = /:\/\/[^\s/@:]*:[^\s@]+@/;

/** Cutting a text into tokens takes 0.1 ms: what was written of recent texts is remembered, least recently used first. */
const rememberedTexts = 2000;
/** UTF-16 units; longer texts are not remembered. */
const rememberedLength = 4000;
const remembered = { kept: new Map<string, string>(), masked: new Map<string, string>() };

/**
 * The text for a journal entry. Only bytes of tokens that the server's own scanner recognises are kept; a text that it
 * cannot cut into tokens is recorded by its length alone.
 */
export function recordedText(parser: SqlParser, text: string, options: RecordedTextOptions): string {
  const known = options.keepLiterals ? remembered.kept : remembered.masked;
  const written = known.get(text) ?? writeText(parser, text, options);
  if (text.length <= rememberedLength) {
    known.delete(text);
    known.set(text, written);
    for (const oldest of known.keys()) {
      if (known.size <= rememberedTexts) {
        break;
      }
      known.delete(oldest);
    }
  }
  return written;
}

function writeText(parser: SqlParser, text: string, options: RecordedTextOptions): string {
  if (text.trim() === '') {
    return '';
  }
  const isWhole = parser.isSimple(text);
  const part = isWhole ? text : cutAtCharacter(text, prefixLength);
  const tokens = isWhole ? scanWhole(parser, part) : scanPrefix(parser, part);
  const size = Buffer.byteLength(text);
  if (tokens === undefined) {
    return `/* unreadable, ${size} bytes */`;
  }
  const slice = sliceByBytes(part);
  const written = splitStatements(tokens, slice)
    .map((statement) => writeStatement(statement, slice, options))
    .filter((statement) => statement !== '')
    .join('; ');
  return isWhole ? written : `${written} /* … ${size} bytes */`;
}

function scanWhole(parser: SqlParser, text: string): readonly Token[] | undefined {
  try {
    return parser.scan(text);
  } catch {
    return undefined;
  }
}

/**
 * Tokens of the start of a text. The scanner reads from left to right: where the cut falls inside a string or a comment, closing
 * it makes the rest readable, and the last token, which the cut may have shortened, is left out.
 */
function scanPrefix(parser: SqlParser, prefix: string): readonly Token[] | undefined {
  const dollarQuotes = prefix.match(/\$(?:[A-Za-z_][A-Za-z_0-9]*)?\$/g) ?? [];
  for (const closing of ['', "'", '"', '*/', ...new Set(dollarQuotes.slice(-3))]) {
    const tokens = scanWhole(parser, prefix + closing);
    if (tokens !== undefined) {
      return tokens.slice(0, -1);
    }
  }
  return undefined;
}

function cutAtCharacter(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}

type Slice = (start: number, end: number) => string;

/** Parts of a text by the offsets of its UTF-8 bytes; of a text in ASCII they are its own. */
function sliceByBytes(text: string): Slice {
  if (Buffer.byteLength(text) === text.length) return (start, end) => text.slice(start, end);
  const bytes = Buffer.from(text);
  return (start, end) => bytes.toString('utf8', start, end);
}

function splitStatements(tokens: readonly Token[], slice: Slice): Token[][] {
  const statements: Token[][] = [[]];
  for (const token of tokens) {
    if (token.kind === 'symbol' && slice(token.start, token.end) === ';') {
      statements.push([]);
    } else {
      statements.at(-1)?.push(token);
    }
  }
  return statements;
}

function writeStatement(
  tokens: readonly Token[],
  slice: Slice,
  { keepLiterals, clean }: RecordedTextOptions,
): string {
  const keeps = keepLiterals && !tokens.some((token) => isSecretive(token, slice(token.start, token.end)));
  let written = '';
  let end: number | undefined;
  for (const token of tokens) {
    if (token.kind === 'comment' && !keeps) {
      continue;
    }
    if (end !== undefined && token.start > end) {
      written += slice(end, token.start).includes('\n') ? '\n' : ' ';
    }
    const text = slice(token.start, token.end);
    written += token.kind === 'constant' && !keeps ? '?' : isFree(token) ? clean(text) : text;
    end = token.end;
  }
  return written;
}

/** What people write as they like. */
function isFree({ kind }: Token): boolean {
  return kind === 'identifier' || kind === 'constant' || kind === 'comment';
}

function isSecretive(token: Token, text: string): boolean {
  if (token.kind === 'symbol' || token.kind === 'parameter') {
    return false;
  }
  if (token.kind === 'identifier' || token.kind === 'keyword') {
    return secretWord.test(text) || secretObject.test(text);
  }
  return (
    secretWord.test(text) || secretUrl.test(text) || /subscription|user\s+mapping|\bserver\b/i.test(text)
  );
}
