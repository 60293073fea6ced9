/**
 * The proxy process of one OS user: listens on the control socket, and ends when the last window and the last client
 * are gone. `proxy.cjs --socket PATH --data DIR [--idle SECONDS]`; says `{"ready":true,"socket":PATH}` on standard output
 * when it listens. Exit code 3: another proxy listens there already.
 */
import { parseArgs } from 'node:util';
import { ControlServer, SocketInUse } from './control/controlServer.ts';
import { makeHandlers } from './control/handlers.ts';
import { LocalProxy } from './control/localProxy.ts';
import { createLog } from './kit/log.ts';

/** How long it stays without any window or client, unless told: a window that reloads is back sooner. */
const idleSeconds = '30';

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: { socket: { type: 'string' }, data: { type: 'string' }, idle: { type: 'string' } },
  });
  const { socket, data, idle = idleSeconds } = values;
  if (socket === undefined || data === undefined) throw new Error('--socket PATH and --data DIR are needed');
  if (!/^\d{1,6}$/.test(idle)) throw new Error('--idle takes whole seconds');
  const idleMs = Number(idle) * 1_000;
  const log = createLog('info');
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const proxy = new LocalProxy({
    dataDirectory: data,
    log,
    notify: (name, params) => server.notify(name, params),
  });
  let idleSince = Date.now();
  const server: ControlServer = new ControlServer({
    socket,
    handlers: makeHandlers(proxy, () => end()),
    log,
    onWelcome: (tell) => proxy.welcome(tell),
    onWindows: () => {
      idleSince = Date.now();
    },
  });
  await server.listen();
  const watch = setInterval(() => {
    if (server.windowCount > 0 || proxy.clientCount > 0) idleSince = Date.now();
    else if (Date.now() - idleSince > idleMs) end();
  }, 1_000);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => end());
  process.stdout.write(`${JSON.stringify({ ready: true, socket })}\n`);
  await ended;
  clearInterval(watch);
  await server.stop();
  await proxy.stop();
  return 0;
}

run().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`portcullis: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(error instanceof SocketInUse ? 3 : 1);
  },
);
