/** The collector's PostgreSQL: a pool with sane limits, and transactions. */
import pg from 'pg';
import type { Log } from '../../kit/log.ts';

/** What reads and writes go through: the pool, or the one connection of a transaction. */
export interface Queries {
  query<Row extends pg.QueryResultRow>(
    text: string,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>>;
}

export interface Store extends Queries {
  /** Runs `work` in one transaction (READ COMMITTED); answers only after COMMIT was confirmed. */
  transaction<Answer>(work: (queries: Queries) => Promise<Answer>): Promise<Answer>;
  close(): Promise<void>;
}

/** @param isPatient waits as long as it takes, for one migration of a large store */
export function openStore(databaseUrl: string, log: Log, isPatient = false): Store {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    application_name: 'portcullis collector',
    max: 12,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    // For a server that no longer answers at all: the client gives up a little later than the server would.
    ...(!isPatient && {
      statement_timeout: 20_000,
      query_timeout: 25_000,
      idle_in_transaction_session_timeout: 20_000,
    }),
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', (error) => log.warn('a connection to the store was lost', error));
  return {
    query: (text, values) => pool.query(text, values === undefined ? [] : [...values]),
    transaction: (work) => runTransaction(pool, work),
    close: () => pool.end(),
  };
}

async function runTransaction<Answer>(
  pool: pg.Pool,
  work: (queries: Queries) => Promise<Answer>,
): Promise<Answer> {
  const client = await pool.connect();
  // A connection that breaks while it is out rejects its query and also emits; the query is what is reported.
  const ignore = (): void => undefined;
  client.on('error', ignore);
  let failure: Error | undefined;
  try {
    await client.query('BEGIN');
    const answer = await work({
      query: (text, values) => client.query(text, values === undefined ? [] : [...values]),
    });
    await client.query('COMMIT');
    return answer;
  } catch (error) {
    // A connection whose state is not known goes: only one that has rolled back for sure may be used again.
    await client.query('ROLLBACK').catch((lost: Error) => {
      failure = lost;
    });
    throw error;
  } finally {
    client.off('error', ignore);
    client.release(failure);
  }
}
