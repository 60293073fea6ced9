/** Ends every process that belongs to a workbench: its own group, and what left the group but still names its folder. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** SIGTERM, some seconds to end in order, then SIGKILL; first the group of `leader`, then the stragglers of `folder`. */
export async function endProcesses(leader: number | undefined, folder: string): Promise<void> {
  if (leader !== undefined) {
    await end(
      () => isGroupAlive(leader),
      (signal) => signalTo(-leader, signal),
    );
  }
  await end(
    () => stragglers(folder).length > 0,
    (signal) => {
      for (const pid of stragglers(folder)) signalTo(pid, signal);
    },
  );
}

/** At once and without waiting, for when there is no time left. */
export function killProcesses(leader: number | undefined, folder: string): void {
  if (leader !== undefined) signalTo(-leader, 'SIGKILL');
  for (const pid of stragglers(folder)) signalTo(pid, 'SIGKILL');
}

/** The processes whose command line or environment names the folder. Linux only: elsewhere there is no /proc to ask. */
export function stragglers(folder: string): number[] {
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return [];
  }
  return names
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .filter((pid) => {
      try {
        return ['cmdline', 'environ'].some((file) =>
          readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(folder),
        );
      } catch {
        return false; // gone meanwhile, or another user's
      }
    });
}

async function end(isAlive: () => boolean, signal: (name: NodeJS.Signals) => void): Promise<void> {
  for (const [name, patience] of [
    ['SIGTERM', 5_000],
    ['SIGKILL', 2_000],
  ] as const) {
    if (!isAlive()) return;
    signal(name);
    for (const until = Date.now() + patience; Date.now() < until && isAlive(); ) await wait(50);
  }
}

function isGroupAlive(leader: number): boolean {
  return signalTo(-leader, 0);
}

function signalTo(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
