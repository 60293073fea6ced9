/** People of the walk: each in a workbench of their own with the packaged extension, over one `portcullis up`. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Browser } from 'playwright-core';
import { connectControl } from '../../extension/proxyHost/controlClient.ts';
import { ConnectionLost } from '../../extension/proxyHost/controlClientTypes.ts';
import { readJournal } from '../../proxy/audit/journal/readJournal.ts';
import type { ProxyStatus } from '../../proxy/control/messages.ts';
import { startUp, type UpAnswer, type UpProcess } from '../kit/upProcess.ts';
import { launchBrowser } from '../kit/workbench/browser.ts';
import { type Editor, openEditor } from '../kit/workbench/driver.ts';
import { findWorkbench } from '../kit/workbench/findWorkbench.ts';
import { startWorkbench, type Workbench } from '../kit/workbench/workbench.ts';

/** `PORTCULLIS_VSIX` names another package than the one that `npm run package` makes. */
const vsix = process.env['PORTCULLIS_VSIX'] ?? join(import.meta.dirname, '..', '..', 'portcullis.vsix');

/** Why the editor's tests cannot run here; undefined where they can. */
export function whyNot(): string | undefined {
  const found = findWorkbench();
  if (found.kind === 'missing') return found.reason;
  return existsSync(vsix) ? undefined : `there is no ${vsix}; make it: npm run package`;
}

export interface Person {
  readonly email: string;
  readonly password: string;
  /** Good at the collector. */
  readonly token: string;
  readonly workbench: Workbench;
  readonly editor: Editor;
}

export type Role = 'dev' | 'reviewer' | 'admin';

/** One `portcullis up`, one browser, and whoever has come so far. */
export class Company {
  readonly work: string;
  readonly browser: Browser;
  #up: UpProcess;
  readonly #people: Person[] = [];

  private constructor(work: string, up: UpProcess, browser: Browser) {
    this.work = work;
    this.#up = up;
    this.browser = browser;
  }

  static async found(args: readonly string[] = []): Promise<Company> {
    const work = mkdtempSync(join(tmpdir(), 'walk-'));
    // A folder of its own at the top: the embedded server may run as another user, who must get there.
    const data = mkdtempSync(join(tmpdir(), 'walk-up-'));
    const up = await startUp(['--data', data, ...args], { XDG_RUNTIME_DIR: work });
    return new Company(work, up, await launchBrowser());
  }

  get answer(): UpAnswer {
    return this.#up.answer;
  }

  /** Ends the collector, the provider and the database; what they hold stays for `comeBack`. */
  async leave(): Promise<void> {
    await this.#up.end('SIGTERM');
  }

  /** Starts them again over what they hold, at the same ports. */
  async comeBack(): Promise<void> {
    this.#up = await startUp(['--data', this.answer.data], { XDG_RUNTIME_DIR: this.work });
  }

  get joinLink(): string {
    return `code-oss://portcullis.portcullis/join?collector=${encodeURIComponent(this.answer.collector)}`;
  }

  /** Opens a workbench for the person; not signed in yet. `files` are put into their folder. */
  async hire(role: Role, files: Readonly<Record<string, string>>, settings: object = {}): Promise<Person> {
    const identity = this.answer.identities.find(({ email }) => email.startsWith(role));
    if (identity === undefined) throw new Error(`there is nobody called ${role}`);
    const folder = join(this.work, `${role}${this.#people.length}`);
    mkdirSync(folder);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const theme = process.env['PORTCULLIS_THEME'];
    const workbench = await startWorkbench({
      name: role,
      folder,
      vsix,
      settings: { ...(theme && { 'workbench.colorTheme': theme }), ...settings },
    });
    const editor = await openEditor(this.browser, workbench);
    const { email, password, token } = identity;
    const person = { email, password, token, workbench, editor };
    this.#people.push(person);
    return person;
  }

  /** From the join link to a running proxy: what a newcomer does, no more. `onLogin` may look at the page. */
  async join(person: Person, onLogin?: (picture: () => Promise<Buffer>) => Promise<void>): Promise<void> {
    await person.editor.deliverUri(this.joinLink);
    await person.editor.answerDialog('Join');
    await this.logIn(person, onLogin);
  }

