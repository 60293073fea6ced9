/** `portcullis up`: a database, the proxy in front of it, and people who may use it, all on this machine. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ApprovalDesk } from '../approvals/approvalDesk.ts';
import { readSinksFile } from '../collector/sinks/sinksFile.ts';
import { CollectorLink } from '../control/collectorLink.ts';
import type { LocalAccount } from '../identity/localAccounts.ts';
import { CollectorClient, CollectorRefusal } from '../kit/collectorClient.ts';
import { CollectorFeed } from '../kit/collectorFeed.ts';
import { createLog, type Log } from '../kit/log.ts';
import { freePortOr } from '../kit/ports.ts';
import { readPolicyTexts } from '../policy/policyFiles.ts';
import { startProxy } from '../startProxy.ts';
import { describeEditor } from './editorHint.ts';
import { followPolicyFolder } from './policyFolder.ts';
import { describeReady, type ReadyAnswer } from './readyAnswer.ts';
import { clearRunningState, writeRunningState } from './runningState.ts';
import { type LocalServer, startLocalServer } from './server/localServer.ts';
import { ServicesProcess } from './services/servicesProcess.ts';
import { loadUpState, saveUpState } from './upState.ts';

export const environments: readonly string[] = ['production', 'staging', 'development'];

export interface UpOptions {
  readonly target?: string | undefined;
  readonly environment: string;
  readonly as?: string | undefined;
  readonly policy?: string | undefined;
  readonly data?: string | undefined;
  /** Path of the file that says where events are handed on. */
  readonly sinks?: string | undefined;
  readonly port?: number | undefined;
  readonly json: boolean;
}

/** The people of the development provider: one for each group of the default policy that reads data. */
const people = [
  { user: 'dev', email: 'dev@example.com', groups: ['developers'] },
  { user: 'reviewer', email: 'reviewer@example.com', groups: ['reviewers'] },
  { user: 'admin', email: 'admin@example.com', groups: ['admins'] },
] as const;

/** What was started, newest last; `stop` undoes it in reverse. */
type Closers = (() => Promise<void>)[];

/** Runs until SIGINT or SIGTERM; answers the exit code. Rejects, with nothing left running, where it cannot start. */
export async function runUp(options: UpOptions): Promise<number> {
  const log = createLog('warn');
  const closers: Closers = [];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) {
      await close().catch((error) => log.error('something did not stop in order', error));
    }
  };
  const stopped = onceAskedToStop();
  try {
    const ready = start(options, log, closers);
    // Asked to stop while still starting: finish the step under way, then undo all.
    await Promise.race([ready, stopped]);
    const answer = await ready;
    process.stdout.write(
      options.json ? `${JSON.stringify(answer)}\n` : describeReady(answer, describeEditor(answer.collector)),
    );
    await stopped;
    if (!options.json) process.stdout.write('\nStopping.\n');
    return 0;
  } finally {
    await stop();
  }
}

