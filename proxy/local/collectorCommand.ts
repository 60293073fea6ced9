/** `portcullis collector`: the central service, on a PostgreSQL of yours or an embedded one, until it is stopped. */
import type { KeyObject } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cosignatureType, parseNoteKey } from '../audit/log/signedNote.ts';
import { startCollector } from '../collector/collector.ts';
import type { CatalogConnection } from '../collector/parts.ts';
import { readRetentionFile } from '../collector/retention/retentionPolicy.ts';
import { readOrMakeSigningKeys, readSigningKeys } from '../collector/signingKeys.ts';
import { readSinksFile } from '../collector/sinks/sinksFile.ts';
import { createStructuredLog } from '../collector/structuredLog.ts';
import type { Witness } from '../collector/witness.ts';
import { fetchProviderMetadata } from '../identity/providerMetadata.ts';
import type { Log, LogLevel } from '../kit/log.ts';
import { freePortOr } from '../kit/ports.ts';
import { isMaskingFile } from '../policy/masking/maskingFile.ts';
import { makePolicy } from '../policy/policyEngine.ts';
import { type PolicyTexts, readPolicyTexts } from '../policy/policyFiles.ts';
import { connectionsFileName, readConnectionsFile } from './connectionsFile.ts';
import { joinLink } from './editorHint.ts';
import { followPolicyFolder } from './policyFolder.ts';
import { startLocalServer } from './server/localServer.ts';
import {
  audience as defaultAudience,
  clientId as defaultClientId,
  signingKeyFile,
} from './services/startServices.ts';
import { runUntilStopped } from './untilStopped.ts';
import { loadUpState } from './upState.ts';
import { dataFolder } from './userFolders.ts';

export interface CollectorOptions {
  readonly issuer: string;
  readonly 'client-id'?: string | undefined;
  readonly audience?: string | undefined;
  readonly 'database-url'?: string | undefined;
  readonly data?: string | undefined;
  readonly policy?: string | undefined;
  readonly 'signing-key'?: string | undefined;
  readonly 'replace-signing-key': boolean;
  readonly witness?: string | undefined;
  readonly 'witness-key'?: string | undefined;
  readonly sinks?: string | undefined;
  readonly retention?: string | undefined;
  readonly 'log-level': LogLevel;
  readonly port?: number | undefined;
  readonly json: boolean;
}

/** Where it listens unless told, so that join links go on working; any free port where this one is taken. */
const usualPort = 7677;

/** Runs until a signal; answers the exit code. Rejects, with nothing left running, where it cannot start. */
export function runCollector(options: CollectorOptions): Promise<number> {
  const { log, logger } = createStructuredLog(options['log-level']);
  return runUntilStopped(log, async ({ closers, stopping }) => {
    await checkProvider(options.issuer);
    checkAudience(options.audience);
    const witnesses = readWitness(options.witness, options['witness-key']);
    const sinks = options.sinks === undefined ? [] : readSinksFile(options.sinks, process.env);
    const retention = options.retention === undefined ? undefined : readRetentionFile(options.retention);
    const signingKeys = readKeys(options);
    const { connections, policyTexts, policyFolder } = await readGovernance(options.policy, log);
    const databaseUrl = options['database-url'] ?? (await startStore(options.data, log, closers));
    if (stopping.aborted) return;
    const collector = await startCollector({
      databaseUrl,
      issuer: options.issuer,
      audience: options.audience ?? defaultAudience,
      clientId: options['client-id'] ?? defaultClientId,
      connections,
      policyFiles: policyTexts.files,
      signingKeys,
      mayReplaceKeys: options['replace-signing-key'],
      witnesses,
      sinks,
      ...(retention !== undefined && { retention }),
      port: options.port ?? (await freePortOr(usualPort)),
      log,
      logger,
    });
    closers.push(() => collector.stop());
    if (policyFolder !== undefined) {
      const directory = resolve(policyFolder);
      closers.push(
        followPolicyFolder({ directory, collector, texts: policyTexts, say: (text) => log.info(text) }),
      );
    }
    const { url } = collector;
    // The audience is the address that others know, where it is one.
    const known = options.audience ?? url;
    const ready = { ready: true, url, join: joinLink(known) };
    process.stdout.write(
      options.json ? `${JSON.stringify(ready)}\n` : describeReady(url, known, connections),
    );
  });
}

