/** The activity page finds statements by words and tokens, and works by keyboard, in a real browser. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeSync, rowOf } from '../../../extension/audit/activityWords.ts';
import { describeSinks } from '../../../extension/audit/sinkWords.ts';
import type { ActivityRow, ActivitySnapshot } from '../../../extension/kit/activityMessages.ts';
import { findRows, toStatementSearch } from '../../../media/activityPage/searchTokens.ts';
import type { ActivityEntry } from '../../../proxy/control/messages.ts';

const now = new Date(2026, 10, 21, 11, 0, 0);
const base: ActivityEntry = {
  seq: 1,
  at: new Date(2026, 10, 21, 10, 31, 5).toISOString(),
  connection: 'demo',
  environment: 'production',
  application: 'psql',
  text: 'SELECT name, email FROM customers LIMIT 20',
  decision: 'allow',
  status: 'ok',
  rows: 20,
  micros: 1800,
  maskedColumns: [{ column: 'email', classification: 'pii.email' }],
  who: 'dev@example.com',
  address: '127.0.0.1',
  relations: ['public.customers'],
  effects: ['read'],
  policies: ['default.readonly'],
  isSynced: true,
};
const written: ActivityEntry[] = [
  { ...base, seq: 6, text: 'SELECT pg_sleep(30)', status: 'running', maskedColumns: [], isSynced: false },
  {
    ...base,
    seq: 5,
    text: 'SELECT <img src=x onerror=alert(1)> FROM reorders',
    status: 'error',
    reason: '42601',
  },
  {
    ...base,
    seq: 4,
    text: 'DELETE FROM public.orders',
    decision: 'deny',
    status: 'refused',
    reason: 'this DELETE has no WHERE: it would empty public.orders',
    maskedColumns: [],
  },
  {
    ...base,
    seq: 3,
    text: 'UPDATE orders SET status = $1 WHERE id = $2',
    decision: 'approve',
    application: 'Console',
  },
  {
    ...base,
    seq: 2,
    text: `SELECT ${'a_long_column_name, '.repeat(20)} x FROM staging_table`,
    environment: 'staging',
  },
  base,
];

function withoutNumbers({ rows: _rows, micros: _micros, ...entry }: ActivityEntry): ActivityEntry {
  return entry;
}
const rows: readonly ActivityRow[] = written
  .map((entry) => (['running', 'refused'].includes(entry.status) ? withoutNumbers(entry) : entry))
  .map((entry) => rowOf(entry, now));
const seqs = (search: string) => findRows(rows, search).map(({ seq }) => seq);

describe('the search', () => {
  it.each([
    ['', [6, 5, 4, 3, 2, 1]],
    ['decision:deny', [4]],
    ['decision:denied', [4]],
    ['decision:approve', [3]],
    ['table:orders', [4, 3]],
    ['table:public.orders', [4]],
    ['table:orders -decision:deny', [3]],
    ['masked:email customers', [1]],
    ['environment:staging', [2]],
    ['app:console', [3]],
    ['sync:waiting', [6]],
    ['"no where"', [4]],
    ['42601', [5]],
    ['nosuchtoken:orders', []],
    ['decision:', [6, 5, 4, 3, 2, 1]],
    ['table:o.ders', []],
    ['constructor:x', []],
  ])('%s finds %o', (search, found) => {
    expect(seqs(search)).toEqual(found);
  });
});

/** The icons' style sheet with its font inside: the test's page has no address to load it from. */
function icons(): string {
  const folder = join(import.meta.dirname, '../../../node_modules/@vscode/codicons/dist');
  const font = readFileSync(join(folder, 'codicon.ttf')).toString('base64');
  const sheet = readFileSync(join(folder, 'codicon.css'), 'utf8');
  return sheet.replace(/url\("[^"]*"\)/, `url("data:font/ttf;base64,${font}")`);
}

const executablePath = '/usr/bin/chromium';
function ofMachine(rows: readonly ActivityRow[], sync: ActivitySnapshot['sync']): ActivitySnapshot {
  return { kind: 'activity', scope: 'machine', hasMore: false, isSearching: false, rows, sync };
}

const shots = process.env['PORTCULLIS_SHOTS'];
const themes = {
  dark: {
    'editor-background': '#1f1f1f',
    foreground: '#cccccc',
    descriptionForeground: '#9d9d9d',
    'input-background': '#313131',
    'input-foreground': '#cccccc',
    'input-border': '#3c3c3c',
    'panel-border': '#2b2b2b',
    focusBorder: '#0078d4',
    'list-hoverBackground': '#2a2d2e',
    'list-activeSelectionBackground': '#04395e',
    'list-activeSelectionForeground': '#ffffff',
    'list-errorForeground': '#f88070',
    'list-warningForeground': '#cca700',
    'input-placeholderForeground': '#989898',
  },
  light: {
    'editor-background': '#ffffff',
    foreground: '#3b3b3b',
    descriptionForeground: '#5f5f5f',
    'input-background': '#ffffff',
    'input-foreground': '#3b3b3b',
    'input-border': '#cecece',
    'panel-border': '#e5e5e5',
    focusBorder: '#005fb8',
    'list-hoverBackground': '#f2f2f2',
    'list-activeSelectionBackground': '#e8e8e8',
    'list-activeSelectionForeground': '#000000',
    'list-errorForeground': '#b01011',
    'list-warningForeground': '#855f00',
    'input-placeholderForeground': '#767676',
  },
} as const;

describe.skipIf(!existsSync(executablePath))('the page', () => {
  let browser: Browser;
  let script = '';
  let style = '';

  beforeAll(async () => {
    const built = await build({
      entryPoints: ['media/activityPage/main.ts'],
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2022',
      outdir: tmpdir(),
    });
    for (const { path, text } of built.outputFiles) {
      if (path.endsWith('.js')) script = text;
      else style = text;
    }
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
  });
  afterAll(() => browser?.close());

  async function openPage(theme: keyof typeof themes, snapshot: ActivitySnapshot): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1100, height: 420 } });
    const colours = Object.entries(themes[theme])
      .map(([name, value]) => `--vscode-${name}: ${value};`)
      .join('');
    await page.setContent(`<!DOCTYPE html><style>:root{${colours}--vscode-font-family:sans-serif;--vscode-font-size:13px;
      --vscode-editor-font-family:monospace} body{background:var(--vscode-editor-background);margin:0}</style><div id="root"></div>`);
    await page.addStyleTag({ content: icons() });
    await page.addStyleTag({ content: style });
    await page.evaluate(`globalThis.posted = []; globalThis.acquireVsCodeApi = () => ({
      postMessage: (message) => globalThis.posted.push(message), getState: () => undefined, setState: () => undefined })`);
    await page.addScriptTag({ content: script, type: 'module' });
    await page.waitForFunction('globalThis.posted.length > 0');
    await send(page, snapshot);
    return page;
  }
  const send = (page: Page, message: ActivitySnapshot) =>
    page.evaluate(`dispatchEvent(new MessageEvent('message', { data: ${JSON.stringify(message)} }))`);
  const posted = (page: Page) => page.evaluate('globalThis.posted');
  const focused = (page: Page) =>
    page.evaluate('document.activeElement?.dataset?.id ?? document.activeElement?.id');
  const sync = describeSync({ waiting: 1, lastSentAt: base.at }, now);

  it.each(['dark', 'light'] as const)('shows statements as text alone, in %s colours', async (theme) => {
    const page = await openPage(theme, ofMachine(rows, sync));
    expect(await page.locator('tbody tr').count()).toBe(6);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('tbody tr').nth(2).innerText()).toContain('this DELETE has no WHERE');
    expect(await page.locator('.sync').innerText()).toContain('1 event waits to be sent');
    await page.keyboard.press('ArrowDown');
    if (shots !== undefined) {
      mkdirSync(shots, { recursive: true });
      await page.evaluate('document.fonts.ready.then(() => undefined)');
      await page.screenshot({ path: join(shots, `activity-${theme}.png`) });
    }
    await page.close();
  });

  it('tells who may know how the sinks stand, and nobody else', async () => {
    const page = await openPage('dark', ofMachine(rows, sync));
    expect(await page.locator('.sinks').count()).toBe(0);
    const sinks = describeSinks([
      { name: 'siem', kind: 'webhook', state: 'idle', waiting: 0, failed: 0, gone: 0 },
      {
        name: 'lake',
        kind: 'otlp',
        state: 'retrying',
        waiting: 12,
        failed: 0,
        gone: 0,
        problem: '<b>503</b>',
      },
    ]);
    await send(page, { ...ofMachine(rows, sync), sinks });
    const line = page.getByRole('status').filter({ hasText: 'sinks' });
    expect(await line.innerText()).toContain('2 sinks: 1 current; otlp lake has 12 undelivered: <b>503</b>.');
    expect(await line.getAttribute('class')).toContain('trouble');
    if (shots !== undefined) await page.screenshot({ path: join(shots, 'activity-sinks.png') });
    await page.close();
  });

  it('is used by keyboard: find, move, open, clear', async () => {
    const page = await openPage('dark', ofMachine(rows, sync));
    await page.keyboard.press('/');
    await page.keyboard.type('table:orders');
    expect(await page.locator('tbody tr').count()).toBe(2);
    expect(await page.locator('.count').innerText()).toBe('2 of 6');
    await page.keyboard.press('ArrowDown');
    expect(await focused(page)).toBe('4');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await focused(page)).toBe('3');
    expect(await page.locator('tbody tr[tabindex="0"]').count()).toBe(1);
    await page.keyboard.press('Enter');
    expect(await posted(page)).toEqual([{ kind: 'ready' }, { kind: 'openStatement', id: '3' }]);
    await page.keyboard.press('Escape');
    expect(await page.locator('tbody tr').count()).toBe(6);
    expect(await focused(page)).toBe('3');
    await page.close();
  });

  it('keeps the focused statement when newer ones arrive', async () => {
    const page = await openPage('dark', ofMachine(rows.slice(1), sync));
    await page.locator('tbody tr').nth(1).focus();
    await send(page, ofMachine(rows, sync));
    expect(await page.locator('tbody tr').count()).toBe(6);
    expect(await focused(page)).toBe('4');
    await page.close();
  });

  it('says why it is empty', async () => {
    const page = await openPage('dark', ofMachine([], describeSync({ waiting: 0 }, now)));
    expect(await page.locator('.empty').innerText()).toContain('No statement was recorded for you yet');
    await page.close();
    const other = await openPage('dark', ofMachine(rows, sync));
    await other.locator('#search').fill('nothing like it');
    expect(await other.locator('.empty').innerText()).toContain('None of the latest 6 statements matches');
    await other.close();
  });

  it('asks the collector for what the tokens say, and shows whose it was', async () => {
    const page = await openPage('light', ofMachine(rows, sync));
    await page.getByRole('radio', { name: 'Collector' }).click();
    await page.locator('#search').fill('who:ana@example.com decision:den masked:pii.email big -psql');
    await page.waitForFunction('globalThis.posted.length === 3');
    expect(await posted(page)).toEqual([
      { kind: 'ready' },
      { kind: 'search', scope: 'collector', search: {} },
      {
        kind: 'search',
        scope: 'collector',
        search: { identity: 'ana@example.com', decision: 'deny', classification: 'pii.email', text: 'big' },
      },
    ]);
    await page.locator('#search').fill('');
    await page.waitForFunction('globalThis.posted.length === 4');
    const found = [
      {
        ...written[2],
        proxy: 'p1',
        who: 'ana@example.com',
        agent: 'assistant',
        relations: ['public.orders'],
      },
      { ...written[5], proxy: 'p2', who: 'ben@example.com' },
    ].map((entry) => rowOf(entry as ActivityEntry, now));
    await send(page, {
      kind: 'activity',
      scope: 'collector',
      hasMore: true,
      isSearching: false,
      rows: found,
      sync,
    });
    expect(await page.locator('.count').innerText()).toBe('2+ statements');
    await page.locator('tbody tr').first().focus();
    const picture = page.locator('svg.graph');
    expect(await picture.getAttribute('aria-label')).toBe(
      'agent assistant for ana@example.com, through psql, denied on demo, touching public.orders',
    );
    expect(await picture.locator('.node').count()).toBe(5);
    expect(await picture.locator('.refused').count()).toBe(1);
    if (shots !== undefined) await page.screenshot({ path: join(shots, 'activity-collector.png') });
    await page.getByRole('button', { name: 'Show older statements' }).click();
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByRole('button', { name: 'Export' }).click();
    expect(((await posted(page)) as { kind: string }[]).slice(-3).map(({ kind }) => kind)).toEqual([
      'more',
      'verify',
      'export',
    ]);
    await page.close();
  });
});

describe('what the collector is asked for', () => {
  it('is what it can look for whole; the rest is looked for in what it found', () => {
    expect(toStatementSearch('table:public.orders agent:bot "two words" app:psql -who:ana')).toEqual({
      relation: 'public.orders',
      agent: 'bot',
      text: 'two words',
    });
    expect(toStatementSearch('masked:email connection:demo since:2026-11-01 until:')).toEqual({
      column: 'email',
      connection: 'demo',
      since: '2026-11-01T00:00:00.000Z',
    });
    expect(toStatementSearch('since:yesterday decision:x')).toEqual({});
    const ago = toStatementSearch('since:3h').since ?? '';
    expect(Math.abs(Date.now() - Date.parse(ago) - 3 * 3_600_000)).toBeLessThan(60_000);
  });
});
