/** What the proxy finds in SQL documents, asked once for each version of a document. */
import type { TextDocument } from 'vscode';
import type { CheckedStatement } from '../../proxy/control/messages.ts';
import type { ProxyLink } from '../kit/proxyLink.ts';

interface Checked {
  readonly version: number;
  readonly connection: string;
  readonly statements: Promise<readonly CheckedStatement[]>;
}

export class CheckedTexts {
  readonly #link: ProxyLink;
  readonly #known = new Map<string, Checked>();

  constructor(link: ProxyLink) {
    this.#link = link;
  }

  /** Rejects with what the proxy says where it cannot look. */
  of(document: TextDocument, connection: string): Promise<readonly CheckedStatement[]> {
    const key = document.uri.toString();
    const known = this.#known.get(key);
    if (known?.version === document.version && known.connection === connection) return known.statements;
    const statements = this.#link
      .request('checkText', { connection, text: document.getText() })
      .then((answer) => answer.statements);
    this.#known.set(key, { version: document.version, connection, statements });
    // A failure is not kept: the next question may be answered.
    statements.catch(() => {
      if (this.#known.get(key)?.statements === statements) this.#known.delete(key);
    });
    return statements;
  }

  forget(document: TextDocument): void {
    this.#known.delete(document.uri.toString());
  }

  forgetAll(): void {
    this.#known.clear();
  }
}