/** Without its provider nobody can sign in: better said now than to the first who tries. */
async function checkProvider(issuer: string): Promise<void> {
  await fetchProviderMetadata(issuer).catch((error: Error) => {
    const reason =
      error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
    throw new Error(
      `the identity provider ${issuer} cannot be used: ${reason}\n  --issuer is what its /.well-known/openid-configuration calls "issuer"`,
    );
  });
}

/** What the collector hands out: the connections and the policy texts, both checked. */
/** Proxies ask for tokens for no audience but the address that they know the collector by. */
function checkAudience(audience: string | undefined): void {
  if (audience === undefined || (URL.canParse(audience) && new URL(audience).protocol === 'https:')) return;
  throw new Error(
    `--audience ${audience} is not the address of a collector: give the one by which others reach it, https://…`,
  );
}

async function readGovernance(
  folder: string | undefined,
  log: Log,
): Promise<{
  connections: readonly CatalogConnection[];
  policyTexts: PolicyTexts;
  /** Undefined for the default policy. */
  policyFolder: string | undefined;
}> {
  const connections = folder === undefined ? undefined : readConnectionsFile(folder, process.env);
  if (folder === undefined) {
    log.info(
      `no --policy: the default policy, and no connections (${connectionsFileName} in that folder names them)`,
    );
  } else if (connections === undefined) {
    log.info(`there is no ${connectionsFileName} in ${folder}: no connections`);
  }
  // A folder with connections alone is no mistake; one with nothing is, and is refused as it is read.
  const isWithoutPolicy = connections !== undefined && folder !== undefined && !hasPolicies(folder);
  if (isWithoutPolicy) log.info(`no file in ${folder} ends with .cedar: the default policy`);
  const policyFolder = isWithoutPolicy ? undefined : folder;
  const policyTexts = await readPolicyTexts(policyFolder);
  (await makePolicy(policyTexts)).release(); // a policy that cannot be used would stop every proxy
  return { connections: connections ?? [], policyTexts, policyFolder };
}

function hasPolicies(folder: string): boolean {
  return readdirSync(folder, { recursive: true }).some(
    (name) => String(name).toLowerCase().endsWith('.cedar') || isMaskingFile(String(name)),
  );
}

/** The key file is made where none is named: several collectors over one store have to be given the same. */
function readKeys(options: CollectorOptions): readonly KeyObject[] {
  if (options['signing-key'] !== undefined) return readSigningKeys(options['signing-key']);
  const folder = ownFolder(options.data);
  return readOrMakeSigningKeys(join(folder, signingKeyFile));
}

function readWitness(address: string | undefined, key: string | undefined): readonly Witness[] {
  if (address === undefined || key === undefined) return [];
  const isUrl = URL.canParse(address) && /^https?:$/.test(new URL(address).protocol);
  if (!isUrl) throw new Error(`--witness ${address} is not the address of a witness: https://…`);
  const witnessKey = parseNoteKey(key);
  if (witnessKey.type !== cosignatureType) {
    throw new Error(`--witness-key ${key} is a key for notes, not for cosignatures (C2SP tlog-cosignature)`);
  }
  return [{ url: address.replace(/\/+$/, ''), key: witnessKey }];
}

function ownFolder(wanted: string | undefined): string {
  const folder = wanted === undefined ? join(dataFolder(), 'collector') : resolve(wanted);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** The embedded PostgreSQL, where no other is named. */
async function startStore(
  wanted: string | undefined,
  log: Log,
  closers: (() => Promise<void>)[],
): Promise<string> {
  const data = ownFolder(wanted);
  log.info(`starting the embedded PostgreSQL in ${data}`);
  const { serverPassword, rolePassword, collectorPassword } = loadUpState(data, []);
  const server = await startLocalServer({
    dataDir: join(data, 'postgres'),
    passwords: { server: serverPassword, role: rolePassword, collector: collectorPassword },
    log,
  });
  closers.push(() => server.stop());
  return server.collectorStore();
}

function describeReady(url: string, known: string, connections: readonly CatalogConnection[]): string {
  const governed = connections.map(({ name, environment }) => `${name} (${environment})`).join(', ');
  return `
The collector is at ${url}
Connections: ${governed === '' ? 'none' : governed}

To join in the editor, open
  ${joinLink(known)}
Without it: portcullis proxy --collector ${known}

It listens on this machine only. For others, put a server with TLS in front, and its address into --audience.
Ctrl-C stops it.
`;
}
