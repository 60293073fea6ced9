/** What the server itself says that it ran for our clients: its log with `log_statement = all`, one line each. */
import { application } from './load.ts';

/** The settings that make the log say so. A text that fails as it is parsed is named beside the error only. */
export const loggingSettings = {
  log_statement: 'all',
  log_line_prefix: '%a|',
  log_min_error_statement: 'error',
  log_destination: 'stderr',
  logging_collector: 'off', // a process that could be killed with lines in its memory
} as const;

export interface ServerLog {
  /** How often each text was run. */
  readonly runs: ReadonlyMap<string, number>;
  /** Texts that came with an error. */
  readonly failed: ReadonlySet<string>;
}

export function readServerLog(log: string): ServerLog {
  const runs = new Map<string, number>();
  const failed = new Set<string>();
  for (const [, kind, text = ''] of log.matchAll(linePattern)) {
    if (kind === 'STATEMENT:  ') failed.add(text);
    else runs.set(text, (runs.get(text) ?? 0) + 1);
  }
  return { runs, failed };
}

const linePattern = new RegExp(
  `^${application}\\|(LOG:  statement: |LOG:  execute [^:]*: |STATEMENT:  )(.*)$`,
  'gm',
);
