/** Leases in the store: who was given access to what, and until when; never the credentials. */
import { randomUUID } from 'node:crypto';
import type { Identity } from '../../identity/identity.ts';
import type { Queries } from './store.ts';

/** @returns when it ends, by the store's clock */
export async function recordLease(
  queries: Queries,
  identity: Identity,
  connection: string,
  lifetimeMs: number,
): Promise<Date> {
  const { rows } = await queries.query<{ expires_at: Date }>(
    `INSERT INTO portcullis.leases (id, connection, subject, email, agent, expires_at)
     VALUES ($1, $2, $3, $4, $5, now() + $6 * interval '1 millisecond') RETURNING expires_at`,
    [randomUUID(), connection, identity.subject, identity.email, identity.agent?.name ?? null, lifetimeMs],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('a lease that was just recorded is not there');
  return row.expires_at;
}
