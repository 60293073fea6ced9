/** A process that is started again whenever it has ended, and that can be killed at any moment, also while it starts. */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

export type PartKind = 'proxy' | 'collector' | 'store' | 'target';

export interface Start {
  readonly child: ChildProcess;
  /** Resolves when it serves; may never settle where it ends before. */
  readonly ready: Promise<void>;
}

export interface PartOptions {
  readonly name: string;
  readonly kind: PartKind;
  readonly start: () => Start | Promise<Start>;
  /** Ends the process and all that belongs to it, at once. */
  readonly kill?: (child: ChildProcess) => void;
  /** Told between two runs. */
  readonly onEnd?: () => void | Promise<void>;
  /** Told each time it serves. */
  readonly onReady?: () => void;
}

const restartMs = 100;

export class Part {
  readonly name: string;
  readonly kind: PartKind;
  /** How often it was killed, and how often of these while it was starting. */
  kills = 0;
  killsWhileStarting = 0;
  /** Ends that nobody asked for, in words; one that comes before it serves is none: what it needs may be away. */
  readonly unexpected: string[] = [];
  isReady = false;
  #child: ChildProcess | undefined;
  #isKilled = false;
  #isStopped = false;
  #complaints = '';
  #held: Promise<void> | undefined;
  #release: () => void = () => undefined;
  readonly #options: PartOptions;
  readonly #running: Promise<void>;

  constructor(options: PartOptions) {
    this.#options = options;
    this.name = options.name;
    this.kind = options.kind;
    running.add(this);
    this.#running = this.#run();
  }

  /** Sends SIGKILL, once there is a process to send it to. */
  async kill(): Promise<void> {
    while (this.#child === undefined) await sleep(5);
    this.kills += 1;
    if (!this.isReady) this.killsWhileStarting += 1;
    this.#isKilled = true;
    this.#signal(this.#child);
  }

  /** Kills it, and starts it again only when what this answers is called. */
  async hold(): Promise<() => void> {
    this.#held = new Promise((resolve) => {
      this.#release = resolve;
    });
    await this.kill();
    return this.#release;
  }

  /** Asks it to end in order, and waits for that. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#isStopped = true;
    this.#child?.kill(signal);
    await this.#running;
    running.delete(this);
  }

  /** The end of the test, whatever came of it. Resolves when nothing of it runs. */
  destroy(): Promise<void> {
    this.#isStopped = true;
    this.#release();
    if (this.#child !== undefined) this.#signal(this.#child);
    running.delete(this);
    return this.#running;
  }

  /** What the process that runs now has said on standard error. */
  get complaints(): string {
    return this.#complaints;
  }

  #signal(child: ChildProcess): void {
    if (this.#options.kill === undefined) child.kill('SIGKILL');
    else this.#options.kill(child);
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const { child, ready } = await this.#options.start();
      this.#isKilled = false;
      this.#complaints = '';
      child.stderr?.on('data', (chunk) => {
        this.#complaints = `${this.#complaints}${chunk}`.slice(-4_000);
      });
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      this.#child = child;
      ready.then(
        () => {
          if (this.#child !== child || child.exitCode !== null) return;
          this.isReady = true;
          this.#options.onReady?.();
        },
        () => undefined,
      );
      await ended;
      this.#child = undefined;
      if (!this.#isKilled && !this.#isStopped && this.isReady) {
        this.unexpected.push(
          `${this.name} ended by itself (${child.exitCode ?? child.signalCode}): ${this.#complaints}`,
        );
      }
      this.isReady = false;
      await this.#options.onEnd?.();
      await this.#held;
      if (!this.#isKilled && !this.#isStopped) await sleep(restartMs);
    }
  }
}

const running = new Set<Part>();

// Whatever ends the tests: nothing of them stays.
process.once('exit', () => {
  for (const part of running) void part.destroy();
});
