/** People at work: sessions with statements of every kind, each with a text of its own, and what was heard of each. */
import { setTimeout as sleep } from 'node:timers/promises';
import { serialize } from 'pg-protocol';
import type { Random } from '../../kit/random.ts';
import { errorFields, WireClient, type WireMessage } from '../../kit/wireClient.ts';

export const application = 'under load';

/** What the client heard. `skipped`: an earlier statement of its pipeline failed. `lost`: the connection broke before the answer. */
export type Fate =
  | { readonly kind: 'ok' | 'skipped' | 'lost' }
  | { readonly kind: 'error'; readonly sqlState: string; readonly message: string };

export interface Sent {
  readonly text: string;
  /** Statements in the text, each recorded by itself. */
  readonly statements: number;
  /** One for each time that it was sent. */
  readonly fates: Fate[];
}

/** An answer that does not come means that something is stuck: far longer than any restart takes. */
const answerMs = 240_000;

export class Load {
  readonly sent = new Map<string, Sent>();
  /** How often statements were answered, one way or the other. */
  answers = 0;
  sessions = 0;
  isStopping = false;
  readonly problems: string[] = [];
  readonly #random: Random;
  #waiting: { readonly answers: number; readonly resolve: () => void } | undefined;
  readonly #clients: Promise<void>[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** @param url of the proxy, undefined while it is away */
  addClient(name: string, url: () => string | undefined): void {
    this.#clients.push(this.#work(name, url));
  }

  /** Resolves when so many more statements have been answered. Rejects where nothing is answered any more. */
  async more(count: number): Promise<void> {
    const until = this.answers + count;
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      this.#waiting = { answers: until, resolve };
    });
    const patience = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('statements are not answered any more')), answerMs);
    });
    await Promise.race([enough, patience]).finally(() => clearTimeout(timer));
  }

  /** Lets every client finish what it does. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await Promise.all(this.#clients);
  }

  async #work(name: string, url: () => string | undefined): Promise<void> {
    let count = 0;
    const newText = (form: (mark: string) => string, statements = 1): string => {
      const text = form(`mark-${name}-${count++}`);
      this.sent.set(text, { text, statements, fates: [] });
      return text;
    };
    while (!this.isStopping) {
      const target = url();
      const client =
        target === undefined ? undefined : await WireClient.connect(target).catch(() => undefined);
      if (client === undefined) {
        await sleep(30);
        continue;
      }
      this.sessions += 1;
      try {
        const talk = new Talk(client, this.#random, newText, (texts, messages, isWhole) =>
          this.#note(texts, messages, isWhole),
        );
        for (let left = 3 + this.#random.below(20); left > 0 && !this.isStopping; left--) {
          await talk.one();
          await sleep(this.#random.below(30));
        }
        client.send(serialize.end());
        await client.closed();
      } catch (error) {
        if (!client.isClosed) this.problems.push(`${name}: ${(error as Error).message}`);
      } finally {
        client.close();
      }
    }
  }

  #note(texts: readonly string[], messages: readonly WireMessage[], isWhole: boolean): void {
    const fates = readFates(texts.length, messages, isWhole);
    texts.forEach((text, i) => {
      this.sent.get(text)?.fates.push(fates[i] ?? { kind: 'lost' });
    });
    if (!isWhole) return;
    this.answers += texts.length;
    if (this.#waiting === undefined || this.answers < this.#waiting.answers) return;
    this.#waiting.resolve();
    this.#waiting = undefined;
  }
}

/** An error ends what was sent up to the next Sync (manual 54.2.3); without ReadyForQuery only completed ones are sure. */
function readFates(count: number, messages: readonly WireMessage[], isWhole: boolean): Fate[] {
  const fates: Fate[] = [];
  for (const message of messages) {
    if (message.type === 'C') fates.push({ kind: 'ok' });
    if (message.type !== 'E' || !isWhole) continue;
    const { C = '', M = '' } = errorFields(message);
    fates.push({ kind: 'error', sqlState: C, message: M });
    break;
  }
  const rest: Fate = { kind: isWhole ? 'skipped' : 'lost' };
  while (fates.length < count) fates.push(rest);
  return fates;
}

type NewText = (form: (mark: string) => string, statements?: number) => string;
type Note = (texts: readonly string[], messages: readonly WireMessage[], isWhole: boolean) => void;

/** One session's conversation. */
class Talk {
  readonly #client: WireClient;
  readonly #random: Random;
  readonly #newText: NewText;
  readonly #note: Note;

