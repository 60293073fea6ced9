/** The review page in a real browser: whatever a request holds is shown as text, and decisions go out as typed. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { viewRequest } from '../../extension/approvals/requestView.ts';
import type { RequestSnapshot } from '../../extension/kit/reviewMessages.ts';
import type { ApprovalRequest, SignedInIdentity } from '../../proxy/control/messages.ts';
import { ana, dora, makeRequest, now } from '../extension/approvals/requests.ts';
import { findChromium } from '../kit/workbench/findWorkbench.ts';

const executablePath = findChromium();
const root = join(import.meta.dirname, '..', '..');
const shots = process.env['PORTCULLIS_SHOTS'];

describe.skipIf(executablePath === undefined)('the review page', () => {
  let folder: string;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'review-page-'));
    await build({
      entryPoints: { reviewPage: join(root, 'media/reviewPage/main.ts') },
      bundle: true,
      format: 'esm',
      target: 'es2022',
      outdir: folder,
      logLevel: 'warning',
    });
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await page?.close();
    page = await browser.newPage({ viewport: { width: 1000, height: 1180 } });
    await openPage(page, folder, 'dark');
  });

  it('asks for a snapshot once it can show one', async () => {
    expect(await sent(page)).toEqual([{ kind: 'ready' }]);
    expect(await page.innerText('main')).toBe('Reading the request…');
  });

  it('shows the whole request', async () => {
    await show(page, request(), dora);
    const text = await page.innerText('main');
    for (const part of [
      'ana@example.com',
      'shop',
      'Ticket 4711',
      'pii.email',
      'It changes every row.',
      'psql',
    ])
      expect(text).toContain(part);
    expect(await page.locator('.line').allInnerTexts()).toEqual(request().text.split('\n'));
    expect(await page.locator('mark').allTextContents()).toEqual(['shop.customers']);
    expect(await page.locator('.environment.production').count()).toBe(1);
    await shoot('review');
  });

  it('shows hostile texts as text', async () => {
    const bad = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\u202Eevil\0';
    await show(
      page,
      makeRequest({
        text: `SELECT '${bad}';\r-- next`,
        reason: bad,
        application: bad,
        connection: bad,
        parameters: [bad],
        relations: [{ name: bad, classifications: [bad] }],
        findings: [{ policy: bad, code: 'x', message: bad, detail: bad, hint: bad, start: 0, end: 12 }],
        reviews: [{ by: bad, decision: 'changes', comment: bad, at: '2026-03-04T15:04:00Z' }],
      }),
      dora,
      { problem: bad.replaceAll(/[\u202E\0]/g, '') },
    );
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.evaluate('window.hacked')).toBeUndefined();
    const text = await page.innerText('main');
    expect(text).toContain('⟨U+202E⟩evil⟨U+0000⟩');
    expect(text).not.toMatch(/[\u202E\0]/);
    expect(await page.locator('.line').count()).toBe(2);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await shoot('hostile');
  });

  it('sends an approval by keyboard alone, after a press that only shows it', async () => {
    await show(page, request(), dora);
    await page.locator('#comment textarea').focus();
    await page.keyboard.type('Fine.');
    await page.keyboard.press('Control+Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('approve');
    expect(await sent(page)).toHaveLength(1);
    await page.keyboard.press('Control+Enter');
    expect(await sent(page)).toEqual([
      { kind: 'ready' },
      { kind: 'review', decision: 'approve', comment: 'Fine.' },
    ]);
  });

  it('reaches every button by Tab', async () => {
    await show(page, request(), dora);
    await page.locator('#comment textarea').focus();
    const reached: unknown[] = [];
    for (let step = 0; step < 3; step += 1) {
      await page.keyboard.press('Tab');
      reached.push(await page.evaluate('document.activeElement.id'));
    }
    expect(reached).toEqual(['approve', 'changes', 'deny']);
  });

  it('wants a comment for a denial and for changes, and says so', async () => {
    await show(page, request(), dora);
    for (const button of ['#deny', '#changes']) {
      await page.click(button);
      expect(await page.innerText('.missing')).toContain('Say why');
    }
    expect(await sent(page)).toHaveLength(1);
    await page.locator('#comment textarea').fill('Too wide.');
    await page.click('#deny');
    expect((await sent(page)).at(-1)).toEqual({ kind: 'review', decision: 'deny', comment: 'Too wide.' });
  });

  it('offers the requester no review, says why, and offers to withdraw', async () => {
    await show(page, request(), ana);
    expect(await page.innerText('#refusal')).toBe('Nobody reviews their own request.');
    for (const button of ['#approve', '#changes', '#deny']) await page.click(button, { force: true });
    await page.keyboard.press('Control+Enter');
    await page.keyboard.press('Enter');
    expect(await sent(page)).toHaveLength(1);
    await page.click('#withdraw');
    expect((await sent(page)).at(-1)).toEqual({ kind: 'withdraw' });
    await shoot('own');
  });

  it('keeps what was typed when the collector refuses, and clears it when it accepts', async () => {
    await show(page, request(), dora);
    await page.locator('#comment textarea').fill('Fine.');
    await show(page, request(), dora, { busy: true });
    await page.click('#approve', { force: true });
    expect(await sent(page)).toHaveLength(1);
    await show(page, request(), dora, { problem: 'The collector could not be reached.' });
    expect(await page.innerText('.problem')).toBe('The collector could not be reached.');
    expect(await page.locator('#comment textarea').inputValue()).toBe('Fine.');
    await show(page, request(), dora, { busy: true });
    await show(page, request({ state: 'approved' }), dora);
    expect(await page.innerText('.state')).toContain('Approved');
    expect(await page.evaluate('window.kept.comment')).toBe('');
  });

  it('shows which columns would be seen in clear, and lets their reviewer end it with a word of why', async () => {
    await openPage(page, folder, 'dark');
    const unmask = {
      columns: [{ column: 'shop.customers.email', classification: 'pii.email', relation: 1, attribute: 2 }],
      minutes: 30,
    };
    const asked = request({ unmask, reviews: [] });
    await show(page, asked, dora);
    expect(await page.innerText('.unmask')).toContain('shop.customers.email');
    expect(await page.innerText('.unmask')).toContain('for 30 minutes');
    expect(await page.locator('vscode-button').count()).toBe(3);
    await shoot('review-unmask');
    const review = {
      by: 'dora@example.com',
      decision: 'approve',
      comment: '',
      at: '2026-03-04T15:04:00Z',
    } as const;
    const approved = { ...asked, state: 'approved', reviews: [review], mayReview: false } as const;
    await show(page, approved, dora);
    expect(await page.locator('#deny').getAttribute('aria-disabled')).toBe('true');
    await show(page, { ...approved, mayRevoke: true }, dora);
    await page.locator('vscode-button', { hasText: 'Revoke' }).click();
    expect(await page.innerText('.missing')).toContain('Say why');
    await page.locator('#comment textarea').fill('Enough.');
    await page.locator('vscode-button', { hasText: 'Revoke' }).click();
    expect(await sent(page)).toContainEqual({ kind: 'review', decision: 'deny', comment: 'Enough.' });
    await shoot('review-revoke');
  });

  it('looks right in a light theme too', async () => {
    await openPage(page, folder, 'light');
    await show(page, request(), dora);
    expect(await page.locator('vscode-button').count()).toBe(3);
    await shoot('review-light');
  });

  async function shoot(name: string): Promise<void> {
    if (shots === undefined) return;
    mkdirSync(shots, { recursive: true });
    await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
  }
});

function request(changes: Partial<ApprovalRequest> = {}): ApprovalRequest {
  return makeRequest({
    parameters: ['x', null],
    reviews: [
      { by: 'eve@example.com', decision: 'changes', comment: 'Why all?', at: '2026-03-04T15:04:00Z' },
    ],
    ...changes,
  });
}

async function show(
  page: Page,
  shown: ApprovalRequest,
  me: SignedInIdentity,
  rest: Partial<RequestSnapshot> = {},
): Promise<void> {
  const snapshot: RequestSnapshot = {
    kind: 'request',
    request: viewRequest(shown, me, now),
    busy: false,
    ...rest,
  };
  await page.evaluate(`window.postMessage(${JSON.stringify(snapshot)}, '*')`);
  await page.waitForTimeout(60);
}

function sent(page: Page): Promise<unknown[]> {
  return page.evaluate('window.sent');
}

/** The page as the editor frames it: its variables, its channel, a strict policy for scripts. */
async function openPage(page: Page, folder: string, theme: 'dark' | 'light'): Promise<void> {
  await page.goto('about:blank');
  const variables = Object.entries(themes[theme]).map(([name, value]) => `--vscode-${name}: ${value};`);
  await page.setContent(
    `<html><head><style>:root { ${variables.join(' ')} }</style></head><body><div id="root"></div></body></html>`,
  );
  await page.evaluate(
    'window.sent = []; window.kept = undefined; window.acquireVsCodeApi = () => ({ postMessage: (m) => sent.push(m), getState: () => kept, setState: (s) => { kept = s; } })',
  );
  await page.addStyleTag({ path: join(folder, 'reviewPage.css') });
  await page.addScriptTag({ path: join(folder, 'reviewPage.js'), type: 'module' });
  await page.waitForSelector('main');
}

