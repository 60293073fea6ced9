/** The `portcullis` command: finds the subcommand, reads its options, says plainly what is wrong. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { logLevels } from './kit/log.ts';
import { runCollector } from './local/collectorCommand.ts';
import { runDoctor } from './local/doctor/doctor.ts';
import { runEvidence } from './local/evidenceCommand.ts';
import { runPolicyCheck, runPolicyTest } from './local/policyCommand.ts';
import { runProxy } from './local/proxyCommand.ts';
import { runQuery } from './local/query.ts';
import { runServices } from './local/services/runServices.ts';
import { servicesCommand } from './local/services/servicesProcess.ts';
import { environments, runUp } from './local/up.ts';
import { runVerify } from './local/verifyCommand.ts';

const usage = `Usage: portcullis COMMAND

  up [--target URL] [--environment NAME] [--as EMAIL] [--policy DIR] [--data DIR] [--sinks FILE] [--port N] [--json]
        everything on one machine: a PostgreSQL with a demo database (or your own by --target) behind the proxy
  collector --issuer URL [--client-id ID] [--audience URL] [--database-url URL | --data DIR] [--policy DIR]
            [--signing-key FILE [--replace-signing-key]] [--witness URL --witness-key KEY] [--sinks FILE]
            [--retention FILE] [--log-level LEVEL] [--port N] [--json]
        the central service; --audience is the address by which others reach it, which tokens are made for (none is needed
        on one machine); --policy holds .cedar files and connections.json, a list of {name, environment, url | urlEnv};
        without --database-url it keeps an embedded PostgreSQL in --data; --signing-key signs the log of events (PEM,
        Ed25519; made where it is not given, the same for all collectors of one database); --witness cosigns it;
        --sinks says where events are handed on (webhook, OpenTelemetry, syslog, file); --retention how long they are
        kept (for ever unless told), by connection and environment, and what is held; --log-level is debug, info
        (as it is unless told), warn, error or silent: one line of JSON a message on standard error
  proxy --collector URL [--data DIR] [--json] [--sign-out]
        the local proxy for people without an editor: signs in through the browser; --sign-out forgets the sign-in
  query CONNECTION SQL
        run SQL through the running proxy and print a table
  policy check [DIR] [--json]
        validate the .cedar files of DIR: types, names, policies that never apply; warnings do not fail it
  policy test [DIR] [--json]
        run the cases of DIR's *.test.yaml files against its policies, without a database
        (both without DIR: the default policy)
  verify PATH [--key KEY] [--json]
        check a journal's folder or an evidence bundle, offline: whether it is what was recorded (integrity), and all of
        it (completeness). --key is the log's key as you know it from elsewhere. Exit 0 only where both hold
  evidence --out FILE [--from TIME] [--to TIME] [--identity WHO] [--connection NAME] [--relation NAME]
        [--decision allow|deny|approve] [--agent NAME] [--collector URL] [--data DIR] [--json]
        fetch an evidence bundle from the collector and check it. Signs in as portcullis proxy did, or by PORTCULLIS_TOKEN
  doctor
        say in words whether all is well, and what is wrong
  help
`;

/** Something is wrong with how the command was called: exit code 2. */
class UsageError extends Error {}

async function main(args: string[]): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case 'up':
      return runUp(readUpOptions(rest));
    case 'collector':
      return runCollector(readCollectorOptions(rest));
    case 'proxy':
      return runProxy(readProxyOptions(rest));
    case 'query':
      return runQuery(readQueryOptions(rest));
    case 'policy':
      return runPolicy(rest);
    case 'verify':
      return runVerify(readVerifyOptions(rest));
    case 'evidence':
      return runEvidence(readEvidenceOptions(rest));
    case servicesCommand:
      if (process.send === undefined) throw new UsageError('services is what `up` starts for itself');
      return runServices();
    case 'doctor':
      if (rest.length > 0) throw new UsageError('doctor takes no arguments');
      return runDoctor();
    case 'help':
    case '--help':
    case '-h':
      process.stdout.write(usage);
      return 0;
    default:
      throw new UsageError(command === undefined ? 'which command?' : `there is no command "${command}"`);
  }
}

