/** Proofs for many leaves at once: each tile is read once, and each subtree that several proofs share is hashed once. */
import { inclusionRanges, type LeafRange } from '../../audit/log/leafRanges.ts';
import type { Hash } from '../../audit/log/merkleTree.ts';
import { tileWidth } from '../../audit/log/tilePath.ts';
import { rootOfSpans, spansOf, type TileSpan } from '../../audit/log/tileSpans.ts';
import type { Queries } from './store.ts';

/**
 * PATH(index, D[size]) of RFC 6962 for each index, in their order; the tree has to have grown to that size.
 * @throws RangeError where it has no such leaf · Error where the store has lost hashes
 */
export async function proveMany(
  queries: Queries,
  indices: readonly number[],
  size: number,
): Promise<Hash[][]> {
  const paths = indices.map((index) => inclusionRanges(index, size));
  const ranges = new Map(paths.flat().map((range) => [nameOf(range), spansOf(range)]));
  const tiles = await readTiles(queries, [...ranges.values()].flat());
  const roots = new Map<string, Hash>();
  for (const [name, spans] of ranges)
    roots.set(name, rootOfSpans(spans.map((span) => takeSpan(tiles, span))));
  return paths.map((path) => path.map((range) => roots.get(nameOf(range)) as Hash)); // every range has its root
}

type Tiles = ReadonlyMap<string, ReadonlyMap<number, Hash>>;

function takeSpan(tiles: Tiles, { level, start, end }: TileSpan): Hash[] {
  const tile = tiles.get(`${level}/${Math.floor(start / tileWidth)}`);
  return Array.from({ length: end - start }, (_, i) => {
    const hash = tile?.get(start + i);
    if (hash === undefined) throw new Error('the log lacks hashes that it had');
    return hash;
  });
}

async function readTiles(queries: Queries, spans: readonly TileSpan[]): Promise<Tiles> {
  const tiles = new Map<string, Map<number, Hash>>();
  for (const { level, start } of spans) tiles.set(`${level}/${Math.floor(start / tileWidth)}`, new Map());
  const wanted = [...tiles.keys()].map((name) => name.split('/').map(Number));
  const take = (level: number, index: string, hash: Hash): void => {
    tiles.get(`${level}/${Math.floor(Number(index) / tileWidth)}`)?.set(Number(index), hash);
  };
  // LATERAL: one index scan per tile, whatever the planner thinks of the log's size.
  const leaves = await queries.query<{ index: string; hash: Buffer }>(
    `SELECT found.index, found.hash FROM unnest($1::bigint[]) AS tile (number), LATERAL (
       SELECT index, hash FROM portcullis.log_leaves
       WHERE index >= number * ${tileWidth} AND index < (number + 1) * ${tileWidth}
       ORDER BY index LIMIT ${tileWidth}
     ) AS found`,
    [wanted.filter(([level]) => level === 0).map(([, number]) => number)],
  );
  for (const { index, hash } of leaves.rows) take(0, index, hash);
  const above = wanted.filter(([level]) => level !== 0);
  const nodes = await queries.query<{ level: number; index: string; hash: Buffer }>(
    `SELECT found.level, found.index, found.hash FROM unnest($1::smallint[], $2::bigint[]) AS tile (level, number), LATERAL (
       SELECT n.level, n.index, n.hash FROM portcullis.log_nodes n
       WHERE n.level = tile.level AND n.index >= number * ${tileWidth} AND n.index < (number + 1) * ${tileWidth}
       ORDER BY n.index LIMIT ${tileWidth}
     ) AS found`,
    [above.map(([level]) => level), above.map(([, number]) => number)],
  );
  for (const { level, index, hash } of nodes.rows) take(level, index, hash);
  return tiles;
}

function nameOf({ start, end }: LeafRange): string {
  return `${start}-${end}`;
}
