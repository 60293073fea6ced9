/**
 * Has witnesses cosign the log's checkpoints (C2SP tlog-witness): others, who remember what they saw and sign nothing
 * that did not grow from it. Only then can those who run the collector and its store not show two people two logs.
 */
import type { TreeHead } from '../audit/log/checkpoint.ts';
import { checkCosignatures } from '../audit/log/cosignature.ts';
import { NoteError, type NoteKey, parseNote, parseSignatures } from '../audit/log/signedNote.ts';
import type { Log } from '../kit/log.ts';
import type { Checkpoints } from './checkpoints.ts';
import { readHead } from './store/log.ts';
import { keepCosigned } from './store/logCheckpoints.ts';
import { proveConsistency } from './store/logTiles.ts';
import type { Queries } from './store/store.ts';

export interface Witness {
  /** The submission prefix: `/add-checkpoint` is added. */
  readonly url: string;
  readonly key: NoteKey;
}

export interface WitnessingOptions {
  readonly checkpoints: Checkpoints;
  readonly store: Queries;
  readonly witnesses: readonly Witness[];
  readonly intervalMs: number;
  readonly log: Log;
}

const answerMs = 10_000;
const maxAnswerBytes = 100_000;

/** Asks at once and then again and again, where the log has grown. Answers what ends it, after what is under way. */
export function startWitnessing(options: WitnessingOptions): () => Promise<void> {
  const { witnesses, intervalMs, store, checkpoints, log } = options;
  const asked = witnesses.map((witness) => ({ witness, size: 0, told: '' }));
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let cosigned = 0;
  const askAll = async (): Promise<void> => {
    const head = await readHead(store);
    if (head.size === 0 || head.size === cosigned) return;
    const note = checkpoints.sign(head);
    const lines = await Promise.all(
      asked.map(async (one) => {
        try {
          const answer = await askWitness(options, one, head, abort.signal);
          one.told = '';
          return answer;
        } catch (error) {
          const message = `the witness ${one.witness.key.name} does not cosign: ${(error as Error).message}`;
          if (!abort.signal.aborted && message !== one.told) log.error(message);
          one.told = message;
          return [];
        }
      }),
    );
    const found = lines.flat();
    if (found.length > 0) await keepCosigned(store, head.size, `${note}${found.join('\n')}\n`);
    if (lines.every(({ length }) => length > 0)) cosigned = head.size;
  };
  const run = async (): Promise<void> => {
    await askAll().catch((error: unknown) => log.warn('witnesses could not be asked', error));
    if (abort.signal.aborted) return;
    timer = setTimeout(() => {
      running = run();
    }, intervalMs);
    timer.unref();
  };
  let running = run();
  return async () => {
    abort.abort();
    clearTimeout(timer);
    await running;
  };
}

/** What is known of a witness: the size of the tree that it cosigned last, as far as this collector was told. */
interface Asked {
  readonly witness: Witness;
  size: number;
}

/** Answers the witness's lines, without newlines. @throws Error in words where it does not cosign */
async function askWitness(
  { store, checkpoints }: WitnessingOptions,
  asked: Asked,
  head: TreeHead,
  signal: AbortSignal,
): Promise<string[]> {
  const { witness } = asked;
  const note = checkpoints.sign(head);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await requireNotAhead(store, asked.size, head.size);
    const proof = await proveConsistency(store, asked.size, head.size);
    const hashes = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join('');
    const answer = await post(witness.url, `old ${asked.size}\n${hashes}\n${note}`, signal);
    if (answer.status === 200) {
      asked.size = head.size;
      return readCosignatures(answer.text, note, witness.key);
    }
    const isSize = answer.status === 409 && /^text\/x\.tlog\.size\b/.test(answer.type);
    const size = /^(0|[1-9]\d{0,14})\n$/.exec(answer.text)?.[1];
    if (!isSize || size === undefined) throw new Error(describe(answer.status));
    asked.size = Number(size);
  }
  throw new Error('it names another size each time');
}

/** Another collector over the store may have been faster; what no collector has cannot have been cosigned. */
async function requireNotAhead(store: Queries, cosigned: number, size: number): Promise<void> {
  if (cosigned <= size) return;
  const { size: now } = await readHead(store);
  if (cosigned <= now) throw new Error('another collector has asked it meanwhile');
  throw new Error(
    `it has seen a log of ${cosigned} entries, and the store has ${now}: the log was cut off, or the store was put back from a copy`,
  );
}

function readCosignatures(text: string, note: string, key: NoteKey): string[] {
  try {
    const found = checkCosignatures(parseNote(note).text, parseSignatures(text), [key]);
    if (found.length > 0) return found.map(({ line }) => line);
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
  }
  throw new Error('its answer is not a cosignature by the key that it is known by');
}

function describe(status: number): string {
  if (status === 404) return 'it does not know this log (404)';
  if (status === 403) return "it does not know the log's key (403)";
  if (status === 409) return 'it has seen another log of this size (409): the log was changed';
  if (status === 422) return 'what it has seen is not the beginning of this log (422): the log was changed';
  return `it answered ${status}`;
}

async function post(
  prefix: string,
  body: string,
  stopping: AbortSignal,
): Promise<{ status: number; type: string; text: string }> {
  // Not AbortSignal.timeout: one that nothing else holds may be collected as garbage, and then never comes.
  const abort = new AbortController();
  const end = () => abort.abort(new Error('it did not answer in time'));
  const timer = setTimeout(end, answerMs);
  stopping.addEventListener('abort', end);
  try {
    const response = await fetch(`${prefix}/add-checkpoint`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body,
      redirect: 'error',
      signal: abort.signal,
    });
    const text = await response.text();
    if (text.length > maxAnswerBytes) throw new Error('its answer is too long');
    return { status: response.status, type: response.headers.get('content-type') ?? '', text };
  } catch (error) {
    const { cause, message } = error as Error;
    const words = cause instanceof Error && cause.message !== '' ? cause.message : message;
    throw new Error(`it cannot be asked: ${words}`, { cause: error });
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener('abort', end);
  }
}
