/** What proxies have found out about columns: taken once each, and handed to the others in the order in which it came. */
import { createHash } from 'node:crypto';
import { recordedIdentity } from '../../audit/events.ts';
import type { Identity } from '../../identity/identity.ts';
import type { ColumnUseRight } from '../../masking/classification.ts';
import { keyOfShared, type SharedClassification } from '../../masking/sharedClassification.ts';
import { announce } from '../changes.ts';
import type { OwnEvents, OwnFields } from '../own/ownEvents.ts';
import { Problem } from '../problem.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import type { Queries, Store } from './store.ts';

/** More than these of one connection are refused: nobody could look them through, and every proxy holds them. */
const maxOfConnection = 100_000;

export interface Finding {
  readonly connection: string;
  /** Id of the proxy, as its events carry it. */
  readonly proxy: string;
  /** Whom the proxy works for. */
  readonly finder: Identity;
  readonly found: readonly SharedClassification[];
}

/**
 * Keeps what is not held yet, together with the events that tell of it; answers how many these are. The first word on a
 * column stands, but for one that lets less of it be shown, which is kept beside it.
 *
 * @throws Problem 403 where the proxy is somebody else's, 409 where the connection holds too many
 */
export async function takeClassifications(store: Store, own: OwnEvents, finding: Finding): Promise<number> {
  const { connection, proxy, finder } = finding;
  await requireOwnProxy(store, proxy, finder);
  const byKey = new Map(finding.found.map((one) => [hashKey(connection, one), one]));
  // Sent again, mostly: nobody has to wait for that.
  for (const key of await selectKnown(store, [...byKey.keys()])) byKey.delete(key);
  if (byKey.size === 0) return 0;
  let taken = 0;
  await store.transaction((queries) =>
    // While nobody else records: so numbers come to light in their order, and no reader's cursor passes one over.
    own.recordIn(queries, async () => {
      for (const key of await selectKnown(queries, [...byKey.keys()])) byKey.delete(key);
      if (byKey.size === 0) return [];
      await requireRoom(queries, connection, byKey.size);
      await insert(queries, finding, byKey);
      await announce(queries, 'classifications');
      taken = byKey.size;
      return [...byKey.values()].map((one) => describeChange(finding, one));
    }),
  );
  return taken;
}

function hashKey(connection: string, one: SharedClassification): string {
  return createHash('sha256')
    .update(JSON.stringify([connection, keyOfShared(one)]))
    .digest('hex');
}

function describeChange({ connection, proxy, finder }: Finding, one: SharedClassification): OwnFields {
  const { relation, column, kind, why } = one;
  return {
    kind: 'classificationChanged',
    identity: recordedIdentity(finder),
    proxy,
    connection,
    column: `${relation.schema}.${relation.name}.${column.name}`,
    to: kind,
    why,
  };
}

async function requireOwnProxy(queries: Queries, proxy: string, finder: Identity): Promise<void> {
  const { rows } = await queries.query<{ subject: string }>(
    'SELECT subject FROM portcullis.proxies WHERE id = $1',
    [proxy],
  );
  const [held] = rows;
  if (held === undefined || held.subject === finder.subject) return;
  throw new Problem(403, `The proxy ${proxy} belongs to somebody else.`);
}

async function selectKnown(queries: Queries, keys: readonly string[]): Promise<readonly string[]> {
  const { rows } = await queries.query<{ key: string }>(
    `SELECT encode(key, 'hex') AS key FROM portcullis.classifications
     WHERE key IN (SELECT decode(hex, 'hex') FROM unnest($1::text[]) AS hex)`,
    [keys],
  );
  return rows.map(({ key }) => key);
}

async function requireRoom(queries: Queries, connection: string, more: number): Promise<void> {
  const { rows } = await queries.query<{ held: string }>(
    'SELECT count(*) AS held FROM portcullis.classifications WHERE connection = $1',
    [connection],
  );
  if (Number(rows[0]?.held ?? 0) + more <= maxOfConnection) return;
  throw new Problem(
    409,
    `${connection} holds ${maxOfConnection} shared classifications already. Say in masking.yaml what its columns are.`,
  );
}

