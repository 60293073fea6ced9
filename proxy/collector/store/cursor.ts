/** Paging cursors: the sort key of the last item given, as opaque text. */
import { Problem } from '../problem.ts';

export function encodeCursor(key: readonly (string | number | boolean)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** @throws Problem 400 where `text` is not a cursor whose parts have these types */
export function decodeCursor(
  text: string,
  types: readonly ('string' | 'number' | 'boolean')[],
): readonly unknown[] {
  try {
    const key: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (
      Array.isArray(key) &&
      key.length === types.length &&
      key.every((part, i) => typeof part === types[i])
    ) {
      return key;
    }
  } catch {
    // Not JSON: not a cursor of ours.
  }
  throw new Problem(400, 'This cursor is not one of ours: begin again without a cursor.');
}
