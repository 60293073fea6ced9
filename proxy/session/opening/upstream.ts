/** Connects to a governed database: `pg` does TLS and SCRAM, then the session takes its socket over. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { Client } from 'pg';
import type { ServerKey } from '../cancelRegistry.ts';

export interface Upstream {
  /** Connected, idle, with no listener left and nothing unread. */
  readonly socket: Socket;
  readonly isPlain: boolean;
  /** What the server reported while connecting, in its order. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly key: ServerKey;
}

/** The parts of pg's Client that the takeover touches; pg keeps them under these names since 2019. */
interface ClientInternals {
  readonly connection: {
    readonly stream: Socket;
    on(event: 'parameterStatus', listener: (message: ParameterStatusMessage) => void): void;
    removeAllListeners(): void;
  };
  readonly processID: number;
  readonly secretKey: number;
  readonly host: string;
  readonly port: number;
  _ending: boolean;
}

interface ParameterStatusMessage {
  readonly parameterName: string;
  readonly parameterValue: string;
}

/** Settings that every governed session begins with: with others the server would read another text than we judged. */
const pinnedSettings: ReadonlyArray<readonly [string, string]> = [['standard_conforming_strings', 'on']];

export interface UpstreamOptions {
  readonly url: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly timeoutMs: number;
}

/** Rejects with the server's own error (a DatabaseError with `code`) or the socket's. */
export async function connectUpstream({ url, settings, timeoutMs }: UpstreamOptions): Promise<Upstream> {
  const client = new Client({
    connectionString: url,
    options: encodeOptions([...settings, ...pinnedSettings]),
    connectionTimeoutMillis: timeoutMs,
    enableChannelBinding: true,
  });
  const internals = client as unknown as ClientInternals;
  const parameters = new Map<string, string>();
  internals.connection.on('parameterStatus', (message) => {
    parameters.set(message.parameterName, message.parameterValue);
  });
  // What the server says in one breath with its welcome comes before anybody else listens, and would end the process.
  client.on('error', () => undefined);
  await client.connect();
  // From here on the client is a shell: it must neither answer nor complain about what its socket does.
  internals._ending = true;
  client.removeAllListeners();
  client.on('error', () => undefined);
  const socket = internals.connection.stream;
  internals.connection.removeAllListeners();
  socket.pause();
  socket.removeAllListeners();
  return {
    socket,
    isPlain: !(socket instanceof TLSSocket),
    parameters,
    key: {
      host: internals.host,
      port: internals.port,
      processId: internals.processID,
      secret: internals.secretKey,
    },
  };
}

/** The startup parameter `options`: `-c name=value`, spaces and backslashes escaped (PostgreSQL manual, 55.2.1). */
export function encodeOptions(settings: Iterable<readonly [string, string]>): string {
  return [...settings]
    .map(([name, value]) => `-c ${`${name}=${value}`.replace(/[\\\s]/g, (character) => `\\${character}`)}`)
    .join(' ');
}
