/** What the system says of a process. */
import { execFileSync } from 'node:child_process';

/** One field of a process as ps prints it, or undefined where there is no such process. */
export function askPs(pid: number, field: string): string | undefined {
  try {
    // The same words whoever asks: ps would follow the asker's time zone and language.
    const env = { ...process.env, TZ: 'UTC', LC_ALL: 'C' };
    const args = ['-ww', '-o', field, '-p', String(pid)];
    const output = execFileSync('ps', args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] });
    return output.trim() || undefined;
  } catch {
    return undefined; // ps exits 1 for a pid that is not there
  }
}
