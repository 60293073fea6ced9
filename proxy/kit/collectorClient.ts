/** JSON over HTTP to the collector: bearer token, time limit, problem details (RFC 9457) turned into errors. */

import { promisify } from 'node:util';
import { gzip, type ZlibOptions } from 'node:zlib';

/** The collector answered, and refused. */
export class CollectorRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'CollectorRefusal';
    this.status = status;
  }

  static is(error: unknown, status?: number): error is CollectorRefusal {
    return error instanceof CollectorRefusal && (status === undefined || error.status === status);
  }
}

/** The collector could not be asked. What was meant for it is kept and tried again by whoever has to. */
export class CollectorUnreachable extends Error {
  constructor(url: string, cause: unknown) {
    super(`the collector at ${url} cannot be reached: ${reasonOf(cause)}`, { cause });
    this.name = 'CollectorUnreachable';
  }

  static is(error: unknown): error is CollectorUnreachable {
    return error instanceof CollectorUnreachable;
  }
}

/** For what answers with JSON, but not with what was asked for. */
export function requireList<Item>(url: string, list: readonly Item[] | undefined): readonly Item[] {
  if (Array.isArray(list)) return list;
  throw new Error(`${url} does not answer as a Portcullis collector`);
}

export interface CollectorClientOptions {
  /** `https://collector.example.com`; plain http only to this machine. */
  readonly url: string;
  /** Asked at each call, so that a renewed token is used at once. Throws where there is none that is still good. */
  readonly token: () => string | Promise<string>;
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 15_000;
/** Smaller bodies fit into a packet or two as they are. */
const leastPacked = 2_000;
/** Events are alike: the fastest level takes most of what can be had, and leaves the processor to statements. */
const packLevel = 1;
const pack = promisify<string, ZlibOptions, Buffer>(gzip);

export class CollectorClient {
  readonly url: string;
  readonly #token: () => string | Promise<string>;
  readonly #timeoutMs: number;

  constructor(options: CollectorClientOptions) {
    this.url = checkCollectorUrl(options.url);
    this.#token = options.token;
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  }

