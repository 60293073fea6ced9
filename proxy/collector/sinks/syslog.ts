/**
 * Syslog over TCP (RFC 6587, octet counting) or TLS (RFC 5425). The protocol has no acknowledgement, so the transport's is
 * used: a batch is a connection, which we end after the last message, and which the receiver ends after reading all of it.
 * One that dies with messages unread resets the connection instead, and is sent the batch again.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { deliveryOfFailure } from './httpDelivery.ts';
import type { Sink, SyslogTarget } from './sink.ts';
import { formatSyslog, frameSyslog } from './syslogMessage.ts';

export function openSyslog(target: SyslogTarget, timeoutMs: number): Sink {
  const sender = hostname();
  return {
    deliver: async (items, signal) => {
      const bytes = items.map((item) => frameSyslog(formatSyslog(item, sender))).join('');
      try {
        await send(target, bytes, timeoutMs, signal);
        return { kind: 'taken' };
      } catch (error) {
        return deliveryOfFailure(error);
      }
    },
    close: async () => undefined,
  };
}

/** A connection that was refused after it was made says so within a round trip. */
const leastPatienceMs = 20;

function send(target: SyslogTarget, bytes: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let isEnded = false;
    let isRead = false;
    const begun = performance.now();
    const socket = open(target, () => {
      // Our end is sent after the receiver, or what stands in its place and has nobody behind it, could refuse.
      const patienceMs = Math.max(leastPatienceMs, 2 * (performance.now() - begun));
      socket.write(bytes, () =>
        setTimeout(() => {
          isEnded = true;
          socket.end();
        }, patienceMs),
      );
    });
    const end = (reason: string) => socket.destroy(new Error(reason));
    const timer = setTimeout(
      () => end('it did not take the batch and end the connection in time'),
      timeoutMs,
    );
    const stop = () => end('the collector is stopping');
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    socket.on('end', () => {
      // Before we have ended, it is the receiver that does not want more.
      if (!isEnded) end('it ended the connection before the end of the batch');
      else isRead = true;
    });
    let failure: Error | undefined;
    socket.on('error', (error) => {
      failure ??= error;
    });
    socket.on('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      if (failure === undefined && isRead) resolve();
      else reject(failure ?? new Error('it broke the connection'));
    });
    socket.resume(); // what it says, nobody understands
  });
}

function open({ host, port, tls, ca }: SyslogTarget, onReady: () => void): Socket {
  // Half open: its end has to be told from ours.
  const options = { host, port, allowHalfOpen: true };
  if (!tls) return connectTcp(options, onReady);
  const secure: ConnectionOptions = {
    ...options,
    minVersion: 'TLSv1.2',
    // Addresses have no name to be sent (RFC 6066, section 3).
    ...(isIP(host) === 0 && { servername: host }),
    ...(ca !== undefined && { ca }),
  };
  return connectTls(secure, onReady);
}
