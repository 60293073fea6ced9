/** Started by tests as a process of its own: starts PostgreSQL over a folder, says so, and stays until it is killed. */
import { createLog } from '../../../proxy/kit/log.ts';
import { startEmbeddedPostgres } from '../../../proxy/local/server/embeddedPostgres.ts';

async function main(): Promise<void> {
  const dataDir = process.argv[2] ?? '';
  const server = await startEmbeddedPostgres({ dataDir, password: 'of the child', log: createLog('warn') });
  process.stdout.write(`${JSON.stringify({ pid: server.pid, url: server.url('postgres') })}\n`);
  // An interval keeps the process alive: the server by itself does not.
  if (process.argv[3] !== 'leave') setInterval(() => undefined, 60_000);
}

void main();
