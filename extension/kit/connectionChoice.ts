/** Which connection a SQL document uses: chosen by its reader, remembered per document, else the only or the last one. */
import { type Disposable, type Event, EventEmitter, type Memento, type TextDocument, type Uri } from 'vscode';
import type { ConnectionStatus } from '../../proxy/control/messages.ts';
import type { ProxyLink } from './proxyLink.ts';

const storageKey = 'connectionOfDocument';
const lastKey = 'lastConnection';
const keptDocuments = 200;

export class ConnectionChoice implements Disposable {
  readonly #changed = new EventEmitter<void>();
  readonly #link: ProxyLink;
  readonly #memory: Memento;
  readonly #subscription: Disposable;

  constructor(link: ProxyLink, memory: Memento) {
    this.#link = link;
    this.#memory = memory;
    this.#subscription = link.onStatus(() => this.#changed.fire());
  }

  /** Fires when a document's connection may have become another. */
  get onChange(): Event<void> {
    return this.#changed.event;
  }

  /** Undefined where nobody is signed in, or no connection exists. */
  of(document: TextDocument): ConnectionStatus | undefined {
    const connections = this.#link.status?.connections ?? [];
    const chosen = this.#kept()[document.uri.toString()] ?? this.#memory.get<string>(lastKey);
    return connections.find(({ name }) => name === chosen) ?? connections[0];
  }

  async choose(uri: Uri, connection: string): Promise<void> {
    const kept = Object.entries(this.#kept()).filter(([key]) => key !== uri.toString());
    const entries = [...kept.slice(1 - keptDocuments), [uri.toString(), connection]];
    await this.#memory.update(storageKey, Object.fromEntries(entries));
    await this.#memory.update(lastKey, connection);
    this.#changed.fire();
  }

  #kept(): Readonly<Record<string, string>> {
    return this.#memory.get<Record<string, string>>(storageKey) ?? {};
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }
}
