/** The single measurements: each takes a connection string and answers numbers. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { serialize } from 'pg-protocol';
import { connectUpstream } from '../../proxy/session/upstream.ts';

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

/** Milliseconds until all rows of a query have come; the reader discards them. */
export async function stream(url: string, text: string): Promise<number> {
  const { socket } = await connectUpstream({ url, settings: new Map(), timeoutMs: 10_000 });
  const start = process.hrtime.bigint();
  const done = new Promise<void>((resolve, reject) => {
    let tail = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      // ReadyForQuery ends the answer: its six bytes are the last that come.
      tail =
        chunk.length >= 6
          ? Buffer.from(chunk.subarray(chunk.length - 6))
          : Buffer.concat([tail, chunk]).subarray(-6);
      if (tail.toString('latin1') === 'Z\0\0\0\x05I') resolve();
    });
    socket.on('close', () => reject(new Error('the stream broke')));
  });
  socket.resume();
  socket.write(serialize.query(text));
  await done;
  const millis = Number(process.hrtime.bigint() - start) / 1_000_000;
  socket.removeAllListeners('close');
  socket.destroy();
  return millis;
}

/** Highest resident memory of a process, in MB, while `work` runs. */
export async function peakMemory(pid: number, work: () => Promise<unknown>): Promise<number> {
  let peak = 0;
  const look = () => {
    const resident = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    peak = Math.max(peak, Number(resident ?? 0) / 1024);
  };
  const timer = setInterval(look, 50);
  await work();
  clearInterval(timer);
  look();
  return peak;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Resolves at the next ReadyForQuery. Errors of the server are errors of the bench. */
function answers(socket: import('node:net').Socket): () => Promise<void> {
  let wake: (() => void) | undefined;
  let fail: ((error: Error) => void) | undefined;
  socket.on('data', (chunk: Buffer) => {
    if (chunk[0] === 0x45) fail?.(new Error(`the server said: ${chunk.toString('utf8')}`));
    if (chunk.length >= 6 && chunk[chunk.length - 6] === 0x5a && chunk[chunk.length - 2] === 5) wake?.();
  });
  socket.resume();
  return () =>
    new Promise((resolve, reject) => {
      wake = resolve;
      fail = reject;
    });
}
