/** The console's open connections: one for each document and connection. */
import type { LocalAccess } from '../../../proxy/control/messages.ts';
import type { ResultRun } from '../results/resultRun.ts';
import { ConsoleSession } from './consoleSession.ts';

export class ConsoleSessions {
  readonly #sessions = new Map<string, ConsoleSession>();

  /** Another port or password makes another session: the old one belongs to a proxy that is gone. */
  open(document: string, connection: string, access: LocalAccess): ConsoleSession {
    const key = JSON.stringify([document, connection]);
    const known = this.#sessions.get(key);
    if (known !== undefined && known.access.port === access.port && known.access.password === access.password)
      return known;
    void known?.close();
    const session = new ConsoleSession(access, connection);
    this.#sessions.set(key, session);
    return session;
  }

  ofRun(run: ResultRun): ConsoleSession | undefined {
    return [...this.#sessions.values()].find(({ last }) => last === run);
  }

  ofDocument(document: string): readonly ConsoleSession[] {
    return [...this.#sessions].filter(([key]) => documentOf(key) === document).map(([, session]) => session);
  }

  closeDocument(document: string): void {
    for (const [key, session] of this.#sessions) {
      if (documentOf(key) !== document) continue;
      this.#sessions.delete(key);
      session.cancel();
      void session.close();
    }
  }

  dispose(): void {
    for (const session of this.#sessions.values()) void session.close();
    this.#sessions.clear();
  }
}

function documentOf(key: string): unknown {
  const [document] = JSON.parse(key) as unknown[];
  return document;
}
