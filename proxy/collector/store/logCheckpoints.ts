/** Checkpoints that witnesses have cosigned. */
import type { Queries } from './store.ts';

export interface CosignedCheckpoint {
  readonly size: number;
  /** A signed note, the witnesses' lines last. */
  readonly note: string;
  readonly ageSeconds: number;
}

export async function keepCosigned(queries: Queries, size: number, note: string): Promise<void> {
  await queries.query(
    `INSERT INTO portcullis.log_checkpoints (size, note) VALUES ($1, $2)
     ON CONFLICT (size) DO UPDATE SET note = excluded.note, made_at = now()`,
    [size, note],
  );
}

export async function readNewestCosigned(queries: Queries): Promise<CosignedCheckpoint | undefined> {
  const { rows } = await queries.query<{ size: string; note: string; age: number }>(
    `SELECT size, note, extract(epoch FROM now() - made_at)::float8 AS age
     FROM portcullis.log_checkpoints ORDER BY size DESC LIMIT 1`,
  );
  const [row] = rows;
  return row && { size: Number(row.size), note: row.note, ageSeconds: row.age };
}
