/** The processes of a workbench that matter to its memory, and what they hold. Linux only: elsewhere there is no /proc. */
import { readFileSync, writeFileSync } from 'node:fs';
import { stragglers } from './ownProcesses.ts';
import type { Workbench } from './workbench.ts';

/** Where the extensions run, ours among those of VS Code itself. */
export function extensionHostOf(workbench: Workbench): number {
  return processOf(workbench, 'the extension host', (command) => command.includes('--type=extensionHost'));
}

/** The proxy that the extension has started. */
export function proxyOf(workbench: Workbench): number {
  return processOf(workbench, 'the proxy', (command) => /\/dist\/proxy\.cjs/.test(command));
}

function processOf(workbench: Workbench, name: string, isMeant: (command: string) => boolean): number {
  const commands = stragglers(workbench.home).flatMap((pid) => {
    const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
    return command === '' ? [] : [{ pid, command }];
  });
  const found = commands.filter(({ command }) => isMeant(command));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only.pid;
  throw new Error(
    `${found.length} processes look like ${name} of ${workbench.name}:\n${commands.map((each) => each.command).join('\n')}`,
  );
}

export interface Memory {
  /** Resident now. */
  readonly nowMb: number;
  /** Highest since the start, or since `resetPeak`. */
  readonly peakMb: number;
}

export function memoryOf(pid: number): Memory {
  const status = read(`/proc/${pid}/status`);
  const megabytes = (field: string) =>
    Math.round(Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? Number.NaN) / 1024);
  return { nowMb: megabytes('VmRSS'), peakMb: megabytes('VmHWM') };
}

/** The highest value is counted anew from here (man 5 proc, clear_refs). */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // gone meanwhile
  }
}