function readUpOptions(args: string[]) {
  const { values } = parse(() =>
    parseArgs({
      args,
      options: {
        target: { type: 'string' },
        environment: { type: 'string', default: 'production' },
        as: { type: 'string' },
        policy: { type: 'string' },
        data: { type: 'string' },
        sinks: { type: 'string' },
        port: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    }),
  );
  if (!environments.includes(values.environment)) {
    throw new UsageError(`--environment is one of ${environments.join(', ')}, not "${values.environment}"`);
  }
  const sinks = values.sinks === undefined ? undefined : resolve(values.sinks);
  return { ...values, sinks, port: readPort(values.port) };
}

function readCollectorOptions(args: string[]) {
  const { values } = parse(() =>
    parseArgs({
      args,
      options: {
        issuer: { type: 'string' },
        'client-id': { type: 'string' },
        audience: { type: 'string' },
        'database-url': { type: 'string' },
        data: { type: 'string' },
        policy: { type: 'string' },
        'signing-key': { type: 'string' },
        'replace-signing-key': { type: 'boolean', default: false },
        witness: { type: 'string' },
        'witness-key': { type: 'string' },
        sinks: { type: 'string' },
        retention: { type: 'string' },
        'log-level': { type: 'string', default: 'info' },
        port: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    }),
  );
  const { issuer } = values;
  if (issuer === undefined) {
    throw new UsageError('collector needs --issuer URL: the OpenID Connect provider that people sign in at');
  }
  if (values['database-url'] !== undefined && values.data !== undefined) {
    throw new UsageError(
      '--data is the folder of the embedded PostgreSQL: give it or --database-url, not both',
    );
  }
  if ((values.witness === undefined) !== (values['witness-key'] === undefined)) {
    throw new UsageError('--witness and --witness-key go together: where it is, and the key it cosigns with');
  }
  const logLevel = logLevels.find((level) => level === values['log-level']);
  if (logLevel === undefined) {
    throw new UsageError(`--log-level is one of ${logLevels.join(', ')}, not "${values['log-level']}"`);
  }
  return { ...values, issuer, 'log-level': logLevel, port: readPort(values.port) };
}

function readProxyOptions(args: string[]) {
  const { values } = parse(() =>
    parseArgs({
      args,
      options: {
        collector: { type: 'string' },
        data: { type: 'string' },
        'sign-out': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    }),
  );
  const { collector } = values;
  if (collector === undefined)
    throw new UsageError('proxy needs --collector URL: the collector to sign in at');
  return { ...values, collector };
}

function readPort(text: string | undefined): number | undefined {
  const port = text === undefined ? undefined : Number(text);
  if (port === undefined || (Number.isInteger(port) && port > 0 && port < 65_536)) return port;
  throw new UsageError(`--port is a number from 1 to 65535, not "${text}"`);
}

function readQueryOptions(args: string[]) {
  const { positionals } = parse(() => parseArgs({ args, allowPositionals: true, options: {} }));
  const [connection, sql, ...more] = positionals;
  if (connection === undefined || sql === undefined || more.length > 0) {
    throw new UsageError('query takes a connection and one SQL text: portcullis query demo "SELECT 1"');
  }
  return { connection, sql };
}

function readVerifyOptions(args: string[]) {
  const options = {
    key: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
  } as const;
  const { values, positionals } = parse(() => parseArgs({ args, allowPositionals: true, options }));
  const [path, ...more] = positionals;
  if (path === undefined || more.length > 0) {
    throw new UsageError("verify takes one path: a journal's folder, or an evidence bundle");
  }
  return { path, keys: values.key ?? [], json: values.json };
}

function readEvidenceOptions(args: string[]) {
  const { values } = parse(() =>
    parseArgs({
      args,
      options: {
        out: { type: 'string' },
        from: { type: 'string' },
        to: { type: 'string' },
        identity: { type: 'string' },
        connection: { type: 'string' },
        relation: { type: 'string' },
        decision: { type: 'string' },
        agent: { type: 'string' },
        collector: { type: 'string' },
        data: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    }),
  );
  const { out, collector, data, json, ...filter } = values;
  if (out === undefined) throw new UsageError('evidence needs --out FILE: where to write the bundle');
  return { out, collector, data, json, filter: { ...filter, ...readTimes(filter) } };
}

/** Days and times as people write them, as the collector takes them (RFC 3339). */
function readTimes(given: { readonly from?: string | undefined; readonly to?: string | undefined }) {
  const read = (name: 'from' | 'to') => {
    const text = given[name];
    if (text === undefined) return {};
    const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(time)) {
      throw new UsageError(`--${name} is a day or a time (2026-11-03, 2026-11-03T09:15:00Z), not "${text}"`);
    }
    return { [name]: new Date(time).toISOString() };
  };
  return { ...read('from'), ...read('to') };
}

async function runPolicy([command, ...args]: string[]): Promise<number> {
  if (command !== 'check' && command !== 'test') {
    throw new UsageError(
      command === undefined
        ? 'policy needs check or test: portcullis policy check DIR'
        : `policy has no command "${command}": it has check and test`,
    );
  }
  const options = { json: { type: 'boolean', default: false } } as const;
  const { values, positionals } = parse(() => parseArgs({ args, allowPositionals: true, options }));
  const [directory, ...more] = positionals;
  if (more.length > 0) throw new UsageError(`policy ${command} takes one folder`);
  const { json } = values;
  return command === 'check' ? runPolicyCheck({ directory, json }) : runPolicyTest({ directory, json });
}

/** parseArgs refuses what it does not know: a misspelt flag must not open the gate. */
function parse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const isUsage = error instanceof UsageError;
    process.stderr.write(`portcullis: ${describe(error)}\n${isUsage ? `\n${usage}` : ''}`);
    process.exitCode = isUsage ? 2 : 1;
  },
);

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const hint = 'hint' in error && typeof error.hint === 'string' ? `\n  ${error.hint}` : '';
  return error.message + hint;
}
