/** Approval requests in the store: asked once, seen by whom they concern, reviewed, withdrawn, used exactly once. */
import { randomUUID } from 'node:crypto';
import type { NewRequest, Review } from '../../approvals/request.ts';
import type { Identity } from '../../identity/identity.ts';
import { announce } from '../changes.ts';
import { Problem } from '../problem.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import {
  isApprovedByAll,
  isShowingClear,
  type RequestRow,
  requestColumns,
  whyNotReview,
} from './requestRows.ts';
import type { Queries, Store } from './store.ts';

/** @returns the new one, or the open or approved one that asks for the same */
export async function createRequest(
  store: Store,
  requester: Identity,
  request: NewRequest,
  lifetimeMs: number,
): Promise<{ row: RequestRow; isNew: boolean }> {
  return store.transaction(async (queries) => {
    const same = [requester.subject, request.connection, request.digest];
    // Two at once would both find none: the second waits here until the first has committed.
    await queries.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [JSON.stringify(same)]);
    const held = await queries.query<RequestRow>(
      `SELECT ${requestColumns} FROM portcullis.requests AS r
       WHERE subject = $1 AND connection = $2 AND digest = $3 AND state IN ('open', 'approved') AND expires_at > now()
       ORDER BY created_at DESC LIMIT 1`,
      same,
    );
    const [before] = held.rows;
    if (before !== undefined) return { row: before, isNew: false };
    const made = await queries.query<RequestRow>(
      `INSERT INTO portcullis.requests AS r (id, subject, email, groups, connection, digest, approvers, expires_at, request)
       VALUES ($1, $2, $3, $4, $5, $6, $7, now() + $8 * interval '1 millisecond', $9) RETURNING ${requestColumns}`,
      [
        randomUUID(),
        requester.subject,
        requester.email,
        requester.groups,
        request.connection,
        request.digest,
        request.approvers,
        lifetimeMs,
        JSON.stringify(request),
      ],
    );
    await announce(queries, 'requests');
    return { row: theOne(made.rows), isNew: true };
  });
}

const mayAct = `(state = 'open' AND expires_at > now())`;

