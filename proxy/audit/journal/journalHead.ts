/**
 * `journal.head`: names the newest commitment that is on disk. Lines cut off the journal's end take nothing with them that
 * the lines before could tell of; the head does. It lies beside them, so whoever can write both can cut both: against that,
 * only what the collector holds helps.
 */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../canonicalJson.ts';

export const headName = 'journal.head';

export interface JournalHead {
  /** Number of the event that carries the commitment. */
  readonly seq: number;
  /** Hex SHA-256 of its line, with the line feed. */
  readonly sha256: string;
}

export function makeHead(seq: number, line: string): JournalHead {
  return { seq, sha256: createHash('sha256').update(line, 'utf8').digest('hex') };
}

/**
 * Replaces the head. Not synced to the disk: an older head is a true one. Failing in silence: a disk that takes nothing is
 * reported by the journal itself.
 */
export function writeHead(folder: string, head: JournalHead): void {
  const path = join(folder, headName);
  try {
    writeFileSync(`${path}.new`, renderHead(head), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch {
    // The one before stands.
  }
}

/** The head, undefined where there is none, or 'unreadable'. */
export function readHead(folder: string): JournalHead | undefined | 'unreadable' {
  let text: string;
  try {
    text = readFileSync(join(folder, headName), 'latin1');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'unreadable';
  }
  try {
    const { seq, sha256 } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const head = { seq, sha256 } as JournalHead;
    const isHead = Number.isSafeInteger(seq) && (seq as number) >= 1 && /^[0-9a-f]{64}$/.test(String(sha256));
    return isHead && renderHead(head) === text ? head : 'unreadable';
  } catch {
    return 'unreadable';
  }
}

function renderHead({ seq, sha256 }: JournalHead): string {
  return `${canonicalJson({ seq, sha256 })}\n`;
}