const shared = {
  'font-family': 'sans-serif',
  'font-size': '13px',
  'editor-font-family': 'monospace',
  'editor-font-size': '13px',
  'button-background': '#0078d4',
  'button-foreground': '#ffffff',
  focusBorder: '#0078d4',
  'statusBarItem-errorBackground': '#b91007',
  'statusBarItem-errorForeground': '#ffffff',
};
const themes = {
  dark: {
    ...shared,
    foreground: '#cccccc',
    descriptionForeground: '#9d9d9d',
    errorForeground: '#f85149',
    'editor-background': '#1f1f1f',
    'editor-foreground': '#cccccc',
    'editorLineNumber-foreground': '#6e7681',
    'editorWarning-foreground': '#cca700',
    'editor-findMatchHighlightBackground': '#ea5c0055',
    'badge-background': '#616161',
    'badge-foreground': '#f8f8f8',
    'panel-border': '#2b2b2b',
    'textCodeBlock-background': '#2b2b2b',
    'textBlockQuote-background': '#2b2b2b',
    'charts-yellow': '#cca700',
    'charts-green': '#89d185',
    'charts-red': '#f14c4c',
    'inputValidation-errorBackground': '#5a1d1d',
    'inputValidation-errorBorder': '#be1100',
    'settings-textInputBackground': '#313131',
    'settings-textInputForeground': '#cccccc',
    'settings-textInputBorder': '#3c3c3c',
  },
  light: {
    ...shared,
    foreground: '#3b3b3b',
    descriptionForeground: '#616161',
    errorForeground: '#c72e0f',
    'editor-background': '#ffffff',
    'editor-foreground': '#3b3b3b',
    'editorLineNumber-foreground': '#6e7681',
    'editorWarning-foreground': '#bf8803',
    'editor-findMatchHighlightBackground': '#ea5c0055',
    'badge-background': '#cccccc',
    'badge-foreground': '#3b3b3b',
    'panel-border': '#e5e5e5',
    'textCodeBlock-background': '#f8f8f8',
    'textBlockQuote-background': '#f8f8f8',
    'charts-yellow': '#bf8803',
    'charts-green': '#388a34',
    'charts-red': '#e51400',
    'inputValidation-errorBackground': '#f2dede',
    'inputValidation-errorBorder': '#be1100',
    'settings-textInputBackground': '#ffffff',
    'settings-textInputForeground': '#3b3b3b',
    'settings-textInputBorder': '#cecece',
    'button-secondaryBackground': '#e5e5e5',
    'button-secondaryForeground': '#3b3b3b',
  },
};
