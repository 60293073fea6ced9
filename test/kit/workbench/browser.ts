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

/**
 * A workbench in a browser leads links to this machine through itself, which changes their bytes and what the pages there
 * know of their own address. On a desktop they open as they are: so they do where the page has no `proxyEndpointTemplate`.
 */
const openLinksAsOnDesktop = `new MutationObserver((_, observer) => {
  const meta = document.getElementById('vscode-workbench-web-configuration');
  if (meta === null) return;
  observer.disconnect();
  const settings = JSON.parse(meta.dataset.settings);
  delete settings.productConfiguration.proxyEndpointTemplate;
  meta.dataset.settings = JSON.stringify(settings);
}).observe(document, { childList: true, subtree: true });`;

/** `PORTCULLIS_HEADED=1` shows it on the screen. */
export async function launchBrowser(): Promise<Browser> {
  const found = findWorkbench();
  if (found.kind === 'missing') throw new Error(`There is no workbench: ${found.reason}`);
  return chromium.launch({
    executablePath: found.chromium,
    args: browserArguments,
    // Playwright hides the scroll bars of a headless browser; people have them.
    ignoreDefaultArgs: ['--hide-scrollbars'],
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
  await context.addInitScript({ content: openLinksAsOnDesktop });
  return context;
}
