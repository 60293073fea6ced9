/** `npm run bench [-- --json] [-- --quick]`: the numbers of the design, as ratios within one run. */
import {
  firstStatements,
  latencies,
  median,
  type PgbenchMode,
  peakMemory,
  percentile,
  pgbench,
  residentMemory,
  stream,
} from './measure.ts';
import { type Bench, type Closers, closeAll, hasTool, startBench, type TargetName } from './targets.ts';

const isQuick = process.argv.includes('--quick');
const isJson = process.argv.includes('--json');
const rounds = isQuick ? 1 : 3;
const seconds = isQuick ? 2 : 3;
const streamRows = 300_000;

type PerTarget = Partial<Record<TargetName, number>>;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function main(): Promise<void> {
  const closers: Closers = [];
  // From the first server on: whoever interrupts the start leaves nothing running either.
  const stop = () => void closeAll(closers).then(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const bench = await startBench(closers);
    if (!bench.targets.some(({ name }) => name === 'pgbouncer'))
      say('PgBouncer is not installed or did not start (Debian: pgbouncer): nothing to compare with.');
    const throughput = await measureThroughput(bench);
    const latency = await measureLatency(bench);
    const streams = await measureStreams(bench);
    const memory = await measureMemory(bench);
    const prepared8 = throughput['prepared 8'];
    const report = {
      throughput_vs_pgbouncer: ratio(prepared8?.governed, prepared8?.pgbouncer),
      throughput_vs_direct: ratio(prepared8?.governed, prepared8?.direct),
      added_latency_us: latency.added,
      stream_vs_direct: ratio(streams.plain.governed, streams.plain.direct),
      stream_masked_vs_direct: ratio(streams.masked.governed, streams.masked.direct),
      stream_rss_mb: memory.peak,
      stream_rss_before_mb: memory.before,
      first_statement_ms_p50: latency.first,
      throughput,
      streams,
    };
    if (isJson) say(JSON.stringify(report));
  } finally {
    await closeAll(closers);
  }
}

async function measureThroughput({ targets }: Bench): Promise<Record<string, PerTarget>> {
  const results: Record<string, PerTarget> = {};
  if (!hasTool('pgbench')) {
    say('pgbench is not installed (Debian: postgresql-client, postgresql-15): no throughput.');
    return results;
  }
  say(`\npgbench -S, transactions/s, median of ${rounds}   direct  pgbouncer  governed   governed/pgbouncer`);
  for (const mode of ['simple', 'extended', 'prepared'] satisfies PgbenchMode[]) {
    for (const clients of [1, 8, 32]) {
      const samples: Record<string, number[]> = {};
      for (let round = 0; round < rounds; round++) {
        for (const { name, url } of targets) {
          samples[name] ??= [];
          samples[name]?.push(await pgbench(url, mode, clients, seconds));
        }
      }
      const row: PerTarget = Object.fromEntries(
        Object.entries(samples).map(([name, all]) => [name, Math.round(median(all))]),
      );
      results[`${mode} ${clients}`] = row;
      const cells = [row.direct, row.pgbouncer, row.governed]
        .map((value) => String(value ?? '–').padStart(9))
        .join('');
      say(
        `  ${mode.padEnd(9)} ${String(clients).padStart(2)} clients${' '.repeat(19)}${cells}   ${ratio(row.governed, row.pgbouncer) ?? '–'}`,
      );
    }
  }
  return results;
}

async function measureLatency({ targets }: Bench) {
  const byName = new Map(targets.map(({ name, url }) => [name, url]));
  const count = isQuick ? 5_000 : 20_000;
  const p50: number[] = [];
  const p99: number[] = [];
  const first: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const direct = await latencies(byName.get('direct') ?? '', count);
    const governed = await latencies(byName.get('governed') ?? '', count);
    p50.push(percentile(governed, 0.5) - percentile(direct, 0.5));
    p99.push(percentile(governed, 0.99) - percentile(direct, 0.99));
    const directFirst = await firstStatements(byName.get('direct') ?? '', 500);
    const governedFirst = await firstStatements(byName.get('governed') ?? '', 500);
    first.push(percentile(governedFirst, 0.5) - percentile(directFirst, 0.5));
  }
  const added = { p50: Math.round(median(p50)), p99: Math.round(median(p99)) };
  say(`\nadded to a prepared point SELECT, 1 client: p50 ${added.p50} µs, p99 ${added.p99} µs`);
  say(`added to a statement never seen before: p50 ${median(first).toFixed(2)} ms`);
  return { added, first: Number(median(first).toFixed(3)) };
}

async function measureStreams({ targets }: Bench): Promise<{ plain: PerTarget; masked: PerTarget }> {
  const queries = {
    plain: 'SELECT id, page, seen, id + 1 FROM visitors',
    masked: 'SELECT id, email, page, seen FROM visitors',
  };
  const result: { plain: PerTarget; masked: PerTarget } = { plain: {}, masked: {} };
  say('\n300,000 rows × 4 columns, milliseconds      direct  pgbouncer  governed   governed/direct');
  for (const kind of ['plain', 'masked'] as const) {
    const samples: Record<string, number[]> = {};
    for (let round = 0; round < rounds + 2; round++) {
      for (const { name, url } of targets) {
        samples[name] ??= [];
        samples[name]?.push(await stream(url, queries[kind], streamRows));
      }
    }
    for (const [name, all] of Object.entries(samples))
      result[kind][name as TargetName] = Math.round(median(all));
    const row = result[kind];
    const cells = [row.direct, row.pgbouncer, row.governed]
      .map((value) => String(value ?? '–').padStart(9))
      .join('');
    say(
      `  ${(kind === 'plain' ? 'no column masked' : 'one column masked').padEnd(38)}${cells}   ${ratio(row.governed, row.direct)}`,
    );
  }
  return result;
}

async function measureMemory({ targets, proxyPid }: Bench): Promise<{ before: number; peak: number }> {
  const governed = targets.find(({ name }) => name === 'governed')?.url ?? '';
  const before = Math.round(residentMemory(proxyPid));
  // 1,000,000 rows of a kilobyte; then the masked table again and again.
  const peak = await peakMemory(proxyPid, async () => {
    await stream(governed, "SELECT repeat('x', 1000) FROM generate_series(1, 1000000)", 1_000_000);
    for (let i = 0; i < 5; i++)
      await stream(governed, 'SELECT id, email, page, seen FROM visitors', streamRows);
  });
  say(`\nresident memory of the proxy: ${before} MB, while streaming 1 GB at most ${Math.round(peak)} MB`);
  return { before, peak: Math.round(peak) };
}

function ratio(a: number | undefined, b: number | undefined): number | null {
  return a === undefined || b === undefined ? null : Number((a / b).toFixed(3));
}

main().catch((error) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
