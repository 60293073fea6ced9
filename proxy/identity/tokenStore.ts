/** Keeps sign-ins of the command line between runs: in the system's keychain, or in a file where there is none. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tokens } from '../control/messages.ts';

export interface TokenStore {
  /** Undefined where nobody has signed in at this collector. */
  read(collector: string): Promise<Tokens | undefined>;
  write(collector: string, tokens: Tokens): Promise<void>;
  forget(collector: string): Promise<void>;
}

/** The part of `keytar` that is used; any of it may throw where no keychain is running or it stays locked. */
export interface Keychain {
  getPassword(service: string, account: string): Promise<string | null>;
  setPassword(service: string, account: string, password: string): Promise<void>;
  deletePassword(service: string, account: string): Promise<boolean>;
}

export interface TokenStoreOptions {
  /** Holds the file that stands in for a keychain. */
  readonly dataDirectory: string;
  /** Hears, in words and once, that the keychain cannot be used and what is done instead. */
  readonly notice: (text: string) => void;
  /** `keytar` unless told. */
  readonly loadKeychain?: () => Promise<Keychain>;
}

const service = 'portcullis';

export function openTokenStore({
  dataDirectory,
  notice,
  loadKeychain = loadKeytar,
}: TokenStoreOptions): TokenStore {
  const file = new TokenFile(join(dataDirectory, 'sign-ins.json'), notice);
  let keychain: Promise<Keychain> | undefined;
  let isNoticed = false;
  /** What the keychain answers, or undefined where it cannot be used: said once. */
  const askKeychain = async <Answer>(
    ask: (keychain: Keychain) => Promise<Answer>,
  ): Promise<{ readonly answer: Answer } | undefined> => {
    try {
      keychain ??= loadKeychain();
      return { answer: await ask(await keychain) };
    } catch (error) {
      if (!isNoticed) notice(describeFallback(error, file.path));
      isNoticed = true;
      return undefined;
    }
  };
  return {
    read: async (collector) => {
      const kept = await askKeychain((known) => known.getPassword(service, collector));
      const fromKeychain = parseTokens(kept?.answer ?? undefined);
      const fromFile = file.read(collector);
      // Both are there where the keychain was out of reach for a while: the later sign-in is the one that counts.
      if (fromKeychain === undefined || fromFile === undefined) return fromKeychain ?? fromFile;
      return Date.parse(fromFile.expiresAt) > Date.parse(fromKeychain.expiresAt) ? fromFile : fromKeychain;
    },
    write: async (collector, tokens) => {
      // Some keychains take little text, and nobody reads the ID token again.
      const { idToken: _unused, ...kept } = tokens;
      const done = await askKeychain((known) => known.setPassword(service, collector, JSON.stringify(kept)));
      if (done === undefined) file.write(collector, kept);
      else file.forget(collector);
    },
    forget: async (collector) => {
      file.forget(collector);
      await askKeychain((known) => known.deletePassword(service, collector));
    },
  };
}

/** An optional dependency: absent where it could not be built. Its name is kept from bundlers, which cannot hold it. */
async function loadKeytar(): Promise<Keychain> {
  const name = 'keytar';
  const module = (await import(name)) as Keychain & { readonly default?: Keychain };
  return module.default ?? module;
}

/** Why the keychain cannot be used, in words; undefined where it can. */
export async function describeKeychainTrouble(loadKeychain = loadKeytar): Promise<string | undefined> {
  try {
    await (await loadKeychain()).getPassword(service, 'portcullis doctor');
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** One file for all collectors, that its owner alone can read. */
class TokenFile {
  readonly path: string;
  readonly #notice: (text: string) => void;

  constructor(path: string, notice: (text: string) => void) {
    this.path = path;
    this.#notice = notice;
  }

  read(collector: string): Tokens | undefined {
    return this.#load().get(collector);
  }

  write(collector: string, tokens: Tokens): void {
    this.#save(this.#load().set(collector, tokens));
  }

  forget(collector: string): void {
    const entries = this.#load();
    if (!entries.delete(collector)) return;
    if (entries.size === 0) rmSync(this.path, { force: true });
    else this.#save(entries);
  }

  #load(): Map<string, Tokens> {
    const entries = new Map<string, Tokens>();
    let text: string;
    try {
      this.#closeToOthers();
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return entries;
      throw error;
    }
    try {
      for (const [collector, kept] of Object.entries(JSON.parse(text) as Record<string, unknown>)) {
        const tokens = checkTokens(kept);
        if (tokens !== undefined) entries.set(collector, tokens);
      }
    } catch {
      this.#notice(`${this.path} is damaged, so the sign-ins in it are lost: sign in again.`);
    }
    return entries;
  }

  #closeToOthers(): void {
    if (process.platform === 'win32' || (statSync(this.path).mode & 0o077) === 0) return;
    chmodSync(this.path, 0o600);
    this.#notice(
      `Other users of this machine could read ${this.path}. That is mended now; if that worries you, sign out and in.`,
    );
  }

  /** Under a name of its own, then renamed: nobody reads half of it, and a crash loses nothing. */
  #save(entries: ReadonlyMap<string, Tokens>): void {
    mkdirSync(join(this.path, '..'), { recursive: true, mode: 0o700 });
    const draft = `${this.path}.${randomBytes(4).toString('hex')}`;
    try {
      writeFileSync(draft, JSON.stringify(Object.fromEntries(entries)), { mode: 0o600, flag: 'wx' });
      renameSync(draft, this.path);
    } finally {
      rmSync(draft, { force: true });
    }
  }
}

function parseTokens(text: string | undefined): Tokens | undefined {
  try {
    return text === undefined ? undefined : checkTokens(JSON.parse(text));
  } catch {
    return undefined; // somebody else's text under our name
  }
}

function checkTokens(value: unknown): Tokens | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { accessToken, refreshToken, expiresAt } = value as Record<string, unknown>;
  if (typeof accessToken !== 'string' || typeof expiresAt !== 'string') return undefined;
  return { accessToken, expiresAt, ...(typeof refreshToken === 'string' ? { refreshToken } : {}) };
}

function describeFallback(error: unknown, path: string): string {
  return `The system's keychain cannot be used (${reasonOf(error)}). Sign-ins are kept in ${path} instead, unencrypted; only your user can read it.`;
}

function reasonOf(error: unknown): string {
  const isAbsent =
    error instanceof Error && 'code' in error && /^(ERR_)?MODULE_NOT_FOUND$/.test(String(error.code));
  if (isAbsent) return 'the optional package keytar is not installed';
  return `it says: ${(error instanceof Error ? error.message : String(error)).slice(0, 200)}`;
}
