/** `portcullis doctor`: says in words what works, what does not, and what to do about it. */
import { statfsSync } from 'node:fs';
import { Client } from 'pg';
import { readRunningState } from '../runningState.ts';
import { findPostgresBinaries } from '../server/postgresBinaries.ts';
import { bad, type Finding, good, note, signs } from './doctorFinding.ts';
import { checkControlSocket, checkSignIn } from './doctorSignIn.ts';

const smallestNode = [20, 12] as const;
const lowDiskBytes = 200 * 1024 * 1024;

/** Answers the exit code: 0 where all is well, 1 otherwise. */
export async function runDoctor(): Promise<number> {
  const control = await checkControlSocket();
  const findings = [
    checkNode(),
    checkBinaries(),
    ...(await checkProxy(control.isRunning)),
    ...control.findings,
    ...(await checkSignIn(control.collector)),
  ];
  for (const { kind, text } of findings) process.stdout.write(`${signs[kind]} ${text}\n`);
  return findings.some(({ kind }) => kind === 'bad') ? 1 : 0;
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isEnough = major > smallestNode[0] || (major === smallestNode[0] && minor >= smallestNode[1]);
  if (isEnough) return good(`Node.js ${process.versions.node}`);
  return bad(`Node.js ${process.versions.node} is too old: install ${smallestNode.join('.')} or newer`);
}

function checkBinaries(): Finding {
  try {
    return good(`the embedded PostgreSQL is in ${findPostgresBinaries()}`);
  } catch (error) {
    return bad(
      `${(error as Error).message}\n  Your own database still works: portcullis up --target postgres://…`,
    );
  }
}

/** @param isInEditor a proxy answers on the control socket: that may be all there is */
async function checkProxy(isInEditor: boolean): Promise<Finding[]> {
  const state = readRunningState();
  if (state === undefined) {
    if (isInEditor) return [note('no proxy was started on the command line; the one below is the editor’s')];
    return [
      bad(
        'no proxy is running for this user\n  Start one: portcullis up, or portcullis proxy --collector URL',
      ),
    ];
  }
  const findings = [good(`a proxy is running (process ${state.pid}), its data is in ${state.data}`)];
  const { bavail, bsize } = statfsSync(state.data);
  const free = bavail * bsize;
  const freeText = `${Math.round(free / 1024 / 1024)} MB are free for the journal`;
  findings.push(
    free > lowDiskBytes
      ? good(freeText)
      : bad(`only ${freeText}\n  When it is full, no statement runs: make room`),
  );
  if (state.policyProblem !== undefined) findings.push(bad(state.policyProblem));
  for (const connection of state.connections) findings.push(await checkConnection(connection));
  return findings;
}

async function checkConnection({
  name,
  environment,
  url,
}: {
  name: string;
  environment: string;
  url: string;
}) {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    application_name: 'portcullis doctor',
  });
  try {
    const started = performance.now();
    await client.connect();
    const { rows } = await client.query('SHOW server_version');
    const millis = Math.round(performance.now() - started);
    return good(`${name} (${environment}) answers: PostgreSQL ${rows[0]?.server_version}, ${millis} ms`);
  } catch (error) {
    return bad(`${name} (${environment}) does not answer: ${(error as Error).message}`);
  } finally {
    await client.end().catch(() => undefined);
  }
}
