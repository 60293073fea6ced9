/** `npm run bench [-- --json] [-- --quick]`: the numbers of the design, as ratios within one run. */
import {
  firstStatements,
  latencies,
  median,
  type PgbenchMode,
  pairedRatio,
  peakMemory,
  percentile,
  pgbench,
  type Ratio,
  residentMemory,
  stream,
} from './measure.ts';
import { type Bench, type Closers, closeAll, hasTool, startBench, type TargetName } from './targets.ts';

const isQuick = process.argv.includes('--quick');
const isJson = process.argv.includes('--json');
// Many short slices in turn rather than a few long ones: other work on the machine then disturbs all targets alike.
const rounds = isQuick ? 2 : 8;
/** Many clients need longer to connect, so their slices are longer and fewer. */
const slices = (clients: number) =>
  clients > 8 ? { count: Math.ceil(rounds / 2), seconds: 2 } : { count: rounds, seconds: 1 };
const streamRows = 300_000;

type PerTarget = Partial<Record<TargetName, number>>;
type Samples = Partial<Record<TargetName, number[]>>;

/** What was measured of one thing: the middle of each target, and the targets compared round by round. */
interface Compared extends PerTarget {
  readonly vs_pgbouncer: Ratio | null;
  readonly vs_direct: Ratio | null;
}

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
    const idle = Math.round(residentMemory(bench.proxyPid));
    const throughput = await measureThroughput(bench);
    const latency = await measureLatency(bench);
    const streams = await measureStreams(bench);
    const memory = await measureMemory(bench);
    const prepared8 = throughput['prepared 8'];
    const report = {
      throughput_vs_pgbouncer: prepared8?.vs_pgbouncer?.median ?? null,
      throughput_vs_direct: prepared8?.vs_direct?.median ?? null,
      added_latency_us: latency.added,
      stream_vs_direct: streams.plain.vs_direct?.median ?? null,
      stream_masked_vs_direct: streams.masked.vs_direct?.median ?? null,
      stream_rss_mb: memory.peak,
      stream_rss_before_mb: memory.before,
      idle_rss_mb: idle,
      first_statement_ms_p50: latency.first,
      throughput,
      streams,
    };
    if (isJson) say(JSON.stringify(report));
  } finally {
    await closeAll(closers);
  }
}

async function measureThroughput({ targets }: Bench): Promise<Record<string, Compared>> {
  const results: Record<string, Compared> = {};
  if (!hasTool('pgbench')) {
    say('pgbench is not installed (Debian: postgresql-client, postgresql-15): no throughput.');
    return results;
  }
  say(`\npgbench -S, transactions/s, median       direct  pgbouncer  governed   governed/pgbouncer`);
  for (const mode of ['simple', 'extended', 'prepared'] satisfies PgbenchMode[]) {
    for (const clients of [1, 8, 32]) {
      const { count, seconds } = slices(clients);
      const row = compare(await inTurn(targets, count, (url) => pgbench(url, mode, clients, seconds)));
      results[`${mode} ${clients}`] = row;
      const name = `${mode.padEnd(9)} ${String(clients).padStart(2)} clients`;
      say(`  ${name.padEnd(38)}${cells(row)}   ${inWords(row.vs_pgbouncer)}`);
    }
  }
  return results;
}

/** Each round measures every target once. */
async function inTurn(
  targets: Bench['targets'],
  count: number,
  measure: (url: string) => Promise<number>,
): Promise<Samples> {
  const samples: Samples = {};
  for (let round = 0; round < count; round++) {
    for (const { name, url } of targets) {
      samples[name] ??= [];
      samples[name].push(await measure(url));
    }
  }
  return samples;
}

function compare({ direct, pgbouncer, governed }: Samples): Compared {
  const middle = Object.entries({ direct, pgbouncer, governed }).flatMap(([name, all]) =>
    all === undefined ? [] : [[name, Math.round(median(all))] as const],
  );
  return {
    ...(Object.fromEntries(middle) as PerTarget),
    vs_pgbouncer: pairedRatio(governed, pgbouncer) ?? null,
    vs_direct: pairedRatio(governed, direct) ?? null,
  };
}

function cells({ direct, pgbouncer, governed }: PerTarget): string {
  return [direct, pgbouncer, governed].map((value) => String(value ?? '–').padStart(9)).join('');
}

function inWords(ratio: Ratio | null): string {
  return ratio === null ? '–' : `${ratio.median}  (rounds: ${ratio.least} to ${ratio.most})`;
}

async function measureLatency({ targets }: Bench) {
  const byName = new Map(targets.map(({ name, url }) => [name, url]));
  const count = isQuick ? 2_500 : 6_000;
  const p50: number[] = [];
  const p99: number[] = [];
  const first: number[] = [];
  for (let round = 0; round < (isQuick ? 3 : 7); round++) {
    const direct = await latencies(byName.get('direct') ?? '', count);
    const governed = await latencies(byName.get('governed') ?? '', count);
    p50.push(percentile(governed, 0.5) - percentile(direct, 0.5));
    p99.push(percentile(governed, 0.99) - percentile(direct, 0.99));
    const directFirst = await firstStatements(byName.get('direct') ?? '', 300);
    const governedFirst = await firstStatements(byName.get('governed') ?? '', 300);
    first.push(percentile(governedFirst, 0.5) - percentile(directFirst, 0.5));
  }
  const added = { p50: Math.round(median(p50)), p99: Math.round(median(p99)) };
  say(`\nadded to a prepared point SELECT, 1 client: p50 ${added.p50} µs, p99 ${added.p99} µs`);
  say(`added to a statement never seen before: p50 ${median(first).toFixed(2)} ms`);
  return { added, first: Number(median(first).toFixed(3)) };
}

async function measureStreams({ targets }: Bench): Promise<{ plain: Compared; masked: Compared }> {
  say('\n300,000 rows × 4 columns, milliseconds      direct  pgbouncer  governed   governed/direct');
  const measure = async (name: string, text: string) => {
    const row = compare(await inTurn(targets, rounds + 2, (url) => stream(url, text, streamRows)));
    say(`  ${name.padEnd(38)}${cells(row)}   ${inWords(row.vs_direct)}`);
    return row;
  };
  return {
    plain: await measure('no column masked', 'SELECT id, page, seen, id + 1 FROM visitors'),
    masked: await measure('one column masked', 'SELECT id, email, page, seen FROM visitors'),
  };
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

main().catch((error) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
