/**
 * What a connection knows of columns beyond its catalog, on disk. The collector gives it back as well; but it may be away
 * when the proxy ends, and a proxy that starts again must not show a copy in clear until the collector has answered.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { SharedClassification } from '../../masking/sharedClassification.ts';
import { isShared } from './sharedColumns.ts';

/** The newest are kept; some 300 bytes each. */
const maxKept = 20_000;

export class KeptClassifications {
  readonly #folder: string;
  readonly #path: string;
  #text: string | undefined;

  constructor(dataDirectory: string, connection: string) {
    this.#folder = join(dataDirectory, 'classifications');
    // Names of connections may hold anything.
    const name = createHash('sha256').update(connection).digest('hex').slice(0, 16);
    this.#path = join(this.#folder, `${name}.json`);
  }

  /** Nothing where nothing was kept. @throws Error where the file cannot be read, or holds something else */
  read(): readonly SharedClassification[] {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    const { form, found } = JSON.parse(text) as { form?: unknown; found?: unknown };
    if (form !== 1 || !Array.isArray(found)) throw new Error(`${this.#path} holds something else`);
    this.#text = text;
    return found.filter(isShared);
  }

  /** On disk when it resolves, whole or not at all. Make one call at a time. Nothing is written where nothing is new. */
  async keep(found: readonly SharedClassification[]): Promise<void> {
    const newest =
      found.length <= maxKept
        ? found
        : [...found].sort((a, b) => (a.since < b.since ? -1 : 1)).slice(-maxKept);
    const text = `${JSON.stringify({ form: 1, found: newest })}\n`;
    if (text === this.#text || (this.#text === undefined && found.length === 0)) return;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const file = await open(`${this.#path}.new`, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${this.#path}.new`, this.#path);
    this.#text = text;
  }
}