/** Own ones and those that the viewer's groups review; open ones first, then newest first. */
export async function listRequests(
  queries: Queries,
  viewer: Identity,
  limit: number,
  cursor: string | undefined,
): Promise<{ rows: readonly RequestRow[]; next: string | null }> {
  const values: unknown[] = [viewer.subject, viewer.groups];
  let after = '';
  if (cursor !== undefined) {
    values.push(...decodeCursor(cursor, ['boolean', 'string', 'string']));
    after = `AND (${mayAct}, created_at, id) < ($3::boolean, $4::timestamptz, $5::text)`;
  }
  const { rows } = await queries.query<RequestRow>(
    `SELECT ${requestColumns} FROM portcullis.requests AS r
     WHERE (subject = $1 OR approvers && $2::text[]) ${after}
     ORDER BY ${mayAct} DESC, created_at DESC, id DESC LIMIT ${limit + 1}`,
    values,
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next =
    last === undefined || rows.length <= limit
      ? null
      : encodeCursor([last.state === 'open', last.created_at.toISOString(), last.id]);
  return { rows: page, next };
}

/** @throws Problem 404 also where it is none of the viewer's business, so that ids tell nothing */
export async function readRequest(
  queries: Queries,
  viewer: Identity,
  id: string,
  lock: '' | 'FOR UPDATE' = '',
): Promise<RequestRow> {
  const { rows } = await queries.query<RequestRow>(
    `SELECT ${requestColumns} FROM portcullis.requests AS r WHERE id = $1 ${lock}`,
    [id],
  );
  const [row] = rows;
  const isConcerned =
    row !== undefined &&
    (row.subject === viewer.subject || viewer.groups.some((group) => row.request.approvers.includes(group)));
  if (!isConcerned)
    throw new Problem(404, 'There is no such request, or it is none of yours and not yours to review.');
  return row;
}

export async function reviewRequest(
  store: Store,
  reviewer: Identity,
  id: string,
  review: Pick<Review, 'decision' | 'comment'>,
): Promise<RequestRow> {
  return store.transaction(async (queries) => {
    const held = await findForReview(queries, reviewer, id);
    const isRevoking = review.decision === 'deny' && isShowingClear(held);
    if (held.state !== 'open' && !isRevoking)
      throw new Problem(409, `The request is no longer open: it is ${held.state}.`);
    await queries.query(
      'INSERT INTO portcullis.reviews (request, subject, email, groups, decision, comment) VALUES ($1, $2, $3, $4, $5, $6)',
      [id, reviewer.subject, reviewer.email, reviewer.groups, review.decision, review.comment],
    );
    const row = await readRequest(queries, reviewer, id);
    if (review.decision === 'deny') await setState(queries, id, 'denied');
    else if (isApprovedByAll(row.request.approvers, row.reviews)) await approve(queries, row);
    await announce(queries, 'requests');
    return readRequest(queries, reviewer, id);
  });
}

/** What lets columns be seen in clear does so from now on, for the time that was asked for. */
async function approve(queries: Queries, { id, request }: RequestRow): Promise<void> {
  await setState(queries, id, 'approved');
  if (request.unmask === undefined) return;
  const change = "UPDATE portcullis.requests SET expires_at = now() + $2 * interval '1 minute' WHERE id = $1";
  await queries.query(change, [id, request.unmask.minutes]);
}

/** What lets its asker see columns in clear now. */
export async function listGrants(queries: Queries, requester: Identity): Promise<readonly RequestRow[]> {
  const { rows } = await queries.query<RequestRow>(
    `SELECT ${requestColumns} FROM portcullis.requests AS r
     WHERE subject = $1 AND state = 'approved' AND expires_at > now() AND request ? 'unmask'
     ORDER BY created_at, id LIMIT 1000`,
    [requester.subject],
  );
  return rows;
}

/** Locks it. @throws Problem 403 in words for who may not review it */
async function findForReview(queries: Queries, reviewer: Identity, id: string): Promise<RequestRow> {
  // The lock comes first: a subquery of the same statement would still see reviews as they were before the wait.
  const { rows } = await queries.query('SELECT id FROM portcullis.requests WHERE id = $1 FOR UPDATE', [id]);
  if (rows.length === 0) throw new Problem(404, 'There is no such request.');
  const { rows: found } = await queries.query<RequestRow>(
    `SELECT ${requestColumns} FROM portcullis.requests AS r WHERE id = $1`,
    [id],
  );
  const row = theOne(found);
  const reason = whyNotReview(row, reviewer);
  if (reason !== undefined) throw new Problem(403, reason);
  return row;
}

export async function withdrawRequest(store: Store, requester: Identity, id: string): Promise<RequestRow> {
  return store.transaction(async (queries) => {
    const row = await readOwn(queries, requester, id, 'withdraw');
    if (row.state !== 'open' && row.state !== 'approved') {
      throw new Problem(409, `The request cannot be withdrawn any more: it is ${row.state}.`);
    }
    await setState(queries, id, 'withdrawn');
    await announce(queries, 'requests');
    return readRequest(queries, requester, id);
  });
}

/** What an approval permits happens once: of any number of attempts, one finds it approved. */
export async function applyRequest(store: Store, requester: Identity, id: string): Promise<RequestRow> {
  return store.transaction(async (queries) => {
    const row = await readOwn(queries, requester, id, 'use');
    if (row.state !== 'approved') throw new Problem(409, whyNotUsable[row.state]);
    if (isShowingClear(row))
      throw new Problem(409, 'The request is for seeing columns in clear: it lets no statement run.');
    await queries.query("UPDATE portcullis.requests SET state = 'used', used_at = now() WHERE id = $1", [id]);
    await announce(queries, 'requests');
    return readRequest(queries, requester, id);
  });
}

const whyNotUsable: Readonly<Record<Exclude<RequestRow['state'], 'approved'>, string>> = {
  open: 'The request is not approved yet: wait for its review.',
  denied: 'The request was denied: it cannot be used.',
  withdrawn: 'The request was withdrawn: ask again.',
  expired: 'The request has expired: ask again.',
  used: 'The approval was already used, and it permits one run: ask again.',
};

/** Locks it, so that of several who act on it at once each sees what the one before has done. */
async function readOwn(queries: Queries, requester: Identity, id: string, verb: string): Promise<RequestRow> {
  const row = await readRequest(queries, requester, id, 'FOR UPDATE');
  if (row.subject !== requester.subject) {
    throw new Problem(403, `Only ${row.email}, who made the request, may ${verb} it.`);
  }
  return row;
}

async function setState(
  queries: Queries,
  id: string,
  state: 'approved' | 'denied' | 'withdrawn',
): Promise<void> {
  await queries.query('UPDATE portcullis.requests SET state = $2 WHERE id = $1', [id, state]);
}

function theOne(rows: readonly RequestRow[]): RequestRow {
  const [row] = rows;
  if (row === undefined) throw new Error('a request that was just written is not there');
  return row;
}
