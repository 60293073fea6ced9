/** Fetches an evidence bundle into a file: written as it comes, under another name until all of it is there. */
import { open, rename, rm } from 'node:fs/promises';
import type { CollectorClient } from '../../kit/collectorClient.ts';
import type { EvidenceFilter } from './evidenceFilter.ts';

export interface FetchOptions {
  readonly signal?: AbortSignal;
  /** Called with how many bytes have come so far. */
  readonly progress?: (bytes: number) => void;
}

export interface FetchedBundle {
  readonly bytes: number;
  /** Where it is until it is kept. */
  readonly part: string;
  /** Gives it its name. */
  keep(): Promise<void>;
  drop(): Promise<void>;
}

/**
 * @param path of the file in the end; one that is there is replaced by a whole one only
 * @throws as CollectorClient.download does, and what the file system says; then nothing is left behind
 */
export async function fetchBundle(
  client: CollectorClient,
  filter: EvidenceFilter,
  path: string,
  { signal, progress }: FetchOptions = {},
): Promise<FetchedBundle> {
  const asked = Object.entries(filter).filter(([, value]) => value !== undefined && value !== '');
  const query = new URLSearchParams(asked).toString();
  const part = `${path}.${process.pid}.part`;
  const drop = () => rm(part, { force: true });
  let bytes = 0;
  try {
    // Asked first: where it is refused, no file is begun.
    const pieces = client.download(`/v1/evidence${query === '' ? '' : `?${query}`}`, signal);
    let piece = await pieces.next();
    // What an earlier process of this number has left behind goes; a link there is not followed.
    await drop();
    const file = await open(part, 'wx', 0o600);
    try {
      for (; !piece.done; piece = await pieces.next()) {
        await file.writeFile(piece.value);
        bytes += piece.value.length;
        progress?.(bytes);
      }
      await file.sync();
    } finally {
      await file.close();
      await pieces.return(undefined);
    }
  } catch (error) {
    await drop();
    throw error;
  }
  return { bytes, part, drop, keep: () => rename(part, path) };
}
