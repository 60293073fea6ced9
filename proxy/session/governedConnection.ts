/** A governed database: where it is, what it holds, and what of that is classified; kept fresh over a link of its own. */
import { Client } from 'pg';
import type { Log } from '../kit/log.ts';
import type { Classifications, ColumnId } from '../masking/classification.ts';
import {
  classifyCatalog,
  type FoundClassification,
  reclassify,
  takeOver,
} from '../masking/classifyCatalog.ts';
import type { MaskingChoice } from '../masking/columns/classificationDraft.ts';
import { findIdleRules, MaskingRules, type MaskingSettings, noSettings } from '../masking/maskingSettings.ts';
import { makeTokens } from '../masking/methods/tokens.ts';
import { findUnforeseen } from '../masking/unforeseen.ts';
import type { ConnectionInfo } from '../policy/decision.ts';
import type { Catalog } from '../schema/catalog.ts';
import { readDatabaseIdentity } from '../schema/databaseIdentity.ts';
import { catalogProbe, loadCatalog } from '../schema/loadCatalog.ts';
import { meaningStamp } from '../schema/meaningStamp.ts';
import { readSnapshot } from '../schema/readSnapshot.ts';
import { readShownRelations } from '../schema/shownRelations.ts';
import type { SchemaSnapshot } from '../schema/snapshot.ts';
import { loadTableSizes, type TableSizes } from '../schema/tableSizes.ts';
import type { SqlParser } from '../sql/parser.ts';
import { CodeReader } from '../sql/storedCode/codeSummary.ts';
import { DatabaseCode } from '../sql/storedCode/databaseCode.ts';
import { SchemaChanges } from './searchPath/schemaChanges.ts';
import { hasNewRelations, type OtherProxies } from './sharing/otherProxies.ts';

/** How often the database is asked, while sessions are open, whether others have changed its schema. */
const probeIntervalMs = 5_000;
/** How old the numbers of rows may get that policies go by. */
const sizesAgeMs = 30_000;
const connectTimeoutMs = 10_000;
const lockTimeoutMs = 3_000;
/** Tables that are made and never seen were rolled back. */
const keptAhead = 10_000;
const keptConfirmed = 512;

export interface ConnectionSettings {
  readonly name: string;
  readonly environment: string;
  /** Where the database is, with the credentials that the proxy logs in with. */
  readonly url: string;
}

