/** What databases look like and should look like: the live snapshot and the baselines of each connection. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../audit/canonicalJson.ts';
import type { Identity } from '../../identity/identity.ts';
import type { SchemaSnapshot } from '../../schema/snapshot.ts';
import { announce } from '../changes.ts';
import { Problem } from '../problem.ts';
import type { Queries, Store } from './store.ts';

export interface Baseline {
  readonly acceptedAt: Date;
  readonly by: string;
  readonly snapshot: SchemaSnapshot;
}

/** Keeps the newer of the two: proxies send as they can. @returns when the kept one was read */
export async function keepSnapshot(
  store: Store,
  sender: Identity,
  connection: string,
  snapshot: SchemaSnapshot,
): Promise<string> {
  const digest = createHash('sha256').update(canonicalJson(snapshot.tables)).digest('hex');
  return store.transaction(async (queries) => {
    await queries.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 1))', [connection]);
    const { rows } = await queries.query<{ at: Date; digest: string }>(
      "SELECT at, encode(digest, 'hex') AS digest FROM portcullis.snapshots WHERE connection = $1",
      [connection],
    );
    const [held] = rows;
    if (held !== undefined && held.at.getTime() > Date.parse(snapshot.at)) return held.at.toISOString();
    await queries.query(
      `INSERT INTO portcullis.snapshots (connection, at, subject, email, digest, snapshot)
       VALUES ($1, $2, $3, $4, decode($5, 'hex'), $6)
       ON CONFLICT (connection) DO UPDATE SET at = excluded.at, subject = excluded.subject,
         email = excluded.email, digest = excluded.digest, snapshot = excluded.snapshot`,
      [connection, snapshot.at, sender.subject, sender.email, digest, JSON.stringify(snapshot)],
    );
    if (held?.digest !== digest) await announce(queries, 'drift');
    return snapshot.at;
  });
}

export async function readSnapshot(
  queries: Queries,
  connection: string,
): Promise<SchemaSnapshot | undefined> {
  const { rows } = await queries.query<{ snapshot: SchemaSnapshot }>(
    'SELECT snapshot FROM portcullis.snapshots WHERE connection = $1',
    [connection],
  );
  return rows[0]?.snapshot;
}

/** Accepts the live state; earlier baselines are kept. @throws Problem 409 where there is no live state */
export async function acceptLive(store: Store, identity: Identity, connection: string): Promise<void> {
  await store.transaction(async (queries) => {
    const { rowCount } = await queries.query(
      `INSERT INTO portcullis.baselines (connection, subject, email, snapshot)
       SELECT connection, $2, $3, snapshot FROM portcullis.snapshots WHERE connection = $1`,
      [connection, identity.subject, identity.email],
    );
    if (rowCount === 0) {
      throw new Problem(
        409,
        `Nobody has sent yet what ${connection} looks like: connect to it through a proxy first, then accept.`,
      );
    }
    await announce(queries, 'drift');
  });
}

export async function readBaseline(queries: Queries, connection: string): Promise<Baseline | undefined> {
  const { rows } = await queries.query<{ accepted_at: Date; email: string; snapshot: SchemaSnapshot }>(
    `SELECT accepted_at, email, snapshot FROM portcullis.baselines WHERE connection = $1 ORDER BY id DESC LIMIT 1`,
    [connection],
  );
  const [row] = rows;
  return row && { acceptedAt: row.accepted_at, by: row.email, snapshot: row.snapshot };
}
