/** `portcullis verify`: says in words whether a journal or an evidence bundle is what was recorded, and all of it. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describeVerification } from '../audit/verify/describeVerification.ts';
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
