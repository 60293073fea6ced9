/** The results page in a real browser, with a host in the page that serves rows by their number. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { GridToHost, HostToGrid, ResultSnapshot } from '../../extension/kit/gridMessages.ts';
import { type Theme, themes } from './themes.ts';

export const chromiumPath = process.env['PORTCULLIS_CHROMIUM'] ?? '/usr/bin/chromium';

export interface ResultPage {
  readonly page: Page;
  show(snapshot: Partial<ResultSnapshot>): Promise<void>;
  /** What the page has sent since it was opened. */
  sent(): Promise<GridToHost[]>;
  /** Anything that the browser complained of. */
  readonly complaints: readonly string[];
}

export interface ResultPages {
  open(theme?: Theme): Promise<ResultPage>;
  close(): Promise<void>;
}

export const customers: ResultSnapshot = {
  result: 1,
  rowSet: 1,
  title: 'customers',
  sql: 'SELECT id, name, email, note\nFROM customers',
  connection: 'shop',
  environment: 'production',
  isProduction: true,
  state: { kind: 'done' },
  columns: [
    { name: 'id', type: 'int4', isNumeric: true },
    { name: 'name', type: 'text', isNumeric: false },
    {
      name: 'email',
      type: 'text',
      isNumeric: false,
      mask: { classification: 'pii.email', method: 'partial' },
    },
    { name: 'note', type: 'varchar(2000)', isNumeric: false },
  ],
  rowCount: 1_000_000,
  elapsedMs: 3_210,
  commands: ['SELECT 1000000'],
  notices: [],
  transaction: 'none',
};

/** Runs in the page: what the host of the real editor does. */
const hostScript = `
  window.sent = [];
  const cellsOf = (row) => [
    String(row + 1),
    'Ada Lovelace ' + (row + 1),
    row % 7 === 3 ? null : 'a**@*****.example',
    row % 5 === 0 ? null : row % 5 === 1 ? '' : row % 5 === 2 ? '<b>bold</b>\\ttab\\u0007bell' :
      row % 5 === 3 ? { start: 'long '.repeat(200), length: 5000 } : 'plain words',
  ];
  window.tell = (data) => window.postMessage(data, '*');
  window.acquireVsCodeApi = () => ({
    getState: () => undefined,
    setState: () => {},
    postMessage: (message) => {
      window.sent.push(message);
      const { kind, result, offset, count, row, column } = message;
      const { rowSet = 1, rowCount = 0 } = window.shown ?? {};
      if (kind === 'window')
        setTimeout(() => window.tell({ kind, result, rowSet, offset,
          rows: Array.from({ length: Math.max(0, Math.min(count, rowCount - offset)) }, (_, i) => cellsOf(offset + i)) }), 5);
      if (kind === 'cell') window.tell({ kind, result, row, column, value: column === 3 ? 'long '.repeat(1000) : cellsOf(row)[column] });
    },
  });
`;

export async function openResultPages(): Promise<ResultPages> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-page-'));
  await build({
    entryPoints: [{ in: 'media/resultGrid/main.ts', out: 'resultGrid' }],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    outdir: folder,
    logLevel: 'error',
  });
  const script = readFileSync(join(folder, 'resultGrid.js'), 'utf8');
  const style = readFileSync(join(folder, 'resultGrid.css'), 'utf8');
  const icons = iconStyle();
  const browser: Browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
  return {
    open: async (theme = 'dark') => {
      const page = await browser.newPage({ viewport: { width: 1100, height: 420 } });
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      await page.setContent(`<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Results</title>
        <style id="vscode-codicon-stylesheet">${icons}</style><style>${style}</style>
        <style>:root { ${themes[theme]} }</style></head>
        <body><div id="root"></div><script>${hostScript}</script></body></html>`);
      await page.addScriptTag({ type: 'module', content: script });
      const show = async (snapshot: Partial<ResultSnapshot>) => {
        const whole: HostToGrid = { kind: 'state', snapshot: { ...customers, ...snapshot } };
        await page.evaluate(
          `window.shown = ${JSON.stringify(whole.snapshot)}; window.tell(${JSON.stringify(whole)})`,
        );
        await page.waitForTimeout(250);
      };
      return { page, show, complaints, sent: () => page.evaluate('window.sent') as Promise<GridToHost[]> };
    },
    close: async () => {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function iconStyle(): string {
  const require = createRequire(import.meta.url);
  const font = readFileSync(require.resolve('@vscode/codicons/dist/codicon.ttf')).toString('base64');
  const sheet = readFileSync(require.resolve('@vscode/codicons/dist/codicon.css'), 'utf8');
  return sheet.replace(/url\([^)]*\)/, `url(data:font/ttf;base64,${font})`);
}
