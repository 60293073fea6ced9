/** Ports on the loopback address. */
import { createServer } from 'node:net';

/** `port` where it is free, so that what was told of it goes on working; else 0, which takes any. */
export function freePortOr(port: number | undefined): Promise<number> {
  if (port === undefined) return Promise.resolve(0);
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(0));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(port)));
  });
}
