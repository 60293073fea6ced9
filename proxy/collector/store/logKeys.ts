/** The log's name and the public keys that have signed for it: one log for all collectors over one store. */
import type { KeyObject } from 'node:crypto';
import { formatNoteKey, type NoteSigner, noteKeyOf } from '../../audit/log/signedNote.ts';
import type { Queries, Store } from './store.ts';

export interface LogIdentity {
  /** The name that every checkpoint begins with. */
  readonly origin: string;
  readonly signers: readonly NoteSigner[];
}

export interface ListedKey {
  /** `name+id+key` (C2SP signed-note). */
  readonly key: string;
  readonly since: string;
  /** Absent while collectors sign with it. */
  readonly until?: string;
}

/**
 * Gives the log its name where it has none yet, and lists the keys.
 * @param proposedOrigin taken by the first collector that ever starts over the store
 * @param mayReplace whether keys are taken though collectors sign with others, none of which is among them
 * @throws Error in words where that is so and may not be
 */
export function openLog(
  store: Store,
  proposedOrigin: string,
  privateKeys: readonly KeyObject[],
  mayReplace: boolean,
): Promise<LogIdentity> {
  return store.transaction(async (queries) => {
    const { rows } = await queries.query<{ origin: string }>(
      'UPDATE portcullis.log SET origin = coalesce(origin, $1) RETURNING origin',
      [proposedOrigin],
    );
    const origin = rows[0]?.origin ?? proposedOrigin;
    const signers = privateKeys.map((privateKey) => ({ name: origin, privateKey }));
    const keys = signers.map((signer) => formatNoteKey(noteKeyOf(signer)));
    const current = (await listKeys(queries)).filter(({ until }) => until === undefined);
    if (!mayReplace && current.length > 0 && !current.some(({ key }) => keys.includes(key))) {
      throw new Error(
        `the log in this store is signed by ${current.map(({ key }) => key).join(' and ')}, and that key is not here. Start with --signing-key and the file that holds it, the same for all collectors of one store. To change keys, put the new one before the old one in that file; where the old one is lost, --replace-signing-key takes the new one alone, and every proxy has to be told.`,
      );
    }
    await queries.query(
      `INSERT INTO portcullis.log_keys (key) SELECT * FROM unnest($1::text[])
       ON CONFLICT (key) DO UPDATE SET until = NULL`,
      [keys],
    );
    await queries.query(
      'UPDATE portcullis.log_keys SET until = now() WHERE until IS NULL AND key <> ALL ($1::text[])',
      [keys],
    );
    return { origin, signers };
  });
}

/** All that ever were, the newest first. */
export async function listKeys(queries: Queries): Promise<ListedKey[]> {
  const { rows } = await queries.query<{ key: string; since: Date; until: Date | null }>(
    'SELECT key, since, until FROM portcullis.log_keys ORDER BY since DESC, key',
  );
  return rows.map(({ key, since, until }) => ({
    key,
    since: since.toISOString(),
    ...(until !== null && { until: until.toISOString() }),
  }));
}
