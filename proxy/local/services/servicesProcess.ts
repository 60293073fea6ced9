/** The services as `portcullis up` sees them: in a process of their own, which is started again where it fails. */
import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../kit/log.ts';
import type { PolicyFile } from '../../policy/policyFiles.ts';
import type { Answer, Calls, Started } from './messages.ts';
import type { ServicesOptions } from './startServices.ts';

/** The command that the process is started with; nobody calls it by hand. */
export const servicesCommand = 'services';

const restartMs = { first: 500, longest: 30_000 };
/** What does not end by itself after this long is killed. */
const stopPatienceMs = 15_000;

interface Waiting {
  resolve(answered: unknown): void;
  reject(problem: Error): void;
}

export class ServicesProcess {
  readonly #log: Log;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #child: ChildProcess;
  #ended: Promise<void>;
  #options: ServicesOptions | undefined;
  #isStopping = false;
  #failures = 0;

  /** Starts the process at once, so that it loads while the caller prepares what {@link start} needs. */
  constructor(log: Log) {
    this.#log = log;
    [this.#child, this.#ended] = this.#fork();
  }

  /** @throws Error in words where the provider or the collector cannot start */
  async start(options: ServicesOptions): Promise<Started> {
    const started = await this.#call('start', options);
    const { providerPort, collectorPort } = started;
    // What others know by address is at the same address after a restart.
    this.#options = { ...options, state: { ...options.state, providerPort, collectorPort } };
    return started;
  }

  /** An access token of one of the people, as signing in would give it. */
  tokenFor(email: string): Promise<string> {
    return this.#call('tokenFor', email);
  }

  tokenForProxy(): Promise<string> {
    return this.#call('tokenForProxy', undefined);
  }

  /** See RunningCollector.usePolicy. A process that is started again begins with these files. */
  async usePolicy(files: readonly PolicyFile[]): Promise<void> {
    if (this.#options !== undefined) this.#options = { ...this.#options, policyFiles: files };
    await this.#call('usePolicy', files);
  }

  /** Lets it finish what it is answering, and waits for its end. Safe to call again. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopPatienceMs);
    await this.#ended;
    clearTimeout(timer);
  }

  #call<N extends keyof Calls>(name: N, given: Calls[N]['given']): Promise<Calls[N]['answered']> {
    const id = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
      const fail = () => this.#settle(id)?.reject(new Error('the collector is not running at the moment'));
      if (!this.#child.connected) return fail();
      this.#child.send({ id, name, given }, (error) => {
        if (error !== null) fail();
      });
    });
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #fork(): [ChildProcess, Promise<void>] {
    const child = fork(process.argv[1] ?? '', [servicesCommand], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.on('message', (answer: Answer) => {
      const waiting = this.#settle(answer.id);
      if ('problem' in answer) waiting?.reject(new Error(answer.problem));
      else waiting?.resolve(answer.answered);
    });
    const ended = new Promise<void>((resolve) => {
      const end = () => {
        for (const id of [...this.#waiting.keys()]) {
          this.#settle(id)?.reject(new Error('the collector ended before it answered'));
        }
        resolve();
        if (!this.#isStopping && this.#child === child) void this.#startAgain();
      };
      child.once('exit', end).once('error', end);
    });
    return [child, ended];
  }

  /** The proxy records on, and sends what waits once the collector is back. */
  async #startAgain(): Promise<void> {
    const options = this.#options;
    if (options === undefined) return; // the first start failed: its caller was told
    const { first, longest } = restartMs;
    this.#log.error('the collector ended unexpectedly; it is started again');
    await sleep(Math.min(longest, first * 2 ** this.#failures++), undefined, { ref: false });
    if (this.#isStopping) return;
    [this.#child, this.#ended] = this.#fork();
    const child = this.#child;
    await this.#call('start', this.#options ?? options).then(
      () => {
        this.#failures = 0;
      },
      (error: unknown) => {
        this.#log.error('the collector does not start', error);
        child.kill('SIGKILL');
      },
    );
  }
}
