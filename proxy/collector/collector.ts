/** The central service: builds the parts, brings the store up to date, listens, and stops in order. */
import { createHash, type KeyObject, randomUUID } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import type { Log } from '../kit/log.ts';
import { makeApp } from './app.ts';
import { announce, startChanges } from './changes.ts';
import { Checkpoints } from './checkpoints.ts';
import { startOwn } from './own/own.ts';
import type { CatalogConnection, Parts, Policy } from './parts.ts';
import { keepRetention, startMaintenance } from './retention/maintenance.ts';
import type { RetentionPolicy } from './retention/retentionPolicy.ts';
import type { SinkSettings } from './sinks/sink.ts';
import type { SinkTimes } from './sinks/sinkRunner.ts';
import { startSinks } from './sinks/sinks.ts';
import { openLog } from './store/logKeys.ts';
import { migrate } from './store/migrate.ts';
import { ensurePartitions } from './store/partitions.ts';
import { keepPolicy } from './store/policies.ts';
import { openStore } from './store/store.ts';
import { startWitnessing, type Witness } from './witness.ts';

export interface CollectorSettings {
  readonly databaseUrl: string;
  /** OIDC: who signs the tokens, for whom they are, and as which client people sign in. */
  readonly issuer: string;
  readonly audience: string;
  readonly clientId: string;
  readonly connections: readonly CatalogConnection[];
  readonly policyFiles: Policy['files'];
  /** Ed25519, private: all of them sign the log. The same for all collectors of one store. */
  readonly signingKeys: readonly KeyObject[];
  /** Takes the keys though the log is signed by others, none of which is among them. */
  readonly mayReplaceKeys?: boolean;
  /** Asked to cosign the log once a minute, unless told, where it has grown. */
  readonly witnesses?: readonly Witness[];
  readonly witnessMs?: number;
  /** Where events are handed on to. */
  readonly sinks?: readonly SinkSettings[];
  readonly sinkTimes?: Partial<SinkTimes>;
  /** How long events are kept: for ever unless told. */
  readonly retention?: RetentionPolicy;
  /** Between looks after the store: an hour unless told. */
  readonly maintenanceMs?: number;
  /** 0: a free one. */
  readonly port: number;
  /** 127.0.0.1 unless told: TLS is the business of what stands in front. */
  readonly host?: string;
  /** How long a request may be reviewed and used: an hour unless told. */
  readonly requestLifetimeMs?: number;
  /** Between comments on quiet streams: 15 s unless told. */
  readonly heartbeatMs?: number;
  readonly log: Log;
  /** Where it logs as a service does: one that belongs to the same stream as `log`. */
  readonly logger?: FastifyBaseLogger;
}

export interface RunningCollector {
  readonly url: string;
  readonly port: number;
  /** Hands out other policy files from now on, and tells everybody. They are taken as they are: check them first. */
  usePolicy(files: Policy['files']): Promise<void>;
  /** Ends streams, finishes what is being answered, closes the store. Safe to call again. */
  stop(): Promise<void>;
}

/** What is still being answered after this long is cut off. */
const stopPatienceMs = 5_000;

