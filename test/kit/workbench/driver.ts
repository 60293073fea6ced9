/**
 * Hands and eyes in a workbench: what a person does and sees there, in the words of VS Code.
 *
 *   const browser = await launchBrowser();
 *   const editor = await openEditor(browser, workbench);
 *   await editor.runCommand('Portcullis: Start on This Machine');
 *   await editor.statusBarItem('Portcullis').waitFor();
 *   await (await editor.webview('Request Access')).getByRole('button', { name: 'Send' }).click();
 *
 * What answers a `Locator` or a `Frame` is playwright's: it waits by itself. What fails says what it did, where the
 * picture of that moment lies, and what the extension host wrote last.
 */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Browser, Frame, Locator, Page } from 'playwright-core';
import { newPerson } from './browser.ts';
import {
  findNotification,
  hideNotifications,
  type Notification,
  readNotifications,
} from './notifications.ts';
import { exactly, pickInPalette, plain, quickInput, quickRow } from './quickInput.ts';
import type { Workbench } from './workbench.ts';

export interface EditorOptions {
  /** Default: `$PORTCULLIS_SCREENSHOTS`, or `portcullis-screenshots` in the temporary folder. */
  readonly screenshots?: string;
  readonly deviceScaleFactor?: number;
}

const patience = 30_000; // milliseconds: for any one thing to appear
const loadPatience = 120_000; // for a whole workbench, on a busy machine

/** Opens the workbench in a browser context of its own, and waits until it can be used. */
export async function openEditor(
  browser: Browser,
  workbench: Workbench,
  options: EditorOptions = {},
): Promise<Editor> {
  const context = await newPerson(browser, options.deviceScaleFactor);
  context.setDefaultTimeout(patience);
  const folder =
    options.screenshots ?? process.env['PORTCULLIS_SCREENSHOTS'] ?? join(tmpdir(), 'portcullis-screenshots');
  const editor = new Editor(await context.newPage(), workbench, folder);
  await editor.open();
  return editor;
}

export class Editor {
  readonly page: Page;
  readonly workbench: Workbench;
  readonly #screenshots: string;

  constructor(page: Page, workbench: Workbench, screenshots: string) {
    this.page = page;
    this.workbench = workbench;
    this.#screenshots = screenshots;
  }

