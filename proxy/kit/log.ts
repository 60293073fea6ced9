/** What the process tells the person who runs it: one line of plain words on standard error per message. */
import { writeSync } from 'node:fs';
import { isoNow } from './clock.ts';

const ranks = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 } as const;

/** The least severe messages that are written; `silent` writes none. */
export type LogLevel = keyof typeof ranks;

export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

export interface Log {
  readonly level: LogLevel;
  debug(message: string): void;
  info(message: string): void;
  /** `cause`'s message is appended; its stack only at level debug. */
  warn(message: string, cause?: unknown): void;
  error(message: string, cause?: unknown): void;
  /** The same log with `area` in front of every message ("journal", "session"). */
  named(area: string): Log;
}

/**
 * Makes a log. Messages are data-free words: statement texts and values belong in the journal, never here.
 * @param level least severity written
 * @param write takes one line with its line feed; standard error unless told
 */
export function createLog(level: LogLevel, write: (line: string) => void = writeToStderr, area = ''): Log {
  const prefix = area === '' ? '' : `${area}: `;
  const say = (severity: Exclude<LogLevel, 'silent'>, message: string, cause?: unknown): void => {
    if (ranks[severity] < ranks[level]) return;
    const because = cause === undefined ? '' : `: ${describeCause(cause, level === 'debug')}`;
    write(`${isoNow()} ${severity.padEnd(5)} ${oneLine(prefix + message + because)}\n`);
  };
  return {
    level,
    debug: (message) => say('debug', message),
    info: (message) => say('info', message),
    warn: (message, cause) => say('warn', message, cause),
    error: (message, cause) => say('error', message, cause),
    named: (inner) => createLog(level, write, area === '' ? inner : `${area}: ${inner}`),
  };
}

function describeCause(cause: unknown, withStack: boolean): string {
  if (!(cause instanceof Error)) return String(cause);
  return withStack ? (cause.stack ?? cause.message) : cause.message;
}

/** A message cannot forge a second line or move the terminal's cursor: control characters are written as escapes. */
function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (char) =>
    char === '\n' ? '\\n' : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function writeToStderr(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // A closed or full standard error (EPIPE, EAGAIN) must not stop the proxy, and there is nowhere else to say so.
  }
}