/** @throws Error in words where settings contradict each other, the store cannot be used, or the port is taken */
export async function startCollector(settings: CollectorSettings): Promise<RunningCollector> {
  const { databaseUrl, host = '127.0.0.1', sinks = [] } = settings;
  const log = settings.log.named('collector');
  const connections = indexConnections(settings.connections);
  const store = openStore(databaseUrl, log);
  const undo: (() => Promise<void>)[] = [() => store.close()];
  try {
    await migrateAt(databaseUrl, log).catch((error: unknown) => {
      throw new Error(`The collector's store cannot be used: ${wordsOf(error)}`, { cause: error });
    });
    const identity = await openLog(
      store,
      proposeOrigin(settings.audience),
      settings.signingKeys,
      settings.mayReplaceKeys ?? false,
    );
    const checkpoints = new Checkpoints(identity, store, log);
    const own = startOwn(store, identity.origin, log);
    undo.unshift(() => own.stop());
    const changes = await startChanges(databaseUrl, log);
    undo.unshift(() => changes.stop());
    let policy = makePolicy(settings.policyFiles);
    await keepPolicy(store, own.events, policy.files);
    await keepRetention(store, own.events, settings.retention);
    const parts: Parts = {
      store,
      changes,
      checkpoints,
      own,
      witnesses: settings.witnesses ?? [],
      discovery: { issuer: settings.issuer, clientId: settings.clientId, audience: settings.audience },
      connections,
      sinks: sinks.map(({ name }) => name),
      get policy() {
        return policy;
      },
      requestLifetimeMs: settings.requestLifetimeMs ?? 60 * 60 * 1000,
      heartbeatMs: settings.heartbeatMs ?? 15_000,
    };
    undo.unshift(startSinks(sinks, store, log, settings.sinkTimes));
    const app = await makeApp(parts, log, settings.logger);
    undo.unshift(async () => {
      const cutOff = setTimeout(() => app.server.closeAllConnections(), stopPatienceMs);
      await app.close();
      clearTimeout(cutOff);
    });
    await app.listen({ port: settings.port, host });
    undo.unshift(
      startMaintenance({
        databaseUrl,
        store,
        own: own.events,
        connections,
        retention: settings.retention,
        sinks,
        intervalMs: settings.maintenanceMs,
        log,
      }),
    );
    if (parts.witnesses.length > 0) {
      const { witnesses } = parts;
      undo.unshift(
        startWitnessing({ checkpoints, store, witnesses, intervalMs: settings.witnessMs ?? 60_000, log }),
      );
    }
    // A restart is how the catalog changes, and one of the ways in which policy does.
    await announce(store, 'catalog');
    await announce(store, 'policy');
    const address = app.server.address();
    const port = typeof address === 'object' && address !== null ? address.port : settings.port;
    let stopped: Promise<void> | undefined;
    return {
      url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
      port,
      usePolicy: async (files) => {
        const next = makePolicy(files);
        if (next.version === policy.version) return;
        policy = next;
        await keepPolicy(store, own.events, next.files).catch((error) =>
          log.warn('the new policy could not be kept for evidence; it is kept with the next bundle', error),
        );
        // Where the store is away, everybody is told of everything once it is back.
        await announce(store, 'policy').catch((error) =>
          log.warn('nobody could be told of the new policy', error),
        );
      },
      stop: () => {
        stopped ??= undoAll(undo);
        return stopped;
      },
    };
  } catch (error) {
    await undoAll(undo).catch(() => undefined);
    throw error;
  }
}

/** By a connection of its own, which waits as long as a large store takes. */
async function migrateAt(databaseUrl: string, log: Log): Promise<void> {
  const store = openStore(databaseUrl, log, true);
  try {
    await migrate(store);
    await ensurePartitions(store);
  } finally {
    await store.close();
  }
}

async function undoAll(steps: readonly (() => Promise<void>)[]): Promise<void> {
  for (const step of steps) await step();
}

function indexConnections(connections: readonly CatalogConnection[]): ReadonlyMap<string, CatalogConnection> {
  const byName = new Map(connections.map((connection) => [connection.name, connection]));
  if (byName.size === connections.length) return byName;
  throw new Error('Two connections have the same name. Give each a name of its own.');
}

/** A log's name is a URL without its scheme (C2SP tlog-tiles), where the collector has one that others know. */
function proposeOrigin(audience: string): string {
  if (!audience.startsWith('https://') || !URL.canParse(audience)) return `localhost/${randomUUID()}`;
  const { host, pathname } = new URL(audience);
  return `${host}${pathname}`.replace(/\/+$/, '').replaceAll('+', '%2B');
}

function makePolicy(files: Policy['files']): Policy {
  const hash = createHash('sha256');
  for (const part of files.flatMap(({ name, text }) => [name, text])) {
    // Lengths keep two different lists of parts from having the same bytes.
    hash.update(`${Buffer.byteLength(part)}:`).update(part);
  }
  return { version: hash.digest('hex').slice(0, 32), files };
}

/** An AggregateError (one per address tried) has no message of its own. */
function wordsOf(error: unknown): string {
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message : String(first);
}