async function insert(
  queries: Queries,
  { connection, proxy, finder }: Finding,
  byKey: ReadonlyMap<string, SharedClassification>,
): Promise<void> {
  const rows = [...byKey].map(([key, one]) => ({
    key,
    database: one.database,
    relation_oid: one.relation.oid,
    schema_name: one.relation.schema,
    relation_name: one.relation.name,
    attribute: one.column.number,
    column_name: one.column.name,
    kind: one.kind,
    use_right: one.use,
    why: one.why,
    confidence: one.confidence,
    is_derived: one.isDerived === true,
    origin_oid: one.origin?.relation ?? null,
    origin_attribute: one.origin?.column ?? null,
    since: one.since,
  }));
  await queries.query(
    `INSERT INTO portcullis.classifications (key, connection, database, relation_oid, schema_name, relation_name,
       attribute, column_name, kind, use_right, why, confidence, is_derived, origin_oid, origin_attribute, since,
       subject, email, proxy)
     SELECT decode(key, 'hex'), $2, database, relation_oid, schema_name, relation_name,
       attribute, column_name, kind, use_right, why, confidence, is_derived, origin_oid, origin_attribute, since,
       $3, $4, $5
     FROM jsonb_to_recordset($1::jsonb) AS one (key text, database text, relation_oid bigint, schema_name text,
       relation_name text, attribute integer, column_name text, kind text, use_right text, why text,
       confidence double precision, is_derived boolean, origin_oid bigint, origin_attribute integer,
       since timestamptz)`,
    [JSON.stringify(rows), connection, finder.subject, finder.email, proxy],
  );
}

interface Row {
  id: string;
  database: string;
  relation_oid: string;
  schema_name: string;
  relation_name: string;
  attribute: number;
  column_name: string;
  kind: string;
  use_right: ColumnUseRight;
  why: string;
  confidence: number;
  is_derived: boolean;
  origin_oid: string | null;
  origin_attribute: number | null;
  since: Date;
  email: string;
  taken_at: Date;
}

export interface TakenClassification extends SharedClassification {
  readonly foundBy: string;
  readonly takenAt: string;
}

/**
 * The oldest first. @param since a cursor that was given before @throws Problem 400 where it is none, or points behind the
 * newest: the store was put back from a copy, and what came since may never be seen by that cursor
 */
export async function findClassifications(
  queries: Queries,
  connection: string,
  since: string | undefined,
  limit: number,
): Promise<{ items: readonly TakenClassification[]; next: string | null; seen: string }> {
  const after = since === undefined ? 0 : Number(decodeCursor(since, ['number'])[0]);
  const { rows } = await queries.query<Row>(
    `SELECT id, database, relation_oid, schema_name, relation_name, attribute, column_name, kind, use_right, why,
       confidence, is_derived, origin_oid, origin_attribute, since, email, taken_at
     FROM portcullis.classifications WHERE connection = $1 AND id > $2 ORDER BY id LIMIT $3`,
    [connection, after, limit + 1],
  );
  if (rows.length === 0) await requireKnown(queries, after);
  const page = rows.slice(0, limit);
  const seen = encodeCursor([Number(page.at(-1)?.id ?? after)]);
  return { items: page.map(readRow), next: rows.length > limit ? seen : null, seen };
}

async function requireKnown(queries: Queries, id: number): Promise<void> {
  if (id === 0) return;
  const { rows } = await queries.query<{ newest: string | null }>(
    'SELECT max(id) AS newest FROM portcullis.classifications',
  );
  if (Number(rows[0]?.newest ?? 0) >= id) return;
  throw new Problem(400, 'This cursor is of another store: begin again without one.');
}

function readRow(row: Row): TakenClassification {
  return {
    database: row.database,
    relation: { oid: Number(row.relation_oid), schema: row.schema_name, name: row.relation_name },
    column: { number: row.attribute, name: row.column_name },
    kind: row.kind,
    use: row.use_right,
    why: row.why,
    confidence: row.confidence,
    ...(row.is_derived && { isDerived: true as const }),
    ...(row.origin_oid !== null &&
      row.origin_attribute !== null && {
        origin: { relation: Number(row.origin_oid), column: row.origin_attribute },
      }),
    since: row.since.toISOString(),
    foundBy: row.email,
    takenAt: row.taken_at.toISOString(),
  };
}
