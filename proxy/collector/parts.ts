/** What the routes are given: settings as they are kept while running, the store, and what tells about changes. */
import type { Changes } from './changes.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { Own } from './own/own.ts';
import { Problem } from './problem.ts';
import type { Store } from './store/store.ts';
import type { Witness } from './witness.ts';

/** A governed database target. */
export interface CatalogConnection {
  readonly name: string;
  readonly environment: string;
  /** With credentials. Leaves the collector in leases only. */
  readonly url: string;
}

export interface Policy {
  /** Hex SHA-256 over names and texts, shortened. */
  readonly version: string;
  readonly files: readonly { readonly name: string; readonly text: string }[];
}

export interface Parts {
  readonly store: Store;
  readonly changes: Changes;
  readonly checkpoints: Checkpoints;
  readonly own: Own;
  readonly witnesses: readonly Witness[];
  readonly discovery: { readonly issuer: string; readonly clientId: string; readonly audience: string };
  readonly connections: ReadonlyMap<string, CatalogConnection>;
  /** Names of the sinks that this collector was given. */
  readonly sinks: readonly string[];
  readonly policy: Policy;
  readonly requestLifetimeMs: number;
  readonly heartbeatMs: number;
}

/** @throws Problem 404 where the catalog has no such connection */
export function requireConnection(parts: Parts, name: string): CatalogConnection {
  const connection = parts.connections.get(name);
  if (connection !== undefined) return connection;
  throw new Problem(404, `No connection is named "${name}". GET /v1/catalog lists them.`);
}
