/** The two texts of the diff editor: a table as the baseline has it, and as the database has it now. */
import {
  commands,
  type Disposable,
  EventEmitter,
  type TextDocumentContentProvider,
  Uri,
  workspace,
} from 'vscode';
import type { ControlRequests } from '../../proxy/control/messages.ts';
import { describeProblem, type ProxyLink } from '../kit/proxyLink.ts';
import { type DdlAddress, readDdlAddress, writeDdlAddress } from './ddlAddress.ts';
import { visible } from './driftTexts.ts';

export const ddlScheme = 'portcullis-ddl';

type Ddl = ControlRequests['readDdl']['result'];

export class DdlDocuments implements TextDocumentContentProvider, Disposable {
  readonly #changed = new EventEmitter<Uri>();
  readonly #link: ProxyLink;
  /** Both sides ask at once, and one answer has both. */
  readonly #running = new Map<string, Promise<Ddl>>();

  constructor(link: ProxyLink) {
    this.#link = link;
  }

  get onDidChange(): EventEmitter<Uri>['event'] {
    return this.#changed.event;
  }

  async provideTextDocumentContent(uri: Uri): Promise<string> {
    const address = readDdlAddress(uri.query);
    if (address === undefined) return '-- This address names no table.\n';
    try {
      return (await this.#read(address))[address.side];
    } catch (error) {
      return `-- This text could not be read.\n-- ${visible(describeProblem(error)).replaceAll('\n', '\n-- ')}\n`;
    }
  }

  #read({ connection, schema, table }: DdlAddress): Promise<Ddl> {
    const key = JSON.stringify([connection, schema, table]);
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const reading = this.#link
      .request('readDdl', { connection, schema, table })
      .finally(() => this.#running.delete(key));
    this.#running.set(key, reading);
    return reading;
  }

  /** Reads again what open editors show of a connection. */
  refresh(connection: string): void {
    for (const { uri } of workspace.textDocuments) {
      if (uri.scheme === ddlScheme && readDdlAddress(uri.query)?.connection === connection)
        this.#changed.fire(uri);
    }
  }

  async show(table: Omit<DdlAddress, 'side'>): Promise<void> {
    const uri = (side: DdlAddress['side']): Uri =>
      Uri.from({ scheme: ddlScheme, ...writeDdlAddress({ ...table, side }) });
    const title = `${visible(table.table).replaceAll('\n', ' ')}: baseline ↔ now`;
    await commands.executeCommand('vscode.diff', uri('baseline'), uri('live'), title, { preview: true });
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