  /** From the editor's question whether Portcullis may sign in, to a running proxy. */
  async logIn(
    { editor, email, password }: Person,
    onLogin?: (picture: () => Promise<Buffer>) => Promise<void>,
  ): Promise<void> {
    const login = await editor.pageOpenedBy(() => editor.answerDialog('Allow'));
    await login.getByLabel('E-mail').fill(email);
    await login.getByLabel('Password').fill(password);
    await onLogin?.(() => login.screenshot());
    await login.getByRole('button', { name: 'Sign in' }).click();
    await login.getByText('You are signed in').waitFor();
    await login.close();
    await editor.statusBarItem(new RegExp(`${email} · `)).waitFor();
  }

  /** As JSON from the collector, with somebody's token. */
  async ask<T>(path: string, token: string): Promise<T> {
    const response = await fetch(`${this.answer.collector}${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (!response.ok) throw new Error(`the collector answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** How many events of this person the collector holds. */
  async countEvents(email: string): Promise<number> {
    const admin = this.answer.identities.find((identity) => identity.email.startsWith('admin'));
    let count = 0;
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query = new URLSearchParams({ identity: email, limit: '200', ...(cursor && { cursor }) });
      const page: { items: { proxy: string }[]; next: string | null } = await this.ask(
        `/v1/events?${query}`,
        admin?.token ?? '',
      );
      // What the collector records by itself, sign-ins say, is in no journal.
      count += page.items.filter(({ proxy }) => !proxy.startsWith('collector:')).length;
      cursor = page.next;
    }
    return count;
  }

  /** Beside the proxy, as the owner of the server. */
  async direct(text: string): Promise<Record<string, unknown>[]> {
    const client = new Client(this.answer.connections[0]?.direct);
    await client.connect();
    try {
      return (await client.query(text)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  }

  async close(): Promise<void> {
    await this.browser.close();
    for (const { workbench } of this.#people) await workbench.stop();
    await this.leave();
    for (const folder of [this.work, this.answer.data]) rmSync(folder, { recursive: true, force: true });
  }
}

/** Puts the cursor on the first line that holds the text, and runs the statement there as a person does. */
export async function runStatementAt({ page }: Editor, text: string): Promise<void> {
  const line = page.locator('.view-line', { hasText: text }).first();
  const isAtCursor = () =>
    line.evaluate((node) => {
      const cursor = node.closest('.monaco-editor')?.querySelector('.cursor');
      const distance = (cursor?.getBoundingClientRect().top ?? 0) - node.getBoundingClientRect().top;
      return Math.abs(distance) < 5; // pixels
    });
  // "Run" above the statements comes and goes, and the lines move away from under the mouse.
  for (let attempt = 1; ; attempt += 1) {
    await line.click();
    await page.waitForTimeout(100);
    if (await isAtCursor()) break;
    if (attempt === 5) throw new Error(`The cursor does not get to the line of ${text}.`);
    await page.waitForTimeout(600); // sooner it would be a double click, which selects
  }
  await page.keyboard.press('Control+Enter');
}

/** What the person's proxy says of itself; undefined where none answers. */
export async function proxyStatus({ workbench }: Person): Promise<ProxyStatus | undefined> {
  const socket = join(workbench.home, '..', 'run', `portcullis-${process.getuid?.() ?? 0}`, 'control.sock');
  const control = await connectControl(socket);
  try {
    return await control?.request('hello', { version: 1, client: 'test' });
  } catch (error) {
    if (error instanceof ConnectionLost) return undefined; // it was just ending
    throw error;
  } finally {
    control?.close();
  }
}

/** How many events the person's journals hold. */
export async function countJournal({ workbench }: Person): Promise<number> {
  const people = join(workbench.home, '.local', 'share', 'portcullis', 'people');
  let count = 0;
  for (const home of readdirSync(people))
    for await (const _event of readJournal(join(people, home, 'journal'))) count += 1;
  return count;
}
