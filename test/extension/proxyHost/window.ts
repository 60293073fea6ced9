/** A window's supervisor over the fake proxy, in a folder of its own. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackOff } from '../../../extension/proxyHost/backOff.ts';
import { attachOrStart } from '../../../extension/proxyHost/proxyProcess.ts';
import { ProxySupervisor } from '../../../extension/proxyHost/proxySupervisor.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined, debug: () => undefined };
const script = join(import.meta.dirname, 'fakeProxy.mjs');

export class Ground {
  readonly data = mkdtempSync(join(tmpdir(), 'portcullis-host-'));
  readonly socket = join(this.data, 'control.sock');
  readonly #windows: ProxySupervisor[] = [];

  misbehave(tricks: Readonly<Record<string, unknown>>): void {
    writeFileSync(join(this.data, 'fake.json'), JSON.stringify(tricks));
  }

  openWindow(patience = 10_000): { supervisor: ProxySupervisor; told: string[] } {
    const told: string[] = [];
    const supervisor = new ProxySupervisor({
      attach: () => attachOrStart({ script, paths: { socket: this.socket, data: this.data }, log, patience }),
      client: 'test',
      log,
      backOff: new BackOff(() => 0),
      helloPatience: 1_000,
      onHostState: ({ kind }) => told.push(kind),
      onStatus: (status) => told.push(status?.state ?? 'gone'),
      onNotification: (name) => told.push(`heard ${name}`),
    });
    this.#windows.push(supervisor);
    return { supervisor, told };
  }

  /** What proxies did, and each one's process. */
  calls(): { readonly pid: number; readonly word: string }[] {
    let text = '';
    try {
      text = readFileSync(join(this.data, 'calls.txt'), 'utf8');
    } catch {
      return [];
    }
    return text
      .trim()
      .split('\n')
      .map((line) => ({ pid: Number(line.split(' ')[0]), word: line.slice(line.indexOf(' ') + 1) }));
  }

  words(): string[] {
    return this.calls().map(({ word }) => word);
  }

  leave(): void {
    for (const window of this.#windows) window.dispose();
    for (const pid of new Set(this.calls().map((call) => call.pid)))
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    rmSync(this.data, { recursive: true, force: true });
  }
}

export async function until(holds: () => boolean, patience = 10_000): Promise<void> {
  for (const deadline = Date.now() + patience; !holds(); await sleep(20))
    if (Date.now() > deadline) throw new Error(`Waited in vain for ${holds}`);
}
