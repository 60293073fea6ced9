/** What `portcullis doctor` says of the control socket, the collector, the sign-in and the keychain. */
import { connect } from 'node:net';
import { createMessageConnection, SocketMessageReader, SocketMessageWriter } from 'vscode-jsonrpc/node';
import type { ControlRequests, ProxyStatus } from '../../control/messages.ts';
import { fetchCollectorDiscovery, fetchProviderMetadata } from '../../identity/providerMetadata.ts';
import { describeKeychainTrouble, openTokenStore } from '../../identity/tokenStore.ts';
import { readRememberedCollector } from '../proxyCommand.ts';
import { controlSocket, dataFolder } from '../userFolders.ts';
import { bad, type Finding, good, note } from './doctorFinding.ts';

const patienceMs = 3_000;

export interface ControlFindings {
  readonly findings: readonly Finding[];
  readonly isRunning: boolean;
  /** Where the proxy that answered is signed in. */
  readonly collector?: string;
}

/** Asks the proxy of the editor, or of `portcullis proxy`, how it is. */
export async function checkControlSocket(): Promise<ControlFindings> {
  const path = controlSocket();
  const status = await askStatus(path).catch((error: NodeJS.ErrnoException) => error);
  if (!(status instanceof Error)) {
    const { collector } = status;
    return {
      isRunning: true,
      findings: describeStatus(status),
      ...(collector === undefined ? {} : { collector }),
    };
  }
  // ECONNREFUSED: left behind by a crash; the next proxy takes its place.
  const isAbsent = status.code === 'ENOENT' || status.code === 'ECONNREFUSED';
  const finding = isAbsent
    ? note(`no proxy of the editor or of portcullis proxy listens on ${path}`)
    : bad(
        `the control socket ${path} does not answer: ${status.message}\n  End that proxy, then reload the editor.`,
      );
  return { isRunning: false, findings: [finding] };
}

function askStatus(path: string): Promise<ProxyStatus> {
  const socket = connect(path);
  const timer = setTimeout(() => socket.destroy(new Error('it was silent for too long')), patienceMs);
  return new Promise<ProxyStatus>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('it closed the connection')));
    socket.once('connect', () => {
      const channel = createMessageConnection(
        new SocketMessageReader(socket),
        new SocketMessageWriter(socket),
      );
      channel.onError(() => undefined); // the socket says the same
      channel.listen();
      const hello: ControlRequests['hello']['params'] = { version: 1, client: 'portcullis doctor' };
      channel.sendRequest<ProxyStatus>('hello', hello).then(resolve, reject);
    });
  }).finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}

function describeStatus(status: ProxyStatus): Finding[] {
  const { pid, state, identity, collector, connections, problem, policyProblem } = status;
  const whose = `the proxy of process ${pid}`;
  const reason = problem === undefined ? '' : `: ${problem.message}`;
  switch (state) {
    case 'running':
      return [
        good(`${whose} answers on the control socket, signed in as ${identity?.email} at ${collector}`),
        ...connections
          .filter((connection) => connection.state === 'failed')
          .map((connection) => bad(`${connection.name} is not open: ${connection.problem?.message ?? ''}`)),
        ...(policyProblem === undefined ? [] : [bad(`${policyProblem.message}\n  ${policyProblem.hint}`)]),
      ];
    case 'starting':
      return [problem === undefined ? note(`${whose} is starting`) : bad(`${whose} is waiting${reason}`)];
    case 'expired':
      return [
        bad(`${whose} refuses statements: the sign-in of ${identity?.email} has expired\n  Sign in again.`),
      ];
    case 'signedOut':
      return [
        bad(
          `${whose} answers, but nobody is signed in${reason}\n  Sign in: in the editor, or by portcullis proxy`,
        ),
      ];
  }
}

/** @param running where the proxy that runs is signed in; else what `portcullis proxy` was last told counts */
export async function checkSignIn(running: string | undefined): Promise<Finding[]> {
  const data = dataFolder();
  const trouble = await describeKeychainTrouble();
  const keychain =
    trouble === undefined
      ? good('the keychain can be used; portcullis proxy keeps sign-ins there')
      : note(`no keychain can be used (${trouble}): portcullis proxy keeps sign-ins in a file in ${data}`);
  const remembered = readRememberedCollector(data);
  const findings = [keychain];
  const collector = running ?? remembered;
  if (collector === undefined) {
    return [
      ...findings,
      note('no collector is known here; portcullis proxy --collector URL signs in at one'),
    ];
  }
  findings.push(await checkCollector(collector));
  if (remembered !== undefined) findings.push(await checkKept(data, remembered));
  return findings;
}

async function checkCollector(collector: string): Promise<Finding> {
  const what = `the collector at ${collector}`;
  try {
    const { issuer } = await fetchCollectorDiscovery(collector);
    return await fetchProviderMetadata(issuer).then(
      () => good(`${what} answers, and so does its identity provider ${issuer}`),
      (error: Error) =>
        bad(
          `the identity provider ${issuer} does not answer as it should: ${error.message}\n  Nobody can sign in; tell who runs it.`,
        ),
    );
  } catch (error) {
    return bad(
      `${(error as Error).message}\n  Check the network and the address; statements are recorded here meanwhile.`,
    );
  }
}

async function checkKept(data: string, collector: string): Promise<Finding> {
  const kept = await openTokenStore({ dataDirectory: data, notice: () => undefined }).read(collector);
  if (kept === undefined) {
    return note(`no sign-in at ${collector} is kept; portcullis proxy --collector ${collector} begins one`);
  }
  const isOver = Date.parse(kept.expiresAt) <= Date.now();
  if (kept.refreshToken === undefined && isOver) return note(`the sign-in kept for ${collector} has expired`);
  return good(`a sign-in at ${collector} is kept${isOver ? ', to be renewed at the next start' : ''}`);
}
