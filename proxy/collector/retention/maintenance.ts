/** What the store needs now and then: months made ahead, keys forgotten, events removed whose time is over. */
import type { Log } from '../../kit/log.ts';
import type { OwnEvents, OwnFields } from '../own/ownEvents.ts';
import { compareFiles, readOperator } from '../own/policyChanges.ts';
import type { CatalogConnection } from '../parts.ts';
import { forgetKeys } from '../store/appendOwn.ts';
import { ensurePartitions } from '../store/partitions.ts';
import { openStore, type Store } from '../store/store.ts';
import { applyRetention } from './applyRetention.ts';
import { type RetentionPolicy, versionOfRetention } from './retentionPolicy.ts';
import type { WaitingSink } from './sinksWait.ts';

export interface MaintenanceOptions {
  readonly databaseUrl: string;
  readonly store: Store;
  readonly own: OwnEvents;
  readonly connections: ReadonlyMap<string, CatalogConnection>;
  /** Undefined: everything is kept. */
  readonly retention: RetentionPolicy | undefined;
  readonly sinks: readonly WaitingSink[];
  /** An hour unless told. */
  readonly intervalMs?: number | undefined;
  readonly log: Log;
}

const hourMs = 3_600_000;

/** Begins at once. @returns what ends it, after what is being done */
export function startMaintenance(options: MaintenanceOptions): () => Promise<void> {
  const { log, intervalMs = hourMs } = options;
  let running: Promise<void> | undefined;
  const run = (): void => {
    running ??= maintain(options)
      .catch((error: unknown) => log.warn('the store could not be looked after; trying again later', error))
      .finally(() => {
        running = undefined;
      });
  };
  run();
  const timer = setInterval(run, intervalMs).unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}

async function maintain({
  databaseUrl,
  store,
  own,
  connections,
  retention,
  sinks,
  log,
}: MaintenanceOptions): Promise<void> {
  await ensurePartitions(store);
  await forgetKeys(store);
  if (retention === undefined) return;
  // A month may hold more than is looked through in the time that a request may take.
  const patient = openStore(databaseUrl, log, true);
  try {
    const now = new Date();
    const run = {
      store: patient,
      own,
      policy: retention,
      connections: connections.values(),
      sinks,
      now,
      log,
    };
    const removed = await applyRetention(run);
    if (removed > 0) log.info(`${removed} events were removed by retention policy ${retention.name}`);
  } finally {
    await patient.close();
  }
}

/** Together with the event that tells of the change; nothing where the store knows this one as the last. */
export async function keepRetention(
  store: Store,
  own: OwnEvents,
  policy: RetentionPolicy | undefined,
): Promise<void> {
  const version = policy === undefined ? 'none' : versionOfRetention(policy);
  await store.transaction((queries) =>
    own.recordIn(queries, async () => {
      const { rows } = await queries.query<{ version: string; policy: RetentionPolicy | null }>(
        'SELECT version, policy FROM portcullis.retention_policies ORDER BY id DESC LIMIT 1',
      );
      const [last] = rows;
      if ((last?.version ?? 'none') === version) return [];
      await queries.query('INSERT INTO portcullis.retention_policies (version, policy) VALUES ($1, $2)', [
        version,
        policy === undefined ? null : JSON.stringify(policy),
      ]);
      return [describeChange(last, version, policy)];
    }),
  );
}

function describeChange(
  last: { readonly version: string; readonly policy: RetentionPolicy | null } | undefined,
  to: string,
  policy: RetentionPolicy | undefined,
): OwnFields {
  const filesOf = (one: RetentionPolicy | null | undefined) =>
    one === null || one === undefined ? [] : [{ name: one.name, text: JSON.stringify(one) }];
  return {
    kind: 'policyChanged',
    identity: readOperator(),
    what: 'retention',
    ...(last !== undefined && { from: last.version }),
    to,
    files: compareFiles(filesOf(last?.policy), filesOf(policy)),
  };
}
