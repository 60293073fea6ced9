/** A verification in words: the same ones on the command line and in the editor. */
import type { Problem, Verdict, Verification } from './verdicts.ts';

/** What a person reads. */
export function describeVerification(verification: Verification): string {
  const { kind, path, subject, integrity, completeness, notes, notProven } = verification;
  return [
    `${kind === 'journal' ? 'Journal' : 'Evidence bundle'} ${path}: ${subject}\n`,
    describeVerdict('Integrity', integrity),
    describeVerdict('Completeness', completeness),
    ...describeList('Worth knowing', notes),
    ...describeList('What this does not prove', notProven),
  ].join('\n');
}

function describeVerdict(name: string, { holds, problems, found }: Verdict): string {
  if (holds) return `${name}: holds\n`;
  const more = found - problems.length;
  return [
    `${name}: does not hold (${found} ${found === 1 ? 'problem' : 'problems'})\n`,
    ...problems.map((problem) => `  ${describeProblem(problem)}\n`),
    ...(more > 0 ? [`  and ${more} more\n`] : []),
  ].join('');
}

function describeProblem({ file, event, byte, proxy, message }: Problem): string {
  const place = [
    file,
    proxy === undefined ? undefined : `proxy ${proxy}`,
    event === undefined ? undefined : `event ${event}`,
    byte === undefined ? undefined : `byte ${byte}`,
  ].filter((part) => part !== undefined);
  return place.length === 0 ? message : `${place.join(', ')}: ${message}`;
}

function describeList(title: string, texts: readonly string[]): string[] {
  return texts.length === 0 ? [] : [`${title}\n${texts.map((text) => `  - ${text}\n`).join('')}`];
}
