/** What the proxy finds in policy files, file by file, in the words of a diagnostic. */
import type { PolicyFileProblem } from '../../proxy/control/messages.ts';

export interface PolicyMark {
  readonly severity: PolicyFileProblem['severity'];
  /** Lines and columns from 0, columns in UTF-16 code units. */
  readonly line: number;
  readonly column: number;
  readonly endColumn: number;
  readonly message: string;
}

/** Marks of each file that has any, by the file's name. */
export function marksByFile(
  problems: readonly PolicyFileProblem[],
): ReadonlyMap<string, readonly PolicyMark[]> {
  const files = new Map<string, PolicyMark[]>();
  for (const { file, severity, line, column, endColumn, message, hint } of problems) {
    const words = inSentences(message) + (hint === undefined ? '' : `\n${hint}`);
    // A place without width is still to be seen.
    const end = Math.max(endColumn, column + 1);
    const mark = { severity, line, column, endColumn: end, message: words };
    files.set(file, [...(files.get(file) ?? []), mark]);
  }
  return files;
}

/** The files of a folder as they stand: what is open and not saved counts before what is on the disk. */
export function filesToCheck(
  saved: ReadonlyMap<string, string>,
  open: ReadonlyMap<string, string>,
): { readonly name: string; readonly text: string }[] {
  const all = new Map([...saved, ...open]);
  return [...all].map(([name, text]) => ({ name, text })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function inSentences(message: string): string {
  const sentence = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
