/** Why events could not be handed to the collector, in words for a person, and how soon to try again. */
import type { Problem } from '../control/messages.ts';
import { CollectorRefusal, CollectorUnreachable } from '../kit/collectorClient.ts';
import { PortcullisError } from '../kit/errors.ts';
import { LogChanged } from './collectorLog.ts';

/** The collector and this journal disagree about what happened: no retry mends that. */
export class SyncConflict extends Error {
  static is(error: unknown): error is SyncConflict {
    return error instanceof SyncConflict;
  }
}

export interface SyncProblem {
  readonly problem: Problem;
  /** A person has to do something first: trying often would be in vain. */
  readonly isSlow: boolean;
}

export function describeSyncProblem(error: unknown): SyncProblem {
  const message = error instanceof Error ? error.message : String(error);
  if (SyncConflict.is(error)) {
    return {
      isSlow: true,
      problem: {
        message: `Events are not sent: ${message}.`,
        hint: 'Keep the data folder as it is, and show this to those who run the collector: a journal was removed, replaced or put back from a copy.',
      },
    };
  }
  if (LogChanged.is(error)) {
    return {
      isSlow: true,
      problem: {
        message: `Events are not sent: the collector's log was changed: ${message}.`,
        hint: 'They are kept on this machine. Show this to those who run the collector. Only if they replaced its log on purpose, remove collectorLog.json from the data folder: then the log is believed anew.',
      },
    };
  }
  if (CollectorRefusal.is(error)) return { isSlow: error.status < 500, problem: describeRefusal(error) };
  if (CollectorUnreachable.is(error)) {
    return {
      isSlow: false,
      problem: {
        message: `Events wait to be sent: ${message}.`,
        hint: 'They are kept on this machine and sent when the collector can be reached again.',
      },
    };
  }
  const isLocal = PortcullisError.is(error);
  return {
    isSlow: isLocal,
    problem: {
      message: isLocal
        ? `Events cannot be read from the journal: ${message}.`
        : `Events are not sent: ${message}.`,
      hint: 'They are kept on this machine; sending is tried again.',
    },
  };
}

function describeRefusal({ status, message }: CollectorRefusal): Problem {
  if (status === 401) {
    return {
      message: `Events are not sent: the collector does not accept the sign-in (${message}).`,
      hint: 'Sign in again. Until then events are kept on this machine.',
    };
  }
  if (status === 403) {
    return {
      message: `Events are not sent: the collector takes none from this identity (${message}).`,
      hint: 'Ask those who run the collector for the right to record. Until then events are kept on this machine.',
    };
  }
  return {
    message: `Events are not sent: the collector refuses them (${message}).`,
    hint: 'They are kept on this machine, and sending is tried again. Tell those who run the collector.',
  };
}
