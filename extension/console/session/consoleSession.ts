/** One open connection of the console to the proxy: runs one text at a time, so transactions and temporary tables last. */
import type { Client } from 'pg';
import type { LocalAccess } from '../../../proxy/control/messages.ts';
import type { ResultSnapshot } from '../../kit/gridMessages.ts';
import type { ResultRun } from '../results/resultRun.ts';
import { type CancelKey, sendCancelRequest } from './cancelRequest.ts';
import { describeFailure, isServerError } from './resultProblem.ts';
import { openRowSocket } from './rowDiversion.ts';
import { StreamedQuery } from './streamedQuery.ts';

const connectPatience = 15_000;
/** How long a cancelled statement may take to end before its connection is closed instead. */
const cancelPatience = 5_000;
/** SQLSTATE query_canceled. */
const cancelled = '57014';

export type Access = Pick<LocalAccess, 'host' | 'port' | 'user' | 'password'>;

/** What pg has but its types leave out: see BackendKeyData. */
type KeyedClient = Client & CancelKey;

export class ConsoleSession {
  readonly access: Access;
  readonly connection: string;
  readonly #idleMs: number;
  #client: KeyedClient | undefined;
  #run: ResultRun | undefined;
  #last: ResultRun | undefined;
  #isCancelling = false;
  #cancelSent: Promise<void> = Promise.resolve();
  #idleTimer: NodeJS.Timeout | undefined;

  /** @param idleMs after which an unused connection outside a transaction is closed. */
  constructor(access: Access, connection: string, idleMs = 10 * 60_000) {
    this.access = access;
    this.connection = connection;
    this.#idleMs = idleMs;
  }

  get current(): ResultRun | undefined {
    return this.#run;
  }

  /** The run that is under way, else the one before. */
  get last(): ResultRun | undefined {
    return this.#last;
  }

  get isOpen(): boolean {
    return this.#client !== undefined;
  }

  /** Never rejects: how it went stands in the run. The caller has seen to it that no other run is under way. */
  async run(run: ResultRun): Promise<void> {
    if (this.#run !== undefined) throw new Error('A session runs one text at a time.');
    clearTimeout(this.#idleTimer);
    this.#run = run;
    this.#last = run;
    this.#isCancelling = false;
    run.onOverflow = () => void this.#cancelStatement();
    try {
      // A cancel request of the last run that is still on its way would stop this one.
      await this.#cancelSent;
      const client = await this.#open();
      if (this.#isCancelling) return run.end({ kind: 'cancelled' });
      await this.#query(client, run);
    } catch (error) {
      this.#endFailed(run, error);
    } finally {
      this.#run = undefined;
      this.#closeWhenIdle();
    }
  }

  /** Asks the server to stop; where it does not answer in time, leaves it. */
  cancel(): void {
    if (this.#run === undefined) return;
    this.#isCancelling = true;
    this.#run.takeNoMore();
    void this.#cancelStatement();
  }

  async close(): Promise<void> {
    clearTimeout(this.#idleTimer);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  async #query(client: KeyedClient, run: ResultRun): Promise<void> {
    const query = new StreamedQuery(run.sql, run);
    const isReady = ready(client);
    const hear = (notice: object) => run.addNotice(notice);
    client.on('notice', hear);
    try {
      client.query(query);
      await query.ended;
      run.transaction = transactionOf(client);
      // The server may have been done before it heard of the cancel: but these are not all rows.
      if (run.isFull) run.end(stoppedAt(run));
      else run.end({ kind: run.hasPassedOver ? 'cancelled' : 'done' });
    } catch (error) {
      // An ErrorResponse is followed by ReadyForQuery, which says what became of the transaction, or by the end.
      if (isServerError(error)) await isReady;
      run.transaction = transactionOf(client);
      throw error;
    } finally {
      client.off('notice', hear);
    }
  }

  #endFailed(run: ResultRun, error: unknown): void {
    const isCancel = isServerError(error) && error.code === cancelled;
    if (run.isFull && (isCancel || !isServerError(error))) run.end(stoppedAt(run));
    else if (this.#isCancelling && (isCancel || !isServerError(error))) {
      if (isServerError(error))
        run.addNotice({ ...error, message: `${error.message} (SQLSTATE ${cancelled})` });
      run.end({ kind: 'cancelled' });
    } else run.end({ kind: 'failed', problem: describeFailure(error, run.sql, run.state.kind === 'held') });
  }

  async #open(): Promise<KeyedClient> {
    if (this.#client !== undefined) return this.#client;
    const { Client } = await import('pg');
    const { host, port, user, password } = this.access;
    const client = new Client({
      host,
      port,
      user,
      password,
      database: this.connection,
      application_name: 'Portcullis console',
      options: '-c portcullis.notices=on',
      ssl: false, // loopback; and nothing of the environment's PGSSLMODE
      connectionTimeoutMillis: connectPatience,
      stream: () => openRowSocket((bytes, start, end) => this.#run?.addDataRow(bytes, start, end)),
    }) as KeyedClient;
    const forget = () => {
      if (this.#client === client) this.#client = undefined;
    };
    // Without a listener a lost connection would end the process that hosts all extensions.
    client.on('error', forget);
    client.on('end', forget);
    await client.connect();
    this.#client = client;
    return client;
  }

  async #cancelStatement(): Promise<void> {
    const run = this.#run;
    const client = this.#client;
    if (client === undefined || run === undefined) return;
    this.#cancelSent = sendCancelRequest(this.access.host, this.access.port, client).catch(() => {});
    await this.#cancelSent;
    const timer = setTimeout(() => {
      if (this.#run === run && this.#client === client) client.connection.stream.destroy();
    }, cancelPatience);
    timer.unref();
  }

  #closeWhenIdle(): void {
    if (this.#client === undefined) return;
    this.#idleTimer = setTimeout(() => {
      if (this.#client !== undefined && transactionOf(this.#client) === 'none') void this.close();
      else this.#closeWhenIdle();
    }, this.#idleMs);
    this.#idleTimer.unref();
  }
}

function stoppedAt(run: ResultRun): { kind: 'stopped'; message: string } {
  const megabytes = Math.round(run.rows.limit / 1024 / 1024);
  const rows = run.rows.rowCount.toLocaleString('en-US');
  return {
    kind: 'stopped',
    message:
      `The result is larger than ${megabytes} MB, so the statement was stopped: these are its first ${rows} rows. ` +
      'Add a LIMIT or a WHERE, or select fewer columns. For all rows, run "Portcullis: Open a Terminal With psql" ' +
      'and send them to a file: \\o rows.txt',
  };
}

function transactionOf(client: Client): ResultSnapshot['transaction'] {
  const status = client.getTransactionStatus();
  if (status === 'T') return 'open';
  return status === 'E' ? 'failed' : 'none';
}

/** Waits until the server takes statements again, or the connection has gone. */
function ready(client: Client): Promise<void> {
  return new Promise((resolve) => {
    client.connection.once('readyForQuery', () => resolve());
    client.once('end', () => resolve());
  });
}