async function start(options: UpOptions, log: Log, closers: Closers): Promise<ReadyAnswer> {
  const whose = people.find(
    ({ email, user }) => options.as === undefined || [email, user as string].includes(options.as),
  );
  if (whose === undefined) {
    throw new Error(`--as takes one of ${people.map(({ email }) => email).join(', ')}, not "${options.as}"`);
  }
  const progress = (step: string) => process.stderr.write(`… ${step}\n`);
  // Read where it is used; looked at here, before anything is made or started in vain.
  if (options.sinks !== undefined) readSinksFile(options.sinks, process.env);
  const data = prepareData(options.data, closers);
  const state = loadUpState(
    data,
    people.map(({ user }) => user),
  );
  const policyTexts = await readPolicyTexts(options.policy);
  const services = new ServicesProcess(log);
  closers.push(() => services.stop());
  progress('starting PostgreSQL');
  const { serverPassword, rolePassword, collectorPassword } = state;
  const server = await startLocalServer({
    dataDir: join(data, 'postgres'),
    passwords: { server: serverPassword, role: rolePassword, collector: collectorPassword },
    log,
  });
  closers.push(() => server.stop());
  const target = await findTarget(options, server, progress);
  const { environment } = options;
  const connections = [{ name: target.name, environment, url: target.url }];
  progress('starting the identity provider and the collector');
  const identities = people.map(({ user, email, groups }) => ({
    user,
    identity: { subject: email, email, groups: [...groups] },
  }));
  const storeUrl = await server.collectorStore();
  closers.push(() => services.stop()); // before the server that it stores in
  const started = await services.start({
    data,
    state,
    people: identities,
    storeUrl,
    connections,
    policyFiles: policyTexts.files,
    sinksFile: options.sinks,
  });
  const clientOf = (token: () => Promise<string>) =>
    new CollectorClient({ url: started.collectorUrl, token });
  const service = clientOf(() => services.tokenForProxy());
  const feed = new CollectorFeed(service, log);
  closers.push(() => feed.stop());
  const accounts: LocalAccount[] = identities.map(({ user, identity }) => ({
    user,
    password: state.passwords[user] ?? '',
    identity,
    desk: new ApprovalDesk(
      clientOf(() => services.tokenFor(identity.email)),
      feed,
    ),
  }));
  const proxy = await startProxy({
    dataDirectory: data,
    policyTexts,
    connections,
    accounts,
    port: options.port ?? (await freePortOr(state.port)),
    log,
    collector: { client: service, feed },
    onProgress: progress,
  });
  closers.push(() => proxy.stop());
  saveUpState(data, {
    ...state,
    port: proxy.port,
    providerPort: started.providerPort,
    collectorPort: started.collectorPort,
  });
  const link = new CollectorLink({ proxy, client: service, dataDirectory: data, log });
  closers.push(() => link.stop());
  await link.watch(target.name);
  if (options.target === undefined) await acceptFirstBaseline(service, target.name);
  const urlOf = (user: string) =>
    `postgres://${user}:${state.passwords[user]}@127.0.0.1:${proxy.port}/${encodeURIComponent(target.name)}`;
  const connection = { name: target.name, environment, url: urlOf(whose.user), direct: target.direct };
  const running = { pid: process.pid, data, connections: [connection] };
  writeRunningState(running);
  closers.push(async () => clearRunningState());
  if (options.policy !== undefined) {
    const directory = resolve(options.policy);
    const onProblem = (policyProblem: string | undefined) => writeRunningState({ ...running, policyProblem });
    closers.push(
      followPolicyFolder({
        directory,
        proxy,
        collector: services,
        texts: policyTexts,
        say: progress,
        onProblem,
      }),
    );
  }
  return {
    ready: true,
    connections: [connection],
    identities: await Promise.all(
      people.map(async ({ user, email, groups }) => ({
        email,
        groups: [...groups],
        password: state.logins[user] ?? '',
        token: await services.tokenFor(email),
        url: urlOf(user),
      })),
    ),
    collector: started.collectorUrl,
    issuer: started.issuer,
    data,
  };
}

/** What the demo looks like when it is made is what it should look like. */
async function acceptFirstBaseline(service: CollectorClient, connection: string): Promise<void> {
  const path = `/v1/baselines/${encodeURIComponent(connection)}`;
  try {
    await service.call('GET', path);
  } catch (error) {
    if (!CollectorRefusal.is(error, 404)) throw error;
    await service.call('POST', path, { from: 'live' });
  }
}

/** `direct` is for people who set things up beside the proxy; `url` is what the proxy itself logs in with. */
interface Target {
  readonly name: string;
  readonly url: string;
  readonly direct: string;
}

async function findTarget(
  options: UpOptions,
  server: LocalServer,
  progress: (step: string) => void,
): Promise<Target> {
  if (options.target === undefined) return { name: 'demo', ...(await server.demo(progress)) };
  const url = readTargetUrl(options.target);
  return { name: decodeURIComponent(url.pathname.slice(1)) || url.username, url: url.href, direct: url.href };
}

function readTargetUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error('--target is not a URL; it looks like postgres://user:password@host:5432/database');
  }
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') {
    throw new Error(`--target begins with postgres://, not ${url.protocol}//`);
  }
  return url;
}

/** The folder asked for, or a new one whose database goes when we stop while its journal stays. */
function prepareData(wanted: string | undefined, closers: Closers): string {
  if (wanted !== undefined) {
    const data = resolve(wanted);
    mkdirSync(data, { recursive: true, mode: 0o700 });
    return data;
  }
  const data = mkdtempSync(join(tmpdir(), 'portcullis-'));
  closers.push(async () => {
    rmSync(join(data, 'postgres'), { recursive: true, force: true });
  });
  return data;
}

/** Resolves at the first SIGINT or SIGTERM. Signals after it change nothing: stopping is under way. */
function onceAskedToStop(): Promise<void> {
  return new Promise((settle) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => settle());
  });
}