  constructor(client: WireClient, random: Random, newText: NewText, note: Note) {
    this.#client = client;
    this.#random = random;
    this.#newText = newText;
    this.#note = note;
  }

  one(): Promise<void> {
    const kinds = [
      () => this.#simple(this.#select()),
      () => this.#simple(this.#insert()),
      () => this.#pipeline([this.#select()]),
      () => this.#pipeline([this.#insert()]),
      () => this.#pipeline(this.#several(2 + this.#random.below(8))),
      () => this.#prepared(),
      () => this.#transaction(),
      () => this.#copyIn(),
      () => this.#simple(this.#newText((mark) => `COPY (SELECT '${mark}') TO STDOUT`)),
      () => this.#simple(this.#newText((mark) => `SELECT '${mark}-a'; SELECT '${mark}-b'`, 2)),
      () => this.#simple(this.#refused()),
      () => this.#pipeline([this.#refused()]),
      () => this.#simple(this.#failing()),
      () => this.#pipeline([this.#failing()]),
    ];
    return this.#random.pick(kinds)();
  }

  #select(): string {
    return this.#newText((mark) => `SELECT '${mark}' AS id`);
  }

  #insert(): string {
    return this.#newText((mark) => `INSERT INTO written VALUES ('${mark}')`);
  }

  /** A function that reads the server's files, and a text that is no SQL. */
  #refused(): string {
    return this.#random.below(3) > 0
      ? this.#newText((mark) => `SELECT pg_read_file('${mark}')`)
      : this.#newText((mark) => `SELEC '${mark}'`);
  }

  /** The server itself says no, while it parses or while it runs. */
  #failing(): string {
    return this.#random.below(2) === 0
      ? this.#newText((mark) => `SELECT '${mark}'::int`)
      : this.#newText(
          (mark) =>
            `SELECT 1 / (length('${mark}') - length(id)) FROM written WHERE id = '${mark}' OR id = 'zero'`,
        );
  }

  #several(count: number): string[] {
    return Array.from({ length: count }, () => {
      const dice = this.#random.below(12);
      if (dice === 0) return this.#refused();
      if (dice === 1) return this.#failing();
      return dice % 2 === 0 ? this.#select() : this.#insert();
    });
  }

  async #simple(text: string): Promise<void> {
    await this.#hear([text], 'Z', serialize.query(text));
  }

  async #pipeline(texts: readonly string[]): Promise<void> {
    const messages = texts.flatMap((text) => [
      serialize.parse({ text }),
      serialize.bind(),
      serialize.execute(),
    ]);
    await this.#hear(texts, 'Z', ...messages, serialize.sync());
  }

  async #prepared(): Promise<void> {
    const text = this.#select();
    const name = `of ${text.length} ${this.#random.below(1e9)}`;
    const run = [serialize.bind({ statement: name }), serialize.execute(), serialize.sync()];
    await this.#hear([text], 'Z', serialize.parse({ name, text }), ...run);
    for (let left = this.#random.below(5); left > 0; left--) await this.#hear([text], 'Z', ...run);
  }

  async #transaction(): Promise<void> {
    await this.#simple(this.#newText((mark) => `BEGIN /* ${mark} */`));
    for (let left = 1 + this.#random.below(4); left > 0; left--) {
      if (this.#random.below(6) === 0) await this.#simple(this.#failing());
      if (this.#random.below(3) === 0) await this.#pipeline([this.#insert()]);
      else await this.#simple(this.#insert());
    }
    const end = this.#random.below(3) === 0 ? 'ROLLBACK' : 'COMMIT';
    await this.#simple(this.#newText((mark) => `${end} /* ${mark} */`));
  }

  async #copyIn(): Promise<void> {
    const text = this.#newText((mark) => `COPY written FROM STDIN /* ${mark} */`);
    const rows = Array.from({ length: 3 }, (_, i) => `${text.slice(26)}-${i}\n`).join('');
    this.#client.send(serialize.query(text));
    const begun = await this.#listen([text], 'GZ');
    if (begun.at(-1)?.type === 'Z') return this.#note([text], begun, true);
    await this.#hear([text], 'Z', serialize.copyData(Buffer.from(rows)), serialize.copyDone());
  }

  async #hear(texts: readonly string[], until: string, ...messages: Buffer[]): Promise<void> {
    this.#client.send(...messages);
    this.#note(texts, await this.#listen(texts, until), true);
  }

  async #listen(texts: readonly string[], until: string): Promise<WireMessage[]> {
    try {
      return await this.#client.until(until, 1, answerMs);
    } catch (error) {
      this.#note(texts, this.#client.pending, false);
      throw error;
    }
  }
}