export class GovernedConnection {
  readonly info: ConnectionInfo;
  readonly url: string;
  /** What sessions have changed and the catalog may not show yet. */
  readonly changes = new SchemaChanges(() => this.refresh());
  readonly #log: Log;
  #client: Client | undefined;
  #code: DatabaseCode;
  #classifications: Classifications;
  #sizes: TableSizes;
  /** When they were read: milliseconds since the process began. */
  #sizesAt = performance.now();
  #areSizesUsed = false;
  #probe: string;
  #database: string;
  #masking: MaskingChoice;
  /** What the rules say of each column, and what they were read with. */
  #rules:
    | { readonly rules: MaskingSettings['rules']; readonly catalog: Catalog; readonly settled: MaskingRules }
    | undefined;
  /** Rules of masking.yaml that were told of, for no column falls under them. */
  #idleTold: readonly string[] = [];
  /** What was learned of tables that the catalog does not show yet. */
  #ahead: FoundClassification[] = [];
  #nextRefresh: Promise<void> | undefined;
  /** What was seen of names when the catalog was read, by names. */
  readonly #confirmed = new Map<string, { readonly stamp: string; readonly version: number }>();
  readonly #nextConfirms = new Map<string, Promise<void>>();
  /** Ends when our own link is free: what reads over it does so alone. */
  #reading: Promise<unknown> = Promise.resolve();
  readonly #listeners = new Set<() => void>();
  #others: OtherProxies | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(settings: ConnectionSettings, log: Log, masking: MaskingChoice, loaded: Loaded) {
    this.info = { name: settings.name, environment: settings.environment };
    this.url = settings.url;
    this.#log = log;
    this.#masking = masking;
    this.#client = loaded.client;
    this.#code = loaded.code;
    this.#classifications = loaded.classifications;
    this.#sizes = loaded.sizes;
    this.#probe = loaded.probe;
    this.#database = loaded.database;
  }

  /** Connects, reads the catalog and classifies its columns. Rejects with the server's or the socket's error. */
  static async open(
    settings: ConnectionSettings,
    log: Log,
    parser: SqlParser,
    masking: MaskingChoice = { settings: noSettings, tokens: makeTokens() },
  ): Promise<GovernedConnection> {
    const client = await connectOwn(settings.url);
    const database = await readDatabaseIdentity(client);
    const probe = await catalogProbe(client);
    const catalog = await loadCatalog(client, 0);
    const sizes = await loadTableSizes(client);
    const notice = (text: string) => log.warn(text);
    const classifications = await classifyCatalog(client, catalog, undefined, notice, masking);
    const connection = new GovernedConnection(settings, log, masking, {
      client,
      code: new DatabaseCode(catalog, new CodeReader(parser)),
      classifications,
      sizes,
      probe,
      database,
    });
    client.on('error', () => connection.#dropClient());
    connection.#timer = setInterval(() => connection.noteSchemaChange(), probeIntervalMs);
    connection.#timer.unref();
    connection.#tellIdleRules();
    return connection;
  }

  get catalog(): Catalog {
    return this.#code.catalog;
  }

  /** Which database it is: see `readDatabaseIdentity`. */
  get database(): string {
    return this.#database;
  }

  /** What the database runs by itself, or when it is called. */
  get code(): DatabaseCode {
    return this.#code;
  }

  get classifications(): Classifications {
    return this.#classifications;
  }

  /** How many rows its tables have; half a minute old at most while it is asked for. */
  get sizes(): TableSizes {
    this.#areSizesUsed = true;
    return this.#sizes;
  }

  /** Changes with catalog and classifications; part of what a judgement rests on. */
  get stamp(): string {
    return `${this.catalog.version}.${this.#classifications.version}`;
  }

  /** Puts other wishes of the policy into force, at once for every session. */
  useMasking(settings: MaskingSettings): void {
    this.#masking = { ...this.#masking, settings };
    this.#classifications = reclassify(this.catalog, this.#classifications, this.#masking, this.#ahead);
    this.#tellIdleRules();
  }

  /** What was found outside of the catalog and its samples counts from now on, for every session. */
  learn(found: readonly FoundClassification[]): void {
    const all = [...this.#ahead, ...found];
    this.#ahead = all.filter(({ relation }) => !this.catalog.relations.has(relation)).slice(-keptAhead);
    this.#classifications = reclassify(this.catalog, this.#classifications, this.#masking, all);
    this.#others?.noteLearned();
    void this.#tellOthers();
  }

  /** Resolves when others are told of all that was learned here; false where they cannot be told now. */
  async tellLearned(): Promise<boolean> {
    return (await this.#others?.tell()) ?? true;
  }

  /** What is known of its columns that nobody could tell by the catalog alone. */
  get unforeseen(): readonly FoundClassification[] {
    return findUnforeseen(this.catalog, this.#classifications, this.#masking);
  }

  /** From now on, what is learned here and by others is exchanged with them; undefined ends it. */
  shareWith(others: OtherProxies | undefined): void {
    this.#others = others;
  }

  /** The policy says that the column holds nothing to protect. */
  isUnclassified(id: ColumnId): boolean {
    const { rules } = this.#masking.settings;
    if (rules.length === 0) return false;
    if (this.#rules?.rules !== rules || this.#rules.catalog !== this.catalog) {
      this.#rules = { rules, catalog: this.catalog, settled: new MaskingRules(rules, this.catalog) };
    }
    return this.#rules.settled.of(id)?.kind === 'unclassify';
  }

  /** What is wrong with masking.yaml, as far as this database can tell: rules that protect, or open, nothing. */
  get maskingProblems(): readonly string[] {
    return this.#idleTold;
  }

  /**
   * Asks whether the schema has changed and loads it again if so. Callers share a look that has not begun: one that has may
   * have missed what they mean to see.
   */
  refresh(): Promise<void> {
    void this.#tellOthers();
    this.#nextRefresh ??= this.#alone(() => {
      this.#nextRefresh = undefined;
      return this.#refresh();
    });
    return this.#nextRefresh;
  }

  /**
   * Resolves when the catalog shows what relations of those names, and views and functions at all, are now. Cheaper than
   * {@link refresh} where nothing has changed.
   */
  confirm(names: readonly string[]): Promise<void> {
    const key = names.join('\0');
    const next = this.#nextConfirms.get(key);
    if (next !== undefined) return next;
    const confirm = this.#alone(async () => {
      this.#nextConfirms.delete(key);
      const stamp = await this.#ask((client) => meaningStamp(client, names));
      const known = this.#confirmed.get(key);
      if (known?.stamp === stamp && known.version === this.catalog.version) return;
      await this.#refresh();
      if (this.#confirmed.size >= keptConfirmed) this.#confirmed.clear();
      this.#confirmed.set(key, { stamp, version: this.catalog.version });
    });
    this.#nextConfirms.set(key, confirm);
    return confirm;
  }

  /** What the database looks like now, for people: tables, columns, indexes, constraints, grants. */
  readSnapshot(): Promise<SchemaSnapshot> {
    return this.#alone(async () => readSnapshot(this.#client ?? (await this.#reconnect())));
  }

  /** Calls the listener each time the schema was found changed; answers how to stop. */
  onSchemaChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The schema may have changed: looks soon, and says so where that fails (the next statement tries again). */
  noteSchemaChange(): void {
    this.refresh().catch((error) => this.#log.warn(`${this.info.name}: the schema could not be read`, error));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#client?.end().catch(() => undefined);
  }

  async #refresh(): Promise<void> {
    const client = this.#client ?? (await this.#reconnect());
    const probe = await this.#ask(catalogProbe);
    const areSizesOld = this.#areSizesUsed && performance.now() - this.#sizesAt > sizesAgeMs;
    if (probe !== this.#probe || areSizesOld) {
      this.#sizes = await loadTableSizes(client, this.#sizes);
      this.#sizesAt = performance.now();
      this.#areSizesUsed = false;
    }
    if (probe === this.#probe) return;
    const catalog = await loadCatalog(client, this.catalog.version);
    const notice = (text: string) => this.#log.warn(text);
    const before = this.#classifications;
    const found = await classifyCatalog(client, catalog, before, notice, this.#masking);
    if (hasNewRelations(this.catalog, catalog)) await this.#others?.ask(this.changes.isSettled);
    // What was learned, or wished for, while the values were looked at is not in it yet.
    const isSame = before === this.#classifications;
    const classifications = isSame ? found : takeOver(catalog, found, this.#classifications, this.#masking);
    this.#code = new DatabaseCode(catalog, this.#code.reader);
    // What it does not show yet, a transaction that is still open may have made.
    this.#classifications = reclassify(catalog, classifications, this.#masking, this.#ahead);
    this.#ahead = this.#ahead.filter(({ relation }) => !catalog.relations.has(relation)).slice(-keptAhead);
    this.#probe = probe;
    this.#tellIdleRules();
    for (const listener of this.#listeners) listener();
  }

  /**
   * They may be about to read a table that was made of protected columns: they hear of it as soon as it is committed, before
   * the catalog is read. Waits for no turn: one short question does not disturb what is read besides, not even values of
   * samples in their transaction.
   */
  async #tellOthers(): Promise<void> {
    const found = this.#ahead;
    if (this.#others === undefined || this.#client === undefined || found.length === 0) return;
    const made = new Set(found.map(({ relation }) => relation));
    // Where it cannot be read, the catalog will tell, or be what cannot be read.
    const shown = await readShownRelations(this.#client, made).catch(() => undefined);
    if (shown !== undefined && shown.size > 0) this.#others?.noteShown(found, shown);
  }

  /** Each once, until it is mended. */
  #tellIdleRules(): void {
    const idle = findIdleRules(this.#masking.settings.rules, this.catalog).map(
      ({ pattern, place }) =>
        `${place}: ${this.info.name} has no column ${pattern.text}, so the rule does nothing`,
    );
    for (const problem of idle) {
      if (!this.#idleTold.includes(problem)) this.#log.error(problem);
    }
    this.#idleTold = idle;
  }

  async #ask<T>(question: (client: Client) => Promise<T>): Promise<T> {
    try {
      return await question(this.#client ?? (await this.#reconnect()));
    } catch (error) {
      this.#dropClient(); // It may be lost: the next look begins with another.
      throw error;
    }
  }

  #alone<T>(read: () => Promise<T>): Promise<T> {
    const reading = this.#reading.then(read, read);
    this.#reading = reading;
    return reading;
  }

  async #reconnect(): Promise<Client> {
    const client = await connectOwn(this.url);
    client.on('error', () => this.#dropClient());
    // What answers there may be another now.
    this.#database = await readDatabaseIdentity(client).catch((error) => {
      client.end().catch(() => undefined);
      throw error;
    });
    this.#client = client;
    return client;
  }

  #dropClient(): void {
    this.#client?.end().catch(() => undefined);
    this.#client = undefined;
  }
}

interface Loaded {
  readonly client: Client;
  readonly code: DatabaseCode;
  readonly classifications: Classifications;
  readonly sizes: TableSizes;
  readonly probe: string;
  readonly database: string;
}

async function connectOwn(url: string): Promise<Client> {
  const client = new Client({
    connectionString: url,
    application_name: 'portcullis',
    connectionTimeoutMillis: connectTimeoutMs,
    // The server locks what a view reads to tell the view's text: a session that waits for us may hold that very lock.
    lock_timeout: lockTimeoutMs,
    enableChannelBinding: true,
  });
  // A loss that nobody listens for would end the process. Before its holder does, the next query tells.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