  /** Loads the workbench, or loads it again as "Developer: Reload Window" does. Its folder must hold a file. */
  open(): Promise<void> {
    return this.#attempt('open the workbench', async () => {
      await this.page.goto(this.workbench.url, { timeout: loadPatience });
      await this.page.locator('.monaco-workbench').waitFor({ timeout: loadPatience });
      // A server that cannot be reached lists the folder as its own only row, and shows a dialog.
      const dialog = this.page.locator('.monaco-dialog-box', { hasText: 'failed to connect' });
      const file = this.page
        .locator('.explorer-folders-view .monaco-list-row')
        .filter({ hasNotText: exactly(basename(this.workbench.folder)) });
      await dialog.or(file).first().waitFor({ timeout: loadPatience });
      if (await dialog.isVisible()) throw new Error(await dialog.innerText());
    });
  }

  /** By its full title in the command palette: `Portcullis: Start on This Machine`. */
  runCommand(title: string): Promise<void> {
    return this.#attempt(`run the command "${title}"`, async () => {
      await pickInPalette(this.page, `>${title}`, title);
    });
  }

  /** A file of the open folder, by name or by path within the folder. */
  openFile(name: string): Promise<void> {
    return this.#attempt(`open the file ${name}`, async () => {
      const last = name.split('/').at(-1) ?? name;
      await pickInPalette(this.page, name, last);
      await this.page.locator('.editor-group-container.active .tab.active', { hasText: last }).waitFor();
      await this.#textArea().waitFor();
    });
  }

  /** At the cursor of the active editor, key by key; `\n` is Enter. */
  typeInEditor(text: string): Promise<void> {
    return this.#attempt('type in the editor', async () => {
      await this.#focusEditor();
      await this.page.keyboard.type(text);
    });
  }

  /** Puts the text in the place of all that the active editor holds. */
  replaceEditorText(text: string): Promise<void> {
    return this.#attempt('replace the text of the editor', async () => {
      await this.#focusEditor();
      await this.page.keyboard.press('ControlOrMeta+A');
      await this.page.keyboard.insertText(text);
    });
  }

  save(): Promise<void> {
    return this.#attempt('save the file', async () => {
      await this.runCommand('File: Save');
      await this.page.locator('.editor-group-container.active .tab.active:not(.dirty)').waitFor();
    });
  }

  /** The lines of the active editor that are in view. */
  async editorText(): Promise<string> {
    const lines = await this.#textArea()
      .locator('.view-line')
      .evaluateAll((elements) =>
        elements
          .map((line) => ({ top: Number(/top: *(\d+)/.exec(line.getAttribute('style') ?? '')?.[1]), line }))
          .sort((a, b) => a.top - b.top)
          .map(({ line }) => line.textContent ?? ''),
      );
    return plain(lines.join('\n'));
  }

  /** The places underlined in the active editor. */
  squiggles(severity: 'error' | 'warning' | 'info' | 'hint' = 'error'): Locator {
    return this.#textArea().locator(`.squiggly-${severity}`);
  }

  statusBarItem(text: string | RegExp): Locator {
    return this.page.locator('.statusbar-item', { hasText: text });
  }

  async statusBarText(): Promise<string> {
    const items = await this.page.locator('.statusbar-item').allInnerTexts();
    return plain(
      items
        .map((item) => item.trim())
        .filter(Boolean)
        .join(' | '),
    );
  }

  /** What the Problems panel lists now: a row per file and per problem. */
  problems(): Promise<string[]> {
    return this.#attempt('read the problems', async () => {
      await this.runCommand('Problems: Focus on Problems View');
      await this.page.locator('.markers-panel').waitFor();
      return this.#rowTexts(this.page.locator('.markers-panel .monaco-list-row'));
    });
  }

  /** All notifications, those that have left the screen too. */
  notifications(): Promise<Notification[]> {
    return this.#attempt('read the notifications', () => readNotifications(this.page));
  }

  /** Waits for a notification, and answers its whole text. */
  waitForNotification(text: string | RegExp): Promise<string> {
    return this.#attempt(`wait for the notification ${text}`, async () => {
      const item = await findNotification(this.page, text, patience);
      const said = await item.locator('.notification-list-item-message').innerText();
      await hideNotifications(this.page);
      return plain(said);
    });
  }

  /** Waits for a notification and clicks its button. */
  answerNotification(text: string | RegExp, button: string): Promise<void> {
    return this.#attempt(`answer the notification ${text} with "${button}"`, async () => {
      const item = await findNotification(this.page, text, patience);
      await item.locator('.monaco-button', { hasText: exactly(button) }).click();
      await hideNotifications(this.page);
    });
  }

  /** Waits for a modal dialog, clicks its button, and answers what the dialog said. */
  answerDialog(button: string): Promise<string> {
    return this.#attempt(`answer the dialog with "${button}"`, async () => {
      const answer = this.page.locator('.monaco-button', { hasText: exactly(button) });
      const dialog = this.page.locator('.monaco-dialog-box').filter({ has: answer });
      await dialog.waitFor();
      const said = plain(await dialog.locator('.dialog-message-row').innerText());
      await dialog.locator(answer).click();
      // Another dialog may follow at once, in the same place.
      await dialog.waitFor({ state: 'detached' });
      return said;
    });
  }

  /** Types into the quick input that an extension has opened (an input box), and presses Enter. */
  answerInput(text: string): Promise<void> {
    return this.#attempt('answer the input box', async () => {
      await quickInput(this.page).fill(text);
      await this.page.keyboard.press('Enter');
    });
  }

  /** Picks an entry of the quick pick that an extension has opened. */
  answerPick(entry: string): Promise<void> {
    return this.#attempt(`pick "${entry}"`, async () => {
      await quickInput(this.page).waitFor();
      await quickRow(this.page, entry).click();
    });
  }

  /** Opens a container of the activity bar, or leaves it open. */
  showContainer(title: string): Promise<void> {
    return this.#attempt(`show ${title} in the side bar`, async () => {
      const tab = this.page
        .locator('.activitybar [role="tab"]')
        .filter({ has: this.page.locator(`.action-label[aria-label^="${title}"]`) });
      if ((await tab.getAttribute('aria-expanded')) !== 'true') await tab.click();
      await this.page.locator('.sidebar .composite.title', { hasText: new RegExp(title, 'i') }).waitFor();
    });
  }

  /** The rows of a tree view that is open; click one with `treeRow`. */
  tree(viewTitle: string): Promise<string[]> {
    return this.#attempt(`read the tree ${viewTitle}`, async () => {
      await this.#tree(viewTitle).waitFor();
      return this.#rowTexts(this.#tree(viewTitle).locator('.monaco-list-row'));
    });
  }

  /** Opens or closes a view of the side bar by its header. */
  toggleView(viewTitle: string): Promise<void> {
    return this.#attempt(`open or close the view ${viewTitle}`, async () => {
      await this.page.locator('.sidebar .pane-header', { hasText: exactly(viewTitle) }).click();
    });
  }

  treeRow(viewTitle: string, text: string | RegExp): Locator {
    return this.#tree(viewTitle).locator('.monaco-list-row', { hasText: text }).first();
  }

  /** The badge beside a row (`~`, `+`, …), empty where it has none: it is drawn by a style sheet, no text of the page. */
  badge(row: Locator): Promise<string> {
    return row.locator('.monaco-icon-label').evaluate((label) => {
      const style = label.ownerDocument.defaultView?.getComputedStyle(label, '::after');
      const content = style?.content ?? 'none';
      return content === 'none' || content === 'normal' ? '' : content.replaceAll('"', '');
    });
  }

  /** The document inside a webview (panel or view) that is shown, by its title. */
  webview(title: string | RegExp): Promise<Frame> {
    return this.#attempt(`find the webview ${title}`, async () => {
      for (const end = Date.now() + patience; ; await this.page.waitForTimeout(100)) {
        const frame = await this.#findWebview(title);
        if (frame !== undefined) return frame;
        if (Date.now() > end)
          throw new Error(`Shown are: ${(await this.#webviewTitles()).join(', ') || 'none'}`);
      }
    });
  }

  async #findWebview(title: string | RegExp): Promise<Frame | undefined> {
    for (const [frame, shown] of await this.#webviews()) {
      if (typeof title === 'string' ? shown === title : title.test(shown)) return frame;
    }
    return undefined;
  }

  async #webviewTitles(): Promise<string[]> {
    return (await this.#webviews()).map(([, title]) => title);
  }

  /** Those in view: VS Code keeps hidden ones as invisible layers. Frames come and go while this looks. */
  async #webviews(): Promise<[Frame, string][]> {
    const found: [Frame, string][] = [];
    for (const frame of this.page.frames()) {
      const element = await frame.frameElement().catch(() => undefined);
      const isActive = await element?.evaluate((node) => node.id === 'active-frame').catch(() => false);
      if (!element || !isActive || !(await element.isVisible().catch(() => false))) continue;
      const outer = await frame
        .parentFrame()
        ?.frameElement()
        .catch(() => undefined);
      if (!(await outer?.isVisible().catch(() => false))) continue;
      found.push([frame, (await element.getAttribute('title').catch(() => null)) ?? '']);
    }
    return found;
  }

  /** Opens a new terminal and waits for its prompt. */
  openTerminal(): Promise<void> {
    return this.#attempt('open a terminal', async () => {
      await this.runCommand('Terminal: Create New Terminal');
      await this.until(
        'a prompt in the terminal',
        () => this.terminalText(),
        (text) => /[$#] ?$/m.test(text),
      );
    });
  }

  typeInTerminal(line: string): Promise<void> {
    return this.#attempt('type in the terminal', async () => {
      await this.#activeTerminal().locator('.xterm-helper-textarea').focus();
      await this.page.keyboard.type(`${line}\n`);
    });
  }

  /** The lines of the active terminal that are in view. */
  async terminalText(): Promise<string> {
    const rows = await this.#activeTerminal().locator('.xterm-rows > div').allTextContents();
    return plain(rows.map((row) => row.trimEnd()).join('\n')).trimEnd();
  }

  /**
   * Hands a URI to its extension, as the system does when a browser opens it: `code-oss://publisher.extension/path?query`.
   * An http address (what `asExternalUri` made of such a URI) is opened in a page of its own instead.
   */
  deliverUri(uri: string): Promise<void> {
    return this.#attempt(`deliver ${uri}`, async () => {
      if (/^https?:/.test(uri)) {
        const page = await this.page.context().newPage();
        await page.goto(uri);
        await page.waitForTimeout(500); // it passes the URI on by the storage that the pages share
        await page.close();
        return;
      }
      await this.runCommand('Developer: Open URL');
      await this.answerInput(uri);
      await this.answerDialog('Open');
    });
  }

  /** The page that opens in the browser by what `work` does (`openExternal`): a sign-in, say. */
  pageOpenedBy(work: () => Promise<unknown>): Promise<Page> {
    return this.#attempt('wait for a page to open', async () => {
      const [page] = await Promise.all([this.page.context().waitForEvent('page'), work()]);
      await page.waitForLoadState();
      return page;
    });
  }

  /** Reads until the answer is accepted; fails with the last thing that was read. */
  until<T>(
    what: string,
    read: () => Promise<T>,
    isAccepted: (value: T) => boolean,
    within = patience,
  ): Promise<T> {
    return this.#attempt(`wait for ${what}`, async () => {
      let value = await read();
      for (const end = Date.now() + within; !isAccepted(value); value = await read()) {
        if (Date.now() > end) {
          throw new Error(`After ${within} ms there was still:\n${JSON.stringify(value, null, 2)}`);
        }
        await this.page.waitForTimeout(100);
      }
      return value;
    });
  }

  /** Answers the path of the picture. */
  async screenshot(name: string): Promise<string> {
    mkdirSync(this.#screenshots, { recursive: true });
    const path = join(this.#screenshots, `${this.workbench.name}-${name}.png`);
    await this.page.screenshot({ path, timeout: patience });
    return path;
  }

  /** For a test that failed: a picture of this moment, and what the extension host wrote last. */
  async evidence(): Promise<string> {
    const picture = await this.screenshot(`failed-${Date.now()}`).catch((error) => `none (${error})`);
    return `Picture: ${picture}\nLogs of ${this.workbench.name}'s workbench:\n${this.workbench.logs(40)}`;
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  async #attempt<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (error instanceof DriverError) throw new DriverError(`Could not ${what}: ${message}`);
      throw new DriverError(`Could not ${what}: ${message}\n${await this.evidence()}`);
    }
  }

  #textArea(): Locator {
    return this.page.locator('.editor-group-container.active .monaco-editor:visible').first();
  }

  async #focusEditor(): Promise<void> {
    if (await this.#textArea().locator(':focus').count()) return;
    await this.runCommand('View: Focus Active Editor Group');
  }

  #activeTerminal(): Locator {
    return this.page.locator('.terminal-wrapper.active .xterm').first();
  }

  #tree(viewTitle: string): Locator {
    return this.page.locator(`.customview-tree [role="tree"][aria-label="${viewTitle}"]`);
  }

  async #rowTexts(rows: Locator): Promise<string[]> {
    return (await rows.allInnerTexts()).map((text) => plain(text).replace(/\s+/g, ' ').trim());
  }
}

/** Says where its evidence lies already. */
class DriverError extends Error {}
