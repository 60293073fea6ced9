/**
 * The log over all events: a Merkle tree that only grows (RFC 6962). Leaves are entered in the transaction that takes
 * their events. One row holds the size and the peaks of the tree: locking it is what gives the leaves of all collectors
 * over one store their one order, and it is locked last, so that batches wait for each other's COMMIT and nothing else.
 */
import { type Growth, growTree, rootOfPeaks, type TreePeaks } from '../../audit/log/growTree.ts';
import { type Hash, hashBytes } from '../../audit/log/merkleTree.ts';
import { hashEvent } from './eventRows.ts';
import type { Queries } from './store.ts';

/** An event, and the hash over it. */
export interface NewLeaf {
  readonly proxy: string;
  readonly seq: number;
  /** Hex. */
  readonly leaf: string;
}

export interface LogHead extends TreePeaks {
  readonly root: Hash;
}

/** What {@link appendLeaves} did. */
export interface Appended {
  /** The tree up to which the batch was added: its size is the index of the batch's first leaf. */
  readonly before: TreePeaks;
  readonly after: LogHead;
}

interface HeadRow {
  readonly size: string;
  readonly peaks: Buffer;
}

/** The tree as it is committed. */
export async function readHead(queries: Queries): Promise<LogHead> {
  const { rows } = await queries.query<HeadRow>('SELECT size, peaks FROM portcullis.log');
  return headOf(readPeaks(rows[0]));
}

/** Call it last in a transaction: others wait until its end. */
export async function appendLeaves(queries: Queries, leaves: readonly NewLeaf[]): Promise<Appended> {
  const { rows } = await queries.query<HeadRow>('SELECT size, peaks FROM portcullis.log FOR UPDATE');
  const before = readPeaks(rows[0]);
  const hashes = leaves.map(({ leaf }) => Buffer.from(leaf, 'hex'));
  const after = growTree(before, hashes);
  await queries.query(
    `WITH leaves AS (
       INSERT INTO portcullis.log_leaves (index, proxy, seq, hash)
       SELECT $1::bigint + place - 1, proxy, seq, hash
       FROM unnest($2::text[], $3::bigint[], $4::bytea[]) WITH ORDINALITY AS leaf (proxy, seq, hash, place)
     ), nodes AS (
       INSERT INTO portcullis.log_nodes (level, index, hash)
       SELECT * FROM unnest($5::smallint[], $6::bigint[], $7::bytea[])
     )
     UPDATE portcullis.log SET size = $8, peaks = $9`,
    [
      before.size,
      leaves.map(({ proxy }) => proxy),
      leaves.map(({ seq }) => seq),
      hashes,
      ...columnsOf(after),
    ],
  );
  return { before, after: headOf(after) };
}

/** For a store that took events before it had a log: in the order in which it took them. */
export async function enterEarlierEvents(queries: Queries): Promise<void> {
  await queries.query(
    `DECLARE earlier_events NO SCROLL CURSOR FOR
       SELECT proxy, event FROM portcullis.events ORDER BY received_at, proxy, seq`,
  );
  for (;;) {
    const { rows } = await queries.query<{ proxy: string; event: { seq: number } }>(
      'FETCH 2000 FROM earlier_events',
    );
    if (rows.length === 0) break;
    const leaves = rows.map(({ proxy, event }) => ({
      proxy,
      seq: event.seq,
      leaf: hashEvent(proxy, event).leaf,
    }));
    await appendLeaves(queries, leaves);
  }
  await queries.query('CLOSE earlier_events');
}

function columnsOf({ nodes, size, peaks }: Growth): unknown[] {
  return [
    nodes.map(({ level }) => level),
    nodes.map(({ index }) => index),
    nodes.map(({ hash }) => hash),
    size,
    Buffer.concat(peaks),
  ];
}

function readPeaks(row: HeadRow | undefined): TreePeaks {
  if (row === undefined) throw new Error('the store has lost the head of its log');
  const peaks: Buffer[] = [];
  for (let at = 0; at < row.peaks.length; at += hashBytes) peaks.push(row.peaks.subarray(at, at + hashBytes));
  return { size: Number(row.size), peaks };
}

function headOf({ size, peaks }: TreePeaks): LogHead {
  return { size, peaks, root: rootOfPeaks(peaks) };
}
