/** The proxy process of one person, with a window that signs it in whenever it has started, and collectors to go with it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProxyStatus, Tokens } from '../../../proxy/control/messages.ts';
import { Window } from '../../proxy/control/proxyProcess.ts';
import { Part } from './part.ts';

const dist = join(import.meta.dirname, '..', '..', '..', 'dist');
/** A proxy whose window is gone ends after so many seconds: one whose test is gone must not stay. */
const idleSeconds = '60';

export class ProxyPart {
  readonly part: Part;
  readonly name: string;
  readonly #folder: string;
  readonly #collector: string;
  readonly #tokens: Tokens;
  #window: Window | undefined;

  constructor(options: { name: string; folder: string; collector: string; tokens: Tokens }) {
    const { name, folder, collector, tokens } = options;
    this.name = name;
    this.#folder = folder;
    this.#collector = collector;
    this.#tokens = tokens;
    mkdirSync(folder, { recursive: true });
    const socket = join(folder, 'control.sock');
    const data = join(folder, 'data');
    this.part = new Part({
      name,
      kind: 'proxy',
      start: () => {
        const args = [join(dist, 'proxy.cjs'), '--socket', socket, '--data', data, '--idle', idleSeconds];
        const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
        const ready = once(child.stdout, 'data').then(() => this.#attend(socket));
        return { child, ready };
      },
      onEnd: () => {
        this.#window?.close();
        this.#window = undefined;
      },
    });
  }

  get status(): ProxyStatus | undefined {
    return this.#window?.status;
  }

  /** Where its clients connect; undefined while it does not serve. */
  url(application: string): string | undefined {
    const access = this.status?.access;
    if (access === undefined || !this.#isRunning() || !this.part.isReady) return undefined;
    const { host, port, user, password } = access;
    const login = [user, password].map(encodeURIComponent).join(':');
    return `postgres://${login}@${host}:${port}/shop?application_name=${encodeURIComponent(application)}`;
  }

  /** The folder of the one person who has signed in here: journal, keys, the proxy's id. */
  get home(): string {
    const people = join(this.#folder, 'data', 'people');
    const [home, ...others] = readdirSync(people);
    if (home === undefined || others.length > 0) throw new Error(`there is not one home in ${people}`);
    return join(people, home);
  }

  /** What a window does when it hears that the collector is back: asks again at once. */
  nudge(): void {
    const window = this.#window;
    if (window !== undefined) void this.#signIn(window);
  }

  async #attend(socket: string): Promise<void> {
    const window = await Window.open({ socket });
    this.#window = window;
    while (this.#window === window && !this.#isRunning()) {
      await Promise.race([this.#signIn(window), sleep(2_000)]);
      if (!this.#isRunning()) await sleep(100);
    }
  }

  #isRunning(): boolean {
    return this.status?.state === 'running';
  }

  async #signIn(window: Window): Promise<void> {
    try {
      await window.ask('resume', { collector: this.#collector, tokens: this.#tokens });
    } catch {
      // The proxy or its collector is away: its status says so.
    }
  }
}

export function startCollectorPart(options: {
  readonly name: string;
  readonly issuer: string;
  readonly databaseUrl: string;
  readonly policy: string;
  readonly signingKey: string;
  readonly port: number;
  readonly onReady: () => void;
}): Part {
  const { name, issuer, databaseUrl, policy, signingKey, port, onReady } = options;
  return new Part({
    name,
    kind: 'collector',
    onReady,
    start: () => {
      const given = { issuer, 'database-url': databaseUrl, policy, 'signing-key': signingKey, port };
      const args = Object.entries(given).flatMap(([option, value]) => [`--${option}`, String(value)]);
      const child = spawn(process.execPath, [join(dist, 'cli.cjs'), 'collector', '--json', ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      return { child, ready: once(child.stdout, 'data').then(() => undefined) };
    },
  });
}

/** A port of 127.0.0.1 that nobody listens on now. */
export async function findPort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
