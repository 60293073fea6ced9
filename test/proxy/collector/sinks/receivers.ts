/** Real receivers for the tests of sinks: HTTP that answers as it is told, and syslog over TCP and TLS. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type Server as HttpServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { onTestFinished } from 'vitest';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly body: string;
}

/** A status with headers and body, or what breaks: the connection before or after it was all read, or no answer ever. */
export type Answer =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | 'drop'
  | 'hang';

export class HttpReceiver {
  /** Everything that was sent, whatever was answered. */
  readonly received: Received[] = [];
  /** What was answered 2xx. */
  readonly taken: Received[] = [];
  answer: (request: Received) => Answer = () => ({ status: 204 });
  #server: HttpServer | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}/in`;
  }

  async start(): Promise<void> {
    const server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      const received = { headers: request.headers, path: request.url ?? '', body };
      this.received.push(received);
      const answer = this.answer(received);
      if (answer === 'hang') return;
      if (answer === 'drop') return void request.socket.destroy();
      if (answer.status < 300) this.taken.push(received);
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

export async function startHttpReceiver(): Promise<HttpReceiver> {
  const receiver = new HttpReceiver();
  await receiver.start();
  onTestFinished(() => receiver.stop());
  return receiver;
}

/** As Standard Webhooks has receivers do it. @throws Error where it is not from whoever holds the secret */
export function verifyWebhook({ headers, body }: Received, secret: string): void {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers;
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > 300) throw new Error('the timestamp is too old');
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  const isGood = String(signature)
    .split(' ')
    .some((one) => {
      const [version, value = ''] = one.split(',');
      const given = Buffer.from(value, 'base64');
      return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
    });
  if (!isGood) throw new Error('the signature is not good');
}

/** The parts of a SYSLOG-MSG (RFC 5424, section 6). */
export interface SyslogMessage {
  readonly priority: number;
  readonly timestamp: string;
  readonly hostname: string;
  readonly appName: string;
  readonly procId: string;
  readonly msgId: string;
  readonly structuredData: string;
  readonly message: string;
}

const printable = '[\\x21-\\x7e]';
const sdName = '[\\x21\\x23-\\x3c\\x3e-\\x5c\\x5e-\\x7e]{1,32}';
const sdParam = `${sdName}="(?:[^"\\\\\\]]|\\\\["\\\\\\]])*"`;
const grammar = new RegExp(
  `^<(0|[1-9]\\d{0,2})>[1-9]\\d{0,2} (-|\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,6})?(?:Z|[+-]\\d\\d:\\d\\d)) ` +
    `(-|${printable}{1,255}) (-|${printable}{1,48}) (-|${printable}{1,128}) (-|${printable}{1,32}) ` +
    `(-|(?:\\[${sdName}(?: ${sdParam})*\\])+)(?: ([\\s\\S]*))?$`,
);

/** @throws Error where the text is not one */
export function parseSyslog(text: string): SyslogMessage {
  const match = grammar.exec(text);
  if (match === null || Number(match[1]) > 191)
    throw new Error(`not a syslog message: ${text.slice(0, 200)}`);
  const [, priority, timestamp, hostname, appName, procId, msgId, structuredData, message] = match.map(
    (part) => part ?? '',
  );
  return {
    priority: Number(priority),
    timestamp: timestamp ?? '',
    hostname: hostname ?? '',
    appName: appName ?? '',
    procId: procId ?? '',
    msgId: msgId ?? '',
    structuredData: structuredData ?? '',
    message: message ?? '',
  };
}

export class SyslogReceiver {
  readonly messages: SyslogMessage[] = [];
  readonly problems: string[] = [];
  connections = 0;
  /** Breaks this connection (by its number, from 1) after so many bytes, unread. */
  breakAfter: (connection: number) => number | undefined = () => undefined;
  readonly #tls: { key: string; cert: string } | undefined;
  #server: Server | undefined;
  port = 0;

  constructor(tls?: { key: string; cert: string }) {
    this.#tls = tls;
  }

  async start(): Promise<void> {
    const serve = (socket: Socket): void => {
      this.connections += 1;
      const limit = this.breakAfter(this.connections);
      let rest: Buffer = Buffer.alloc(0);
      let size = 0;
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        size += chunk.length;
        if (limit !== undefined && size > limit) {
          socket.resetAndDestroy();
          return;
        }
        rest = this.#take(Buffer.concat([rest, chunk]));
      });
      socket.on('end', () => {
        if (rest.length > 0) this.problems.push(`half a message: ${rest.toString().slice(0, 100)}`);
      });
    };
    const server = this.#tls === undefined ? createTcpServer(serve) : createTlsServer(this.#tls, serve);
    if (this.#tls !== undefined) server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  /** MSG-LEN SP SYSLOG-MSG, again and again; answers what is not whole yet. */
  #take(bytes: Buffer): Buffer {
    let rest = bytes;
    for (;;) {
      const space = rest.indexOf(0x20);
      const length = /^[1-9]\d*$/.exec(rest.toString('latin1', 0, Math.max(0, space)))?.[0];
      if (space < 0 || length === undefined) return rest;
      const end = space + 1 + Number(length);
      if (rest.length < end) return rest;
      try {
        this.messages.push(parseSyslog(rest.toString('utf8', space + 1, end)));
      } catch (error) {
        this.problems.push((error as Error).message);
      }
      rest = rest.subarray(end);
    }
  }
}
