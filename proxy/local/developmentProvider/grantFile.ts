/** What the development provider remembers, as `oidc-provider` wants it kept: in memory, and in one file for restarts. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Adapter, AdapterPayload } from 'oidc-provider';

interface Entry {
  readonly payload: AdapterPayload;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Only these outlive a restart; the rest ends with the sign-in that is under way. */
const lasting = /^(?:Grant|RefreshToken|Session):/;
const maxEntries = 10_000;

export class GrantFile {
  readonly #path: string;
  readonly #entries: Map<string, Entry>;
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#entries = readEntries(path);
  }

  readonly adapter = (model: string): Adapter => {
    const key = (id: string) => `${model}:${id}`;
    const find = (id: string) => this.#find(key(id));
    const findWhere = (field: 'uid' | 'userCode', value: string) =>
      [...this.#entries].find(
        ([name, { payload }]) => name.startsWith(`${model}:`) && payload[field] === value,
      )?.[1].payload;
    return {
      find: async (id) => find(id),
      findByUid: async (uid) => findWhere('uid', uid),
      findByUserCode: async (code) => findWhere('userCode', code),
      upsert: async (id, payload, expiresIn) => {
        const seconds = expiresIn ?? 86_400;
        this.#put(key(id), { payload, expiresAt: Date.now() + seconds * 1000 });
      },
      consume: async (id) => {
        const entry = this.#entries.get(key(id));
        if (entry === undefined) return;
        const payload = { ...entry.payload, consumed: Math.floor(Date.now() / 1000) };
        this.#put(key(id), { ...entry, payload });
      },
      destroy: async (id) => this.#drop(key(id)),
      revokeByGrantId: async (grantId) => {
        for (const [name, { payload }] of this.#entries) if (payload.grantId === grantId) this.#drop(name);
      },
    };
  };

  save(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const kept = [...this.#entries].filter(
      ([name, entry]) => lasting.test(name) && entry.expiresAt > Date.now(),
    );
    writeFileSync(`${this.#path}.new`, JSON.stringify(kept), { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }

  #find(name: string): AdapterPayload | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined || entry.expiresAt > Date.now()) return entry?.payload;
    this.#entries.delete(name);
    return undefined;
  }

  #put(name: string, entry: Entry): void {
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    if (this.#entries.size > maxEntries) {
      const oldest = this.#entries.keys().next().value;
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    this.#saveSoon();
  }

  #drop(name: string): void {
    if (this.#entries.delete(name)) this.#saveSoon();
  }

  #saveSoon(): void {
    this.#timer ??= setTimeout(() => this.save(), 50);
    this.#timer.unref();
  }
}

/** A file that cannot be read costs a new sign-in, no more. */
function readEntries(path: string): Map<string, Entry> {
  try {
    return new Map(JSON.parse(readFileSync(path, 'utf8')) as [string, Entry][]);
  } catch {
    return new Map();
  }
}
