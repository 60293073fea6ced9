/** What is read from the log: tiles, entries, and the hashes of proofs. */
import { consistencyRanges, inclusionRanges, type LeafRange } from '../../audit/log/leafRanges.ts';
import { logEntry } from '../../audit/log/logEntry.ts';
import type { Hash } from '../../audit/log/merkleTree.ts';
import { type TileAddress, tileWidth } from '../../audit/log/tilePath.ts';
import { rootOfSpans, spansOf } from '../../audit/log/tileSpans.ts';
import type { Queries } from './store.ts';

/** Hashes that the log had are gone: somebody was at the store. */
export class LogDamaged extends Error {
  constructor() {
    super('the log in the store lacks hashes that it had');
  }
}

/** The hashes of a tile, joined; undefined where the tree is not that large. */
export async function readTile(
  queries: Queries,
  { level, index, width }: TileAddress & { level: number },
): Promise<Buffer | undefined> {
  const [hashes = []] = await readSpans(queries, [
    { level, start: index * tileWidth, end: index * tileWidth + width },
  ]);
  return hashes.length === width ? Buffer.concat(hashes) : undefined;
}

/** An entry of the log; undefined where its event is no longer kept. */
export type KeptEntry = Buffer | undefined;

/** The entries of a bundle; undefined where the tree is not that large. */
export async function readEntries(
  queries: Queries,
  { index, width }: Pick<TileAddress, 'index' | 'width'>,
): Promise<readonly KeptEntry[] | undefined> {
  const { rows } = await queries.query<{ proxy: string; event: { seq: number } | null }>(
    `SELECT l.proxy, e.event FROM portcullis.log_leaves l
     LEFT JOIN portcullis.events e ON e.proxy = l.proxy AND e.seq = l.seq
     WHERE l.index >= $1 AND l.index < $2 ORDER BY l.index`,
    [index * tileWidth, index * tileWidth + width],
  );
  if (rows.length !== width) return undefined;
  return rows.map(({ proxy, event }) => (event === null ? undefined : logEntry(proxy, event)));
}

/** PATH(index, D[size]) of RFC 6962, for each index; the tree has to have grown to that size. @throws RangeError, LogDamaged */
export async function proveInclusion(
  queries: Queries,
  indices: readonly number[],
  size: number,
): Promise<Hash[][]> {
  const ranges = indices.map((index) => inclusionRanges(index, size));
  const roots = await readRoots(queries, ranges.flat());
  return ranges.map(({ length }) => roots.splice(0, length));
}

/** PROOF(size1, D[size2]) of RFC 6962; the tree has to have grown to size2. @throws RangeError, LogDamaged */
export async function proveConsistency(queries: Queries, size1: number, size2: number): Promise<Hash[]> {
  return readRoots(queries, consistencyRanges(size1, size2));
}

async function readRoots(queries: Queries, ranges: readonly LeafRange[]): Promise<Hash[]> {
  const spans = ranges.map(spansOf);
  const hashes = await readSpans(queries, spans.flat());
  return spans.map((own) => {
    const found = hashes.splice(0, own.length);
    if (found.some((part, i) => part.length !== (own[i]?.end ?? 0) - (own[i]?.start ?? 0))) {
      throw new LogDamaged();
    }
    return rootOfSpans(found);
  });
}

interface Span extends LeafRange {
  readonly level: number;
}

/** In one round trip, for each span what there is of it. */
async function readSpans(queries: Queries, spans: readonly Span[]): Promise<Buffer[][]> {
  const found = spans.map((): Buffer[] => []);
  if (spans.length === 0) return found;
  const { rows } = await queries.query<{ span: number; hash: Buffer }>(
    `WITH spans AS (
       SELECT * FROM unnest($1::int[], $2::int[], $3::bigint[], $4::bigint[]) AS span (number, level, first, last)
     )
     SELECT number AS span, index, hash FROM spans
       JOIN portcullis.log_leaves ON level = 0 AND index >= first AND index < last
     UNION ALL
     SELECT number, index, hash FROM spans
       JOIN portcullis.log_nodes n ON spans.level > 0 AND n.level = spans.level AND index >= first AND index < last
     ORDER BY span, index`,
    [
      spans.map((_, i) => i),
      spans.map(({ level }) => level),
      spans.map(({ start }) => start),
      spans.map(({ end }) => end),
    ],
  );
  for (const { span, hash } of rows) found[span]?.push(hash);
  return found;
}