  /**
   * Throws CollectorRefusal, CollectorUnreachable, and what `token` throws.
   * @param options `gzip`: the body is sent compressed where that saves something; older collectors refuse it (400, 415)
   */
  async call<Answer>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    options: { readonly gzip?: boolean } = {},
  ): Promise<Answer> {
    const text = (await this.#request(method, path, body, options.gzip)).toString('utf8');
    return (text === '' ? undefined : this.#parse(text)) as Answer;
  }

  /**
   * The bytes of an answer that is no JSON, as they come. The time limit is for each piece of it.
   * Throws as `call` does, where the answer breaks off too, and what `signal` was aborted with.
   */
  async *download(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const headers = { authorization: `Bearer ${await this.#token()}` };
    const stop = new AbortController();
    let reader:
      | { read(): Promise<{ value?: Uint8Array; done: boolean }>; cancel(): Promise<void> }
      | undefined;
    let failure: Error | undefined;
    // As in `stream`, the body is cancelled by hand; what ends then looks whole, and is not.
    const fail = (error: Error): void => {
      failure ??= error;
      stop.abort(error);
      void reader?.cancel().catch(() => undefined);
    };
    const abort = () => fail(signal?.reason instanceof Error ? signal.reason : new Error('it was cancelled'));
    signal?.addEventListener('abort', abort);
    if (signal?.aborted === true) abort();
    const patiently = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
      const late = new DOMException('it did not answer in time', 'TimeoutError');
      const timer = setTimeout(() => fail(new CollectorUnreachable(this.url, late)), this.#timeoutMs);
      try {
        return await answer;
      } catch (error) {
        if (failure !== undefined) throw failure;
        throw CollectorUnreachable.is(error) ? error : new CollectorUnreachable(this.url, error);
      } finally {
        clearTimeout(timer);
      }
    };
    try {
      const response = await patiently(this.#fetch(path, { headers, signal: stop.signal }));
      if (!response.ok)
        throw new CollectorRefusal(response.status, readProblem(response, await patiently(response.text())));
      reader = response.body?.getReader();
      while (reader !== undefined) {
        const { value, done } = await patiently(reader.read());
        if (failure !== undefined) throw failure;
        if (done) return;
        if (value !== undefined) yield value;
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      void reader?.cancel().catch(() => undefined);
    }
  }

  async #request(method: string, path: string, body?: unknown, isPacked = false): Promise<Buffer> {
    const headers: Record<string, string> = { authorization: `Bearer ${await this.#token()}` };
    let sent: string | Buffer | undefined;
    if (body !== undefined) {
      headers['content-type'] = 'application/json';
      sent = JSON.stringify(body);
      if (isPacked && sent.length >= leastPacked) {
        headers['content-encoding'] = 'gzip';
        sent = await pack(sent, { level: packLevel });
      }
    }
    // Not AbortSignal.timeout: one that nothing else holds may be collected as garbage, and then never comes.
    const abort = new AbortController();
    const timer = setTimeout(
      () => abort.abort(new DOMException('it did not answer in time', 'TimeoutError')),
      this.#timeoutMs,
    );
    let response: Response;
    let bytes: Buffer;
    try {
      response = await this.#fetch(path, {
        method,
        headers,
        ...(sent === undefined ? {} : { body: sent }),
        signal: abort.signal,
      });
      const answer = await response.arrayBuffer().catch((error: unknown) => {
        throw new CollectorUnreachable(this.url, error);
      });
      bytes = Buffer.from(answer);
    } finally {
      clearTimeout(timer);
    }
    if (!response.ok) {
      throw new CollectorRefusal(response.status, readProblem(response, bytes.toString('utf8')));
    }
    return bytes;
  }

  /**
   * Server-sent events (HTML standard, section 9.2): yields each event's name until the stream ends or is aborted.
   * @param onOpen called when the collector has begun to answer
   */
  async *stream(path: string, signal: AbortSignal, onOpen: () => void): AsyncGenerator<string> {
    const headers = { authorization: `Bearer ${await this.#token()}`, accept: 'text/event-stream' };
    const response = await this.#fetch(path, { headers, signal });
    if (!response.ok)
      throw new CollectorRefusal(response.status, readProblem(response, await response.text()));
    if (response.body === null) return;
    onOpen();
    const reader = response.body.getReader();
    // fetch forgets its signal once its request has been collected as garbage: the body is cancelled by hand.
    const cancel = () => void reader.cancel().catch(() => undefined);
    signal.addEventListener('abort', cancel);
    try {
      yield* readEventNames(reader);
    } finally {
      signal.removeEventListener('abort', cancel);
      cancel();
    }
  }

  /** What answers in the collector's place, a login page of a network say, will be gone again. */
  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw new CollectorUnreachable(this.url, new Error('what answers there is no collector'));
    }
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(`${this.url}${path}`, { ...init, redirect: 'error' });
    } catch (error) {
      throw new CollectorUnreachable(this.url, error);
    }
  }
}

async function* readEventNames(reader: {
  read(): Promise<{ value?: unknown; done: boolean }>;
}): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value as Uint8Array, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('event:')) yield line.slice('event:'.length).trim();
  }
}

/** The address without a trailing slash. Throws where it is none, carries credentials, or is plain http to elsewhere. */
export function checkCollectorUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error(
      `"${text.slice(0, 200)}" is not the address of a collector; it looks like https://collector.example.com`,
    );
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isOnThisMachine(url))) {
    throw new Error('a collector is reached by https; plain http is taken on this machine only');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new Error('the address of a collector has no user, no query and no fragment');
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** What goes there leaves no machine. */
export function isOnThisMachine(url: URL | string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
}

function readProblem(response: Response, text: string): string {
  try {
    const { title, detail } = JSON.parse(text) as { title?: unknown; detail?: unknown };
    const words = typeof detail === 'string' ? detail : title;
    if (typeof words === 'string' && words !== '') return words;
  } catch {
    // Not a problem document: the status speaks.
  }
  return `the collector answered ${response.status} ${response.statusText}`.trim();
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'it did not answer in time';
  const { cause } = error;
  if (cause instanceof Error && cause.message !== '') return cause.message;
  return error.message;
}
