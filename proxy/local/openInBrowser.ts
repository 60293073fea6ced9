/** Tries to open a page in the person's browser; whoever calls has told them the address as well. */
import { spawn } from 'node:child_process';

/** Never fails: where there is no desktop, or no browser, nothing happens. */
export function openInBrowser(url: string): void {
  const [command, args] = opener(url);
  if (command === undefined) return;
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}

function opener(url: string): [string | undefined, string[]] {
  switch (process.platform) {
    case 'darwin':
      return ['open', [url]];
    case 'win32':
      // What `start` does, without a shell that reads the address.
      return ['rundll32', ['url.dll,FileProtocolHandler', url]];
    default: {
      // Without a desktop it would start a text browser that nobody sees.
      const hasDesktop = Boolean(process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY']);
      return [hasDesktop ? 'xdg-open' : undefined, [url]];
    }
  }
}
