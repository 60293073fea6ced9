/** The single measurements: each takes a connection string and answers numbers. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { serialize } from 'pg-protocol';
import { connectUpstream } from '../../proxy/session/opening/upstream.ts';

export type PgbenchMode = 'simple' | 'extended' | 'prepared';

/** Transactions per second of pgbench -S. */
export async function pgbench(
  url: string,
  mode: PgbenchMode,
  clients: number,
  seconds: number,
): Promise<number> {
  const args = ['-S', '-n', '-M', mode, '-c', String(clients), '-j', '1', '-T', String(seconds), url];
  const { stdout } = await promisify(execFile)('pgbench', args);
  const tps = /tps = ([\d.]+)/.exec(stdout)?.[1];
  // On a busy machine connecting can take up the whole slice: then nothing was measured, which is not the same as 0.
  if (tps === undefined && seconds < 8) return pgbench(url, mode, clients, seconds * 2);
  if (tps === undefined) throw new Error(`pgbench said no tps: ${stdout}`);
  return Number(tps);
}

/** Microseconds of each of `count` prepared point SELECTs, one after the other. */
export async function latencies(url: string, count: number): Promise<Float64Array> {
  const { socket } = await connectUpstream({ url, settings: new Map(), timeoutMs: 10_000 });
  const wait = answers(socket);
  const text = 'SELECT abalance FROM pgbench_accounts WHERE aid = $1';
  socket.write(Buffer.concat([serialize.parse({ name: 'point', text }), serialize.sync()]));
  await wait();
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const request = Buffer.concat([
      serialize.bind({ statement: 'point', values: [String(1 + ((i * 7919) % 1_000_000))] }),
      serialize.describe({ type: 'P' }),
      serialize.execute(),
      serialize.sync(),
    ]);
    const start = process.hrtime.bigint();
    socket.write(request);
    await wait();
    times[i] = Number(process.hrtime.bigint() - start) / 1_000;
  }
  socket.destroy();
  return times.slice(Math.floor(count / 5)).sort(); // the first fifth warms up
}

/** Milliseconds of each of `count` statements that were never seen before, simple protocol. */
export async function firstStatements(url: string, count: number): Promise<Float64Array> {
  const { socket } = await connectUpstream({ url, settings: new Map(), timeoutMs: 10_000 });
  const wait = answers(socket);
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const text = `SELECT a.aid, b.bbalance AS c${i} FROM pgbench_accounts a JOIN pgbench_branches b USING (bid) WHERE a.aid = ${i} AND a.abalance < ${i}`;
    const start = process.hrtime.bigint();
    socket.write(serialize.query(text));
    await wait();
    times[i] = Number(process.hrtime.bigint() - start) / 1_000_000;
  }
  socket.destroy();
  return times.slice(Math.floor(count / 5)).sort();
}

/**
 * Milliseconds until all rows of a query have come; the reader discards them. Rejects unless exactly `rows` came: a
 * refused or broken stream would otherwise be the fastest of all.
 */
export async function stream(url: string, text: string, rows: number): Promise<number> {
  const { socket } = await connectUpstream({ url, settings: new Map(), timeoutMs: 10_000 });
  // CommandComplete and ReadyForQuery end the answer: they are the last bytes that come.
  const end = Buffer.from(`SELECT ${rows}\0Z\0\0\0\x05I`, 'latin1');
  const readyOnly = end.subarray(-6);
  const start = process.hrtime.bigint();
  const done = new Promise<void>((resolve, reject) => {
    let tail = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      tail =
        chunk.length >= end.length
          ? Buffer.from(chunk.subarray(chunk.length - end.length))
          : Buffer.concat([tail, chunk]).subarray(-end.length);
      if (tail.equals(end)) resolve();
      else if (tail.subarray(-6).equals(readyOnly)) reject(new Error(`not ${rows} rows came of: ${text}`));
    });
    socket.on('close', () => reject(new Error(`the stream broke: ${text}`)));
  });
  socket.resume();
  socket.write(serialize.query(text));
  try {
    await done;
    return Number(process.hrtime.bigint() - start) / 1_000_000;
  } finally {
    socket.removeAllListeners('close');
    socket.destroy();
  }
}

/** Resident memory of a process now, in MB. */
export function residentMemory(pid: number): number {
  const resident = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(resident ?? 0) / 1024;
}

/** Highest resident memory of a process, in MB, while `work` runs. */
export async function peakMemory(pid: number, work: () => Promise<unknown>): Promise<number> {
  let peak = 0;
  const look = () => {
    peak = Math.max(peak, residentMemory(pid));
  };
  const timer = setInterval(look, 50);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  look();
  return peak;
}

/** Two targets compared within each round, so that a noisy moment meets both: the middle ratio, and how far they lie apart. */
export interface Ratio {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Undefined where one of them was not measured. */
export function pairedRatio(
  a: readonly number[] | undefined,
  b: readonly number[] | undefined,
): Ratio | undefined {
  const ratios = (a ?? []).flatMap((value, round) => {
    const other = b?.[round];
    return other === undefined ? [] : [value / other];
  });
  if (ratios.length === 0) return undefined;
  const short = (value: number) => Number(value.toFixed(3));
  return {
    median: short(median(ratios)),
    least: short(Math.min(...ratios)),
    most: short(Math.max(...ratios)),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Resolves at the next ReadyForQuery; rejects where an ErrorResponse came before it. */
function answers(socket: import('node:net').Socket): () => Promise<void> {
  let wake: (() => void) | undefined;
  let fail: ((error: Error) => void) | undefined;
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 5) {
      const end = at + 1 + bytes.readInt32BE(at + 1);
      if (end > bytes.length) break;
      if (bytes[at] === 0x45 /* E */) {
        fail?.(new Error(`the server said: ${bytes.toString('utf8', at + 5, end).replaceAll('\0', ' ')}`));
      } else if (bytes[at] === 0x5a /* Z */) wake?.();
      at = end;
    }
    rest = Buffer.from(bytes.subarray(at)); // mostly empty
  });
  socket.on('close', () => fail?.(new Error('the connection ended')));
  socket.resume();
  return () =>
    new Promise((resolve, reject) => {
      wake = resolve;
      fail = reject;
    });
}
