/** What people are told about the sinks. */
import type { Queries } from '../store.ts';

export interface SinkState {
  readonly name: string;
  readonly kind: string;
  /** `retrying`: the last try failed, and the next will come. */
  readonly state: 'idle' | 'sending' | 'retrying';
  /** Events of the log that it has not been offered yet, those included that it will not be sent. */
  readonly waiting: number;
  readonly sent: number;
  /** Events that it has refused for good: its dead letters. */
  readonly failed: number;
  /** Events that were no longer kept when it was their turn. */
  readonly gone: number;
  readonly sentAt?: string;
  /** The last failure, in words, until something is taken again. */
  readonly problem?: string;
  readonly failedAt?: string;
  readonly retryAt?: string;
}

interface Row {
  name: string;
  kind: string;
  waiting: string;
  tries: number;
  sent: string;
  gone: string;
  failed: string;
  sent_at: Date | null;
  problem: string | null;
  failed_at: Date | null;
  retry_at: Date | null;
}

/** Of these names, in their order. */
export async function readSinkStates(queries: Queries, names: readonly string[]): Promise<SinkState[]> {
  const { rows } = await queries.query<Row>(
    `SELECT s.name, s.kind, greatest(0, log.size - s.position) AS waiting, s.tries, s.sent, s.gone, s.sent_at,
       s.problem, s.failed_at, s.retry_at,
       (SELECT count(*) FROM portcullis.sink_dead_letters d WHERE d.sink = s.name) AS failed
     FROM unnest($1::text[]) WITH ORDINALITY AS wanted (name, place)
     JOIN portcullis.sinks s ON s.name = wanted.name, portcullis.log ORDER BY place`,
    [names],
  );
  return rows.map((row) => ({
    name: row.name,
    kind: row.kind,
    state: row.tries > 0 ? 'retrying' : row.waiting === '0' ? 'idle' : 'sending',
    waiting: Number(row.waiting),
    sent: Number(row.sent),
    failed: Number(row.failed),
    gone: Number(row.gone),
    ...(row.sent_at !== null && { sentAt: row.sent_at.toISOString() }),
    ...(row.problem !== null && { problem: row.problem }),
    ...(row.problem !== null && row.failed_at !== null && { failedAt: row.failed_at.toISOString() }),
    ...(row.retry_at !== null && { retryAt: row.retry_at.toISOString() }),
  }));
}
