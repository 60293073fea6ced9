/** Compares passwords in a time that says nothing of them. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** False where there is no such person; the comparison is made all the same. */
export function hasPassword(expected: string | undefined, given: string): boolean {
  const isEqual = timingSafeEqual(digest(expected ?? ''), digest(given));
  return expected !== undefined && isEqual;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text.normalize('NFKC')).digest();
}
