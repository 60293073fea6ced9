/** A collector for the tests of the synchronisation: the real protocol over real HTTP, its store in memory, and faults. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { canonicalJson } from '../../../proxy/audit/canonicalJson.ts';
import type { JournalEvent } from '../../../proxy/audit/events.ts';
import { seqAfter } from '../../../proxy/audit/journal/readJournal.ts';

/** What happens to a request: `dropAfter` commits and breaks the connection before answering. */
export type Fault =
  | 'dropBefore'
  | 'dropAfter'
  | 'halfCommit'
  | { readonly status: number }
  | { readonly delayMs: number };

export class TestCollector {
  /** Canonical text by number. */
  readonly held = new Map<number, string>();
  readonly proxies = new Set<string>();
  /** Sizes of the batches that arrived. */
  readonly batches: number[] = [];
  largestBody = 0;
  bodyLimit = Number.POSITIVE_INFINITY;
  /** Batches that came compressed. */
  packed = 0;
  knowsGzip = true;
  next = 1;
  fault: (batch: number) => Fault | undefined = () => undefined;
  #server: Server | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response));
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve) ?? resolve(undefined));
    this.#server = undefined;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const isPacked = request.headers['content-encoding'] === 'gzip';
    if (isPacked && !this.knowsGzip) return refuse(response, 400, 'this is no JSON');
    if (isPacked) this.packed += 1;
    const bytes = Buffer.concat(chunks);
    const body = (isPacked ? gunzipSync(bytes) : bytes).toString('utf8');
    this.largestBody = Math.max(this.largestBody, body.length);
    const { proxy, events } = JSON.parse(body) as { proxy: string; events: JournalEvent[] };
    this.proxies.add(proxy);
    this.batches.push(events.length);
    const fault = this.fault(this.batches.length);
    if (fault === 'dropBefore') return void request.socket.destroy();
    if (typeof fault === 'object' && 'status' in fault) return refuse(response, fault.status, 'on purpose');
    if (body.length > this.bodyLimit) return refuse(response, 413, 'too large');
    if (typeof fault === 'object') await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    const taken = fault === 'halfCommit' ? events.slice(0, Math.ceil(events.length / 2)) : events;
    const conflict = this.#commit(taken);
    if (fault === 'dropAfter' || fault === 'halfCommit') return void request.socket.destroy();
    if (conflict !== undefined) return refuse(response, 409, conflict);
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ acknowledged: this.next - 1 }));
  }

  /** Answers why a batch cannot be taken; nothing of it is taken then. */
  #commit(events: readonly JournalEvent[]): string | undefined {
    let next = this.next;
    for (const event of events) {
      const held = this.held.get(event.seq);
      if (held !== undefined && held !== canonicalJson(event))
        return `event ${event.seq} is another one here`;
      if (held === undefined && event.seq !== next) return `event ${next} is missing`;
      if (held === undefined) next = seqAfter(event);
    }
    for (const event of events) this.held.set(event.seq, canonicalJson(event));
    this.next = next;
    return undefined;
  }
}

function refuse(response: ServerResponse, status: number, detail: string): void {
  response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ detail }));
}

/** A running collector that ends with the test. */
export async function startCollector(): Promise<TestCollector> {
  const collector = new TestCollector();
  await collector.start();
  onTestFinished(() => collector.stop());
  return collector;
}
