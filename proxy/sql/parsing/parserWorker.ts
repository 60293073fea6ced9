/** The calling side of `worker.ts`: one thread, started when first needed, reused, ended when a text takes too long. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type ErrorCode, PortcullisError } from '../../kit/errors.ts';
import type { ParsedMessage } from '../parser.ts';

export interface WorkerQuestion {
  readonly id: number;
  readonly text: string;
}

export interface WorkerAnswer {
  readonly id: number;
  /** A ParsedMessage as JSON: cheaper to pass between threads than its objects. */
  readonly json?: string;
  readonly error?: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly position?: number | undefined;
  };
}

interface Waiting {
  readonly text: string;
  readonly deadlineMs: number;
  resolve(message: ParsedMessage): void;
  reject(error: PortcullisError): void;
}

/** What the thread says once, when it has loaded the parser. */
export interface WorkerReady {
  readonly isReady: true;
}

/** Time a new thread gets to load the parser, in milliseconds; the statement's own time starts then. */
const startMs = 10_000;
/** Texts that may wait for the thread; more are refused at once. */
const queueLimit = 64;

export class ParserWorker {
  #worker: Worker | undefined;
  #current: (Waiting & { id: number; timer: NodeJS.Timeout }) | undefined;
  #isReady = false;
  #nextId = 1;
  readonly #queue: Waiting[] = [];

  /** One text at a time; the deadline counts from when its turn comes. */
  parse(text: string, deadlineMs: number): Promise<ParsedMessage> {
    if (this.#queue.length >= queueLimit) {
      const message = 'too many such statements are being judged at this moment';
      return Promise.reject(new PortcullisError('STATEMENT_TOO_COMPLEX', { message }));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ text, deadlineMs, resolve, reject });
      this.#next();
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#isReady = false;
    const stopped = new PortcullisError('SHUTTING_DOWN');
    for (const waiting of this.#queue.splice(0)) {
      waiting.reject(stopped);
    }
    this.#finish()?.reject(stopped);
    await worker?.terminate();
  }

  #next(): void {
    if (this.#current !== undefined) {
      return;
    }
    const waiting = this.#queue.shift();
    if (waiting === undefined) {
      this.#worker?.unref();
      return;
    }
    this.#worker ??= this.#start();
    this.#worker.ref();
    const id = this.#nextId++;
    this.#current = { ...waiting, id, timer: this.#timeFor(this.#isReady ? waiting.deadlineMs : startMs) };
    const question: WorkerQuestion = { id, text: waiting.text };
    this.#worker.postMessage(question);
  }

  #start(): Worker {
    const worker = createWorker();
    worker.on('message', (said: WorkerAnswer | WorkerReady) => {
      if (this.#worker === worker) {
        'isReady' in said ? this.#startDeadline() : this.#receive(said);
      }
    });
    worker.on('error', (error: Error) => {
      if (this.#worker === worker) {
        this.#fail(error.message);
      }
    });
    worker.on('exit', () => {
      if (this.#worker === worker) {
        this.#fail('the parsing thread ended');
      }
    });
    return worker;
  }

  #timeFor(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => this.#fail('it takes too long to parse'), milliseconds);
  }

  #startDeadline(): void {
    this.#isReady = true;
    if (this.#current !== undefined) {
      clearTimeout(this.#current.timer);
      this.#current.timer = this.#timeFor(this.#current.deadlineMs);
    }
  }

  #receive(answer: WorkerAnswer): void {
    if (this.#current?.id !== answer.id) {
      return;
    }
    const current = this.#finish();
    if (answer.json !== undefined) {
      current?.resolve(JSON.parse(answer.json) as ParsedMessage);
    } else {
      const { code, message, position } = answer.error ?? {
        code: 'STATEMENT_TOO_COMPLEX',
        message: '',
        position: undefined,
      };
      current?.reject(new PortcullisError(code, { message }, { position }));
    }
    this.#next();
  }

  /** Gives up the thread and the text it was at; the next text gets a new thread. */
  #fail(message: string): void {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#isReady = false;
    this.#finish()?.reject(new PortcullisError('STATEMENT_TOO_COMPLEX', { message }));
    void worker?.terminate();
    this.#next();
  }

  #finish(): Waiting | undefined {
    const current = this.#current;
    this.#current = undefined;
    clearTimeout(current?.timer);
    return current;
  }
}

/** Beside the bundle it is dist/sqlWorker.cjs; from source it is worker.ts, for which the new thread first loads tsx. */
function createWorker(): Worker {
  const options = { execArgv: [], resourceLimits: { maxOldGenerationSizeMb: 2048 } };
  const bundled = typeof __dirname === 'string' ? join(__dirname, 'sqlWorker.cjs') : undefined;
  if (bundled !== undefined && existsSync(bundled)) {
    return new Worker(bundled, options);
  }
  // tsx's `--import` flag does nothing on threads, and its CommonJS entry cannot load on them: its ESM one is named.
  const tsxFolder = pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'));
  const tsx = JSON.stringify(new URL('dist/esm/api/index.mjs', tsxFolder).href);
  const source = JSON.stringify(new URL('../worker.ts', import.meta.url).href);
  const code = `import { register } from ${tsx}; register(); await import(${source});`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), options);
}
