/** The log of a collector that runs as a service: one line of JSON a message (pino), for what gathers and searches logs. */
import type { FastifyBaseLogger } from 'fastify';
import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import type { Log, LogLevel } from '../kit/log.ts';

export interface StructuredLog {
  /** What the rest of the collector writes to. */
  readonly log: Log;
  /** What the HTTP service writes to, each line with the request's id. */
  readonly logger: FastifyBaseLogger;
}

/** Never written, wherever an object that is logged has them: nobody logs one on purpose. */
const secrets = ['authorization', 'cookie', 'set-cookie', 'webhook-signature', 'password', 'token'];

/** @param stream standard error unless told, written at once: what is said last before a crash is what matters */
export function createStructuredLog(level: LogLevel, stream?: DestinationStream): StructuredLog {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: secrets.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.headers["${name}"]`]),
        censor: '[redacted]',
      },
      // Addresses name people, and headers hold tokens: requests are told of by method and route alone.
      serializers: {
        req: () => undefined,
        res: () => undefined,
        err: (error: unknown) => describe(error, level),
      },
    },
    stream ?? destination({ fd: 2, sync: true }),
  );
  return { log: wrap(logger, level, ''), logger };
}

function wrap(logger: Logger, level: LogLevel, area: string): Log {
  const withCause = (cause: unknown) => (cause === undefined ? {} : { err: cause });
  return {
    level,
    debug: (message) => logger.debug(message),
    info: (message) => logger.info(message),
    warn: (message, cause) => logger.warn(withCause(cause), message),
    error: (message, cause) => logger.error(withCause(cause), message),
    named: (inner) => {
      const name = area === '' ? inner : `${area}: ${inner}`;
      return wrap(logger.child({ area: name }), level, name);
    },
  };
}

/** Its message; not what else it carries: an error of the store may hold a row. */
function describe(error: unknown, level: LogLevel): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack } = error;
  return { type: name, message, ...(level === 'debug' && { stack }) };
}
