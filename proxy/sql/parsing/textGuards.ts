/** What is checked of a text before the parser sees it: size, NUL bytes, and whether it could take long. */
import { PortcullisError } from '../../kit/errors.ts';

/** Longest message that is judged, in bytes. PostgreSQL itself stops at 1 GB. */
export const maxStatementBytes = 16 * 1024 * 1024;

/** Up to this size nothing in a text can take the parser more than a few milliseconds. */
const alwaysSimple = 1000;
const simpleBytes = 64 * 1024;
/** Nested comments cost the scanner their depth times their length. */
const simpleCommentOpeners = 50;
/** Runs of + and - cost the scanner the square of their length. */
const simpleOperatorRun = 64;
/** Words on the way from the root to a place bound the depth of the tree there; the stack holds well over 1,000 levels. */
const simplePathWords = 1000;
/** Set operations nest to the left, past the commas of their select lists. */
const simpleSetOperations = 250;

/**
 * Refuses what cannot be judged at all.
 * @throws PortcullisError STATEMENT_TOO_LONG, or STATEMENT_NOT_PARSED for a NUL (which would hide the rest of the text from
 * the parser) and for text that is not well-formed Unicode (which the server would read differently).
 */
export function guardText(text: string, limit = maxStatementBytes): void {
  const size = text.length * 3 > limit ? Buffer.byteLength(text) : text.length;
  if (size > limit) {
    throw new PortcullisError('STATEMENT_TOO_LONG', { size, limit });
  }
  const nul = text.indexOf('\0');
  if (nul >= 0) {
    const position = charactersIn(text.slice(0, nul)) + 1;
    const message = 'invalid byte sequence for encoding "UTF8": 0x00';
    throw new PortcullisError('STATEMENT_NOT_PARSED', { message }, { position });
  }
  if (/\p{Surrogate}/u.test(text)) {
    throw new PortcullisError('STATEMENT_NOT_PARSED', {
      message: 'the statement is not well-formed Unicode',
    });
  }
}

/** Characters as PostgreSQL counts them: code points, not UTF-16 units. */
export function charactersIn(text: string): number {
  let count = 0;
  for (const _ of text) {
    count++;
  }
  return count;
}

/**
 * True where parsing `text` on the calling thread is certain to be quick and shallow. One linear look without lexing: a
 * text may count as not simple for what stands in a string, which costs a round trip to the worker and nothing else.
 */
export function isSimpleText(text: string): boolean {
  if (text.length <= alwaysSimple) {
    return true;
  }
  if (text.length > simpleBytes || Buffer.byteLength(text) > simpleBytes) {
    return false;
  }
  return (
    countCommentOpeners(text) <= simpleCommentOpeners &&
    (text.match(/union|intersect|except/gi)?.length ?? 0) <= simpleSetOperations &&
    !hasLongOperator(text) &&
    isShallow(text)
  );
}

function countCommentOpeners(text: string): number {
  let count = 0;
  for (let at = text.indexOf('/*'); at >= 0; at = text.indexOf('/*', at + 2)) {
    count++;
  }
  return count;
}

function hasLongOperator(text: string): boolean {
  let run = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    run = code === 0x2b || code === 0x2d ? run + 1 : 0;
    if (run > simpleOperatorRun) {
      return true;
    }
  }
  return false;
}

/** Counts words and operators since the last comma at each level of brackets; their sum bounds the depth of the tree. */
function isShallow(text: string): boolean {
  const levels: number[] = [];
  let here = 0;
  let path = 0;
  let inWord = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const isWord = isWordCode(code);
    if (isWord && inWord) {
      continue;
    }
    inWord = isWord;
    if (code === 0x28 || code === 0x5b) {
      levels.push(here + 1);
      path += 1;
      here = 0;
    } else if (code === 0x29 || code === 0x5d) {
      path -= here;
      here = levels.pop() ?? 0;
    } else if (code === 0x2c || code === 0x3b) {
      path -= here;
      here = 0;
    } else if (code > 0x20 && code !== 0x27 && code !== 0x22) {
      here++;
      path++;
    }
    if (path > simplePathWords) {
      return false;
    }
  }
  return true;
}

function isWordCode(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x5f ||
    code === 0x24 ||
    code >= 0x80
  );
}
