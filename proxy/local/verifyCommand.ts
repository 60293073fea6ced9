/** `portcullis verify`: says in words whether a journal or an evidence bundle is what was recorded, and all of it. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem, Verdict, Verification } from '../audit/verify/verdicts.ts';
import { verifyBundle } from '../audit/verify/verifyBundle.ts';
import { verifyJournal } from '../audit/verify/verifyJournal.ts';

export interface VerifyOptions {
  /** A journal's folder, the data folder it is in, or an evidence bundle. */
  readonly path: string;
  /** Keys that a bundle must be signed with (`name+id+key`), where they are known from elsewhere. */
  readonly keys: readonly string[];
  readonly json: boolean;
}

/** Answers the exit code: 0 where both verdicts hold. @throws Error where there is nothing at `path` that can be read */
export async function runVerify({ path, keys, json }: VerifyOptions): Promise<number> {
  if (!existsSync(path)) throw new Error(`there is nothing at ${path}`);
  const isFolder = statSync(path).isDirectory();
  if (isFolder && keys.length > 0)
    throw new Error('--key is for an evidence bundle: a journal is not signed');
  const verification = isFolder ? await verifyJournal(findJournal(path)) : await verifyBundle(path, { keys });
  const { integrity, completeness } = verification;
  const text = json
    ? `${JSON.stringify({ ok: integrity.holds && completeness.holds, ...verification })}\n`
    : describeVerification(verification);
  // Whoever reads only the first lines (head) has not made a mistake.
  process.stdout.once('error', () => undefined);
  process.stdout.write(text);
  return integrity.holds && completeness.holds ? 0 : 1;
}

function findJournal(path: string): string {
  const inside = join(path, 'journal');
  return !existsSync(join(path, '00000001.jsonl')) && existsSync(inside) ? inside : path;
}

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
