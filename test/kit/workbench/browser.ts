/** The browser that shows workbenches: one for all, with a context of its own for each person. */
import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { findWorkbench } from './findWorkbench.ts';

/** No sandbox (tests may run as root), no GPU, and nothing that phones somewhere by itself. */
const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

/** `PORTCULLIS_HEADED=1` shows it on the screen. */
export async function launchBrowser(): Promise<Browser> {
  const found = findWorkbench();
  if (found.kind === 'missing') throw new Error(`There is no workbench: ${found.reason}`);
  return chromium.launch({
    executablePath: found.chromium,
    args: browserArguments,
    headless: process.env['PORTCULLIS_HEADED'] !== '1',
  });
}

/** Cookies and storage of one person. Scaled by 1 for tests, by 2 for pictures that people look at. */
export async function newPerson(browser: Browser, deviceScaleFactor = 1): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    deviceScaleFactor,
    ignoreHTTPSErrors: true,
  });
  // A workbench in a browser leads links to this machine through itself, which breaks what pages there
  // know of their own address (sign-in, cookies). On a desktop such links open as they are: so they do here.
  await context.route(/^http:\/\/[^/]+\/proxy\/\d+\//, (route) => {
    const url = new URL(route.request().url());
    const [, , port = '', ...path] = url.pathname.split('/');
    const location = `http://127.0.0.1:${port}/${path.join('/')}${url.search}${url.hash}`;
    return route.fulfill({ status: 302, headers: { location } });
  });
  return context;
}
