/** The services of `portcullis up`: the development provider and the collector, on their embedded store. */

import { join } from 'node:path';
import { type RunningCollector, startCollector } from '../../collector/collector.ts';
import { readOrMakeSigningKeys } from '../../collector/signingKeys.ts';
import { readSinksFile } from '../../collector/sinks/sinksFile.ts';
import type { Identity } from '../../identity/identity.ts';
import type { Log } from '../../kit/log.ts';
import { freePortOr } from '../../kit/ports.ts';
import type { PolicyFile } from '../../policy/policyFiles.ts';
import type { ConnectionSettings } from '../../session/governedConnection.ts';
import {
  type DevelopmentProvider,
  startDevelopmentProvider,
} from '../developmentProvider/developmentProvider.ts';
import type { UpState } from '../upState.ts';

export const audience = 'urn:portcullis:collector';
export const clientId = 'portcullis';
/** In the data folder, beside the embedded store. */
export const signingKeyFile = 'log-signing-key.pem';

export interface ServicesOptions {
  readonly data: string;
  readonly state: UpState;
  readonly people: readonly { readonly user: string; readonly identity: Identity }[];
  readonly storeUrl: string;
  readonly connections: readonly ConnectionSettings[];
  readonly policyFiles: readonly PolicyFile[];
  /** Path of the file that says where events are handed on. */
  readonly sinksFile?: string | undefined;
}

export interface Services {
  readonly provider: DevelopmentProvider;
  readonly collector: RunningCollector;
}

/** `closers` is given what undoes each step, as it is done. */
export async function startServices(
  options: ServicesOptions,
  log: Log,
  closers: (() => Promise<void>)[],
): Promise<Services> {
  const { data, state, people } = options;
  const provider = await startDevelopmentProvider({
    port: await freePortOr(state.providerPort),
    people: people.map(({ user, identity }) => ({
      email: identity.email,
      groups: identity.groups,
      password: state.logins[user] ?? '',
    })),
    clientId,
    audience,
    dataDirectory: data,
    log,
  });
  closers.push(() => provider.stop());
  const collector = await startCollector({
    databaseUrl: options.storeUrl,
    issuer: provider.issuer,
    audience,
    clientId,
    connections: options.connections,
    policyFiles: options.policyFiles,
    signingKeys: readOrMakeSigningKeys(join(data, signingKeyFile)),
    sinks: options.sinksFile === undefined ? [] : readSinksFile(options.sinksFile, process.env),
    port: await freePortOr(state.collectorPort),
    log,
  });
  closers.push(() => collector.stop());
  return { provider, collector };
}
