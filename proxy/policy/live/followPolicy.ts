/** Follows the files of a policy folder: what is saved there takes effect, and what cannot be used changes nothing. */
import { versionOf } from '../policyEngine.ts';
import { type PolicyTexts, readPolicyTexts } from '../policyFiles.ts';
import { PolicyLoadError } from '../policyProblems.ts';

export interface FollowOptions {
  readonly directory: string;
  /** {@link versionOf} the texts that are in force when it begins. */
  readonly version: string;
  /** Puts changed texts into force. Throws PolicyLoadError where they cannot be used. */
  readonly take: (texts: PolicyTexts) => Promise<void>;
  /** Told each time that a change could not be taken, and with undefined once all is well again. */
  readonly onProblem: (problem: Error | undefined) => void;
}

/**
 * The files are read, which no editor, mount or version control can hide a change from, and are few. They count once two
 * looks in a row have found them alike: a set of files is seldom saved at one stroke.
 */
const lookEveryMs = 300;

/** Answers how to stop. */
export function followPolicy(options: FollowOptions): () => Promise<void> {
  let inForce = options.version;
  let lastSeen = inForce;
  /** Of the texts that could not be used; they are not tried again as they are. */
  let refused: string | undefined;
  let isStopped = false;
  const look = async (): Promise<void> => {
    const found = await readPolicyTexts(options.directory).catch((error: unknown) => asError(error));
    const seen = found instanceof Error ? found.message : versionOf(found);
    const isSettled = seen === lastSeen;
    lastSeen = seen;
    if (!isSettled || isStopped || seen === refused) return;
    if (seen === inForce) {
      if (refused !== undefined) options.onProblem(undefined);
      refused = undefined;
      return;
    }
    try {
      if (found instanceof Error) throw found;
      await options.take(found);
      inForce = seen;
      if (refused !== undefined) options.onProblem(undefined);
      refused = undefined;
    } catch (error) {
      refused = seen;
      options.onProblem(asError(error));
    }
  };
  let timer: NodeJS.Timeout;
  let looking: Promise<void> = Promise.resolve();
  const lookAgain = () => {
    timer = setTimeout(() => {
      looking = look().finally(() => {
        if (!isStopped) lookAgain();
      });
    }, lookEveryMs);
    timer.unref();
  };
  lookAgain();
  return async () => {
    isStopped = true;
    clearTimeout(timer);
    await looking;
  };
}

/** The first thing that is wrong, on one line: for a log. The command shows the rest. */
export function describeFirstProblem(error: Error): string {
  if (!PolicyLoadError.is(error)) return error.message;
  const { file, line, column, message } = error.problems[0] ?? { message: error.message };
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  const more = error.problems.length > 1 ? ` (and ${error.problems.length - 1} more)` : '';
  return `${place === '' ? '' : `${place}: `}${message}${more}`;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
