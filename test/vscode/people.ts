/** People of the walk: each in a workbench of their own with the packaged extension, over one `portcullis up`. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Browser } from 'playwright-core';
import { startUp, type UpAnswer, type UpProcess } from '../kit/upProcess.ts';
import { launchBrowser } from '../kit/workbench/browser.ts';
import { type Editor, openEditor } from '../kit/workbench/driver.ts';
import { findWorkbench } from '../kit/workbench/findWorkbench.ts';
import { startWorkbench, type Workbench } from '../kit/workbench/workbench.ts';

const vsix = join(import.meta.dirname, '..', '..', 'portcullis.vsix');

/** Why the editor's tests cannot run here; undefined where they can. */
export function whyNot(): string | undefined {
  const found = findWorkbench();
  if (found.kind === 'missing') return found.reason;
  return existsSync(vsix) ? undefined : 'there is no portcullis.vsix; make it: npm run package';
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
  readonly up: UpProcess;
  readonly browser: Browser;
  readonly #people: Person[] = [];

  private constructor(work: string, up: UpProcess, browser: Browser) {
    this.work = work;
    this.up = up;
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
    return this.up.answer;
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
    const workbench = await startWorkbench({ name: role, folder, vsix, settings: { ...settings } });
    const editor = await openEditor(this.browser, workbench);
    const { email, password, token } = identity;
    const person = { email, password, token, workbench, editor };
    this.#people.push(person);
    return person;
  }

  /** From the join link to a running proxy: what a newcomer does, no more. `onLogin` may look at the page. */
  async join(
    { editor, email, password }: Person,
    onLogin?: (picture: () => Promise<Buffer>) => Promise<void>,
  ): Promise<void> {
    await editor.deliverUri(this.joinLink);
    await editor.answerDialog('Join');
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
    await this.up.end('SIGTERM');
    for (const folder of [this.work, this.answer.data]) rmSync(folder, { recursive: true, force: true });
  }
}

/** Puts the cursor on the first line that holds the text, and runs the statement there as a person does. */
export async function runStatementAt(editor: Editor, text: string): Promise<void> {
  await editor.page.locator('.view-line', { hasText: text }).first().click();
  await editor.page.keyboard.press('Control+Enter');
}
