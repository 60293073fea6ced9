/**
 * `npm run bench:editor [-- --json] [-- --quick]`: what a person waits for in a real VS Code, and what it costs in memory.
 *
 * The packaged extension runs in the workbench of the tests (code-server in Chromium), over one `portcullis up`: real proxy,
 * real PostgreSQL, all on this machine. The first start, into an empty profile, counts for nothing. What is measured:
 * - activation: what VS Code itself says in "Developer: Show Running Extensions" (code loaded, `activate` called and
 *   settled), in an extension host that is new each time, the person signed in. The middle of all.
 * - first rows: the rows carry `clock_timestamp()`, so the first one says when the server made it. The page of the grid
 *   says when that row stood in its document and a frame had been drawn. Same clock, same machine: the difference is all that lies
 *   between, proxy, extension host and page. The results view is open, as it is from the second statement on; the very
 *   first result must build the view too, and is told apart.
 * - to the end: from the press of Ctrl+End, as the page hears it, until the last row is drawn with its text.
 * - memory: resident memory of the extension host's process (VmRSS) with the million rows held, and its highest (VmHWM) since it
 *   began. It hosts VS Code's own extensions too, so what it held before the first statement is told apart.
 * Elsewhere the numbers differ; a busy machine makes all of them worse. A missed target is printed, and is no failure.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Frame } from 'playwright-core';
import { extensionHostOf, memoryOf } from '../kit/workbench/partProcesses.ts';
import { Company, type Person, runStatementAt, whyNot } from '../vscode/people.ts';
import { median } from './measure.ts';

const isQuick = process.argv.includes('--quick');
const isJson = process.argv.includes('--json');
const starts = isQuick ? 2 : 7;
const rounds = isQuick ? 2 : 5;
const rowCount = 1_000_000;
const patience = 120_000;

/** A line for each round, so that none is taken for the one before. */
const sqlOf = (round: number) =>
  `SELECT g AS id, 'row ' || g AS name${round}, md5(g::text) AS hash, clock_timestamp() AS made FROM generate_series(1, ${rowCount}) g;`;
const document = Array.from({ length: rounds + 1 }, (_, round) => sqlOf(round)).join('\n\n');

/** Runs in every page: writes down when a row was first drawn with its text. */
const watcher = `(() => {
  const seen = (window.benchSeen = new Map());
  const look = () => {
    const header = document.querySelectorAll('.columnHeader')[1]?.textContent ?? '';
    const name = /name\\d+/.exec(header)?.[0];
    for (const number of name === undefined ? [] : [1, ${rowCount}]) {
      const row = document.querySelector('.grid [data-row="' + (number - 1) + '"]')?.parentElement;
      const cells = row?.querySelectorAll('[role=gridcell]') ?? [];
      const key = name + ' ' + number;
      if (cells[1]?.textContent !== 'row ' + number || seen.has(key)) continue;
      const view = document.querySelector('.grid').getBoundingClientRect();
      const place = row.getBoundingClientRect();
      if (place.bottom > view.bottom + 1 || place.top < view.top) continue;
      const made = cells[3]?.textContent ?? '';
      seen.set(key, { made, at: 0 });
      // The task after the next frame: what stood in the document has been drawn.
      requestAnimationFrame(() => setTimeout(() => seen.set(key, { made, at: Date.now() })));
    }
  };
  // No listener and no frame: VS Code writes the page's document anew, which takes those away and leaves timers.
  setInterval(look, 4);
})();`;
const hearEnd = `addEventListener('keydown', ({ key }) => {
  if (key === 'End') window.benchPressed = Date.now();
}, true)`;

interface Seen {
  readonly made: string;
  readonly at: number;
}

interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: 'ms' | 'MB';
  readonly target?: number;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function main(): Promise<void> {
  const reason = whyNot();
  if (reason !== undefined) {
    say(`Nothing was measured, for ${reason}`);
    if (isJson) say(JSON.stringify({ skipped: reason }));
    return;
  }
  const company = await Company.found();
  const stop = () => void company.close().then(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const dev = await company.hire('dev', { 'large.sql': document });
    await company.join(dev);
    await dev.editor.page.context().addInitScript({ content: watcher });
    const activations = await measureActivations(dev);
    const results = await measureResults(dev);
    report(activations, results);
  } finally {
    await company.close();
  }
}

