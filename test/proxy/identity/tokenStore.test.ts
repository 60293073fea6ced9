import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Tokens } from '../../../proxy/control/messages.ts';
import { type Keychain, openTokenStore } from '../../../proxy/identity/tokenStore.ts';

const collector = 'https://collector.example.com';
const soon: Tokens = { accessToken: 'a1', refreshToken: 'r1', expiresAt: '2030-01-01T00:00:00.000Z' };
const later: Tokens = { accessToken: 'a2', refreshToken: 'r2', expiresAt: '2030-01-02T00:00:00.000Z' };

let folder: string;
let file: string;
let notices: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-tokens-'));
  file = join(folder, 'sign-ins.json');
  notices = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A keychain as keytar speaks; `locked` makes every call throw, as it does with no Secret Service. */
class HeldKeychain implements Keychain {
  readonly entries = new Map<string, string>();
  locked = false;

  async getPassword(service: string, account: string): Promise<string | null> {
    return this.#open().get(`${service}/${account}`) ?? null;
  }
  async setPassword(service: string, account: string, password: string): Promise<void> {
    this.#open().set(`${service}/${account}`, password);
  }
  async deletePassword(service: string, account: string): Promise<boolean> {
    return this.#open().delete(`${service}/${account}`);
  }
  #open(): Map<string, string> {
    if (this.locked) throw new Error('Cannot autolaunch D-Bus without X11 $DISPLAY');
    return this.entries;
  }
}

function open(keychain?: Keychain) {
  return openTokenStore({
    dataDirectory: folder,
    notice: (text) => notices.push(text),
    loadKeychain: async () => {
      if (keychain !== undefined) return keychain;
      throw Object.assign(new Error("Cannot find package 'keytar'"), { code: 'ERR_MODULE_NOT_FOUND' });
    },
  });
}

describe('where there is a keychain', () => {
  it('keeps the sign-in there under the collector, leaves no file, and says nothing', async () => {
    const keychain = new HeldKeychain();
    await open(keychain).write(collector, soon);
    expect([...keychain.entries.keys()]).toEqual([`portcullis/${collector}`]);
    expect(existsSync(file)).toBe(false);
    expect(await open(keychain).read(collector)).toEqual(soon);
    expect(await open(keychain).read('https://other.example.com')).toBeUndefined();
    expect(notices).toEqual([]);
  });

  it('moves a sign-in out of the file once the keychain can be used', async () => {
    const keychain = new HeldKeychain();
    keychain.locked = true;
    await open(keychain).write(collector, soon);
    expect(existsSync(file)).toBe(true);
    keychain.locked = false;
    expect(await open(keychain).read(collector)).toEqual(soon);
    await open(keychain).write(collector, later);
    expect(existsSync(file)).toBe(false);
  });

  it('takes the later of two sign-ins, where the keychain was locked for a while', async () => {
    const keychain = new HeldKeychain();
    await open(keychain).write(collector, soon);
    keychain.locked = true;
    await open(keychain).write(collector, later);
    keychain.locked = false;
    expect(await open(keychain).read(collector)).toEqual(later);
  });

  it('forgets what is in the keychain and in the file', async () => {
    const keychain = new HeldKeychain();
    await open(keychain).write(collector, soon);
    keychain.locked = true;
    await open(keychain).write(collector, later);
    keychain.locked = false;
    await open(keychain).forget(collector);
    expect(keychain.entries.size).toBe(0);
    expect(existsSync(file)).toBe(false);
    expect(await open(keychain).read(collector)).toBeUndefined();
  });

  it('takes another program’s text under its name for no sign-in', async () => {
    const keychain = new HeldKeychain();
    await keychain.setPassword('portcullis', collector, 'hunter2');
    expect(await open(keychain).read(collector)).toBeUndefined();
  });
});

describe('where there is no keychain', () => {
  it('keeps the sign-in in a file that only its owner reads, and says so once', async () => {
    const store = open();
    expect(await store.read(collector)).toBeUndefined();
    await store.write(collector, { ...soon, idToken: 'not kept' });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain('not kept');
    expect(await open().read(collector)).toEqual(soon);
    expect(notices[0]).toContain('keytar is not installed');
    expect(notices[0]).toContain(file);
    expect(notices.length).toBe(2); // one a store
  });

  it('says why, where the keychain throws at every call', async () => {
    const keychain = new HeldKeychain();
    keychain.locked = true;
    await open(keychain).write(collector, soon);
    expect(notices).toEqual([expect.stringContaining('Cannot autolaunch D-Bus')]);
  });

  it('keeps collectors apart: forgetting one leaves the other', async () => {
    const store = open();
    await store.write(collector, soon);
    await store.write('https://other.example.com', later);
    await store.forget(collector);
    expect(await store.read(collector)).toBeUndefined();
    expect(await store.read('https://other.example.com')).toEqual(later);
  });

  it('closes a file that others could read, and says so', async () => {
    await open().write(collector, soon);
    chmodSync(file, 0o644);
    expect(await open().read(collector)).toEqual(soon);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(notices.join('\n')).toContain('Other users of this machine could read');
  });

  it('says that a damaged file lost its sign-ins, and works on', async () => {
    writeFileSync(file, '{"https://coll', { mode: 0o600 });
    const store = open();
    expect(await store.read(collector)).toBeUndefined();
    expect(notices.join('\n')).toContain('is damaged');
    await store.write(collector, soon);
    expect(await store.read(collector)).toEqual(soon);
  });
});