async function measureActivations({ editor }: Person): Promise<number[]> {
  const times: number[] = [];
  for (let start = 0; start < starts; start++) {
    await editor.open();
    await editor.statusBarItem(/dev@example.com · /).waitFor({ timeout: patience });
    await editor.runCommand('Developer: Show Running Extensions');
    const row = editor.page.locator('.runtime-extensions-editor .extension', { hasText: 'Portcullis' });
    const told = row.locator('.activation-time');
    const said = await editor.until(
      'the time of the activation',
      () => told.innerText(),
      (text) => /\d+ ?ms/.test(text),
    );
    times.push(Number(/(\d+) ?ms/.exec(said)?.[1]));
    await editor.page.keyboard.press('Escape');
    await row.waitFor({ state: 'detached' });
  }
  return times;
}

interface Results {
  readonly coldMs: number;
  readonly firstMs: readonly number[];
  readonly endMs: readonly number[];
  readonly before: number;
  readonly loaded: readonly number[];
  readonly peak: number;
}

async function measureResults(dev: Person): Promise<Results> {
  const { editor } = dev;
  await editor.openFile('large.sql');
  await editor.page.getByText('Run', { exact: true }).first().waitFor();
  const host = extensionHostOf(dev.workbench);
  const { nowMb: before } = memoryOf(host);
  const firstMs: number[] = [];
  const endMs: number[] = [];
  const loaded: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    await runStatementAt(editor, `name${round},`);
    const frame = await editor.webview('Results');
    const first = await seen(frame, `name${round} 1`);
    firstMs.push(first.at - Date.parse(first.made));
    await frame.getByText('Done', { exact: true }).waitFor({ timeout: patience });
    await wait(1_000);
    loaded.push(memoryOf(host).nowMb);
    await frame.getByRole('gridcell').first().click();
    await frame.evaluate(hearEnd);
    await editor.page.keyboard.press('Control+End');
    const last = await seen(frame, `name${round} ${rowCount}`);
    endMs.push(last.at - (await frame.evaluate<number>('window.benchPressed')));
  }
  const [coldMs = Number.NaN, ...warmMs] = firstMs;
  return { coldMs, firstMs: warmMs, endMs: endMs.slice(1), before, loaded, peak: memoryOf(host).peakMb };
}

/** Waits until the page has drawn the row. */
async function seen(frame: Frame, key: string): Promise<Seen> {
  for (const end = Date.now() + patience; Date.now() < end; await wait(50)) {
    const found = await frame.evaluate<Seen | undefined>(`window.benchSeen?.get(${JSON.stringify(key)})`);
    if (found !== undefined && found.at > 0) return found;
  }
  throw new Error(`the page never showed ${key}`);
}

function report(activations: readonly number[], results: Results): void {
  const { coldMs, firstMs, endMs, before, loaded, peak } = results;
  const figures: Record<string, Figure> = {
    activation_ms_p50: {
      name: `activation, ${activations.length} starts`,
      value: median(activations),
      unit: 'ms',
      target: 150,
    },
    first_rows_ms_p50: {
      name: `first rows, ${firstMs.length} runs`,
      value: median(firstMs),
      unit: 'ms',
      target: 300,
    },
    first_rows_cold_ms: { name: 'first rows, view not yet built', value: coldMs, unit: 'ms' },
    to_the_end_ms_p50: { name: `Ctrl+End, ${endMs.length} times`, value: median(endMs), unit: 'ms' },
    rss_mb: {
      name: 'extension host, rows loaded, at most',
      value: Math.max(...loaded),
      unit: 'MB',
      target: 300,
    },
    rss_peak_mb: { name: 'extension host, highest ever', value: peak, unit: 'MB' },
    rss_before_mb: { name: 'extension host, before', value: before, unit: 'MB' },
  };
  const title = `${rowCount.toLocaleString('en-US')} rows of four columns`;
  say(`\n${title.padEnd(43)}   measured    target`);
  for (const { name, value, unit, target } of Object.values(figures)) {
    const verdict =
      target === undefined ? '' : `${`≤ ${target}`.padStart(7)} ${unit}${value <= target ? '' : '  missed'}`;
    say(`  ${name.padEnd(40)}${String(Math.round(value)).padStart(7)} ${unit} ${verdict}`);
  }
  if (isJson)
    say(
      JSON.stringify({
        ...Object.fromEntries(Object.entries(figures).map(([key, { value }]) => [key, value])),
        targets: Object.fromEntries(
          Object.entries(figures).flatMap(([key, { target }]) =>
            target === undefined ? [] : [[key, target]],
          ),
        ),
        activations,
        first_rows: firstMs,
        to_the_end: endMs,
        rss_loaded: loaded,
      }),
    );
}

main().catch((error) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
