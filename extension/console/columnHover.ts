/** The hover over a column in a SQL document: what it holds, how it is masked and why, or why it is not. */
import {
  type CancellationToken,
  type Disposable,
  Hover,
  type HoverProvider,
  MarkdownString,
  type Position,
  Range,
  type TextDocument,
} from 'vscode';
import type { ExplainedColumn } from '../../proxy/control/messages.ts';
import type { ConnectionChoice } from '../kit/connectionChoice.ts';
import type { ProxyLink } from '../kit/proxyLink.ts';
import { showLine } from '../kit/visibleText.ts';
import type { CheckedTexts } from './checkedTexts.ts';
import { nameAt, tablesFor, tablesOf } from './hoveredColumn.ts';
import { statementAt } from './statementAt.ts';

/** A statement with more tables is looked at by nobody word for word. */
const longestList = 12;
const longestStatement = 100_000;

export class ColumnHover implements HoverProvider, Disposable {
  readonly #link: ProxyLink;
  readonly #choice: ConnectionChoice;
  readonly #texts: CheckedTexts;
  /** By connection and table, until something may have changed. */
  readonly #known = new Map<string, Promise<readonly ExplainedColumn[]>>();
  readonly #subscriptions: readonly Disposable[];

  constructor(link: ProxyLink, choice: ConnectionChoice, texts: CheckedTexts) {
    this.#link = link;
    this.#choice = choice;
    this.#texts = texts;
    const forget = () => this.#known.clear();
    this.#subscriptions = [
      link.onStatus(forget),
      link.onNotification('requestsChanged', forget),
      link.onNotification('driftChanged', forget),
    ];
  }

  async provideHover(
    document: TextDocument,
    position: Position,
    token: CancellationToken,
  ): Promise<Hover | undefined> {
    const connection = this.#choice.of(document);
    if (connection === undefined) return undefined;
    const cursor = document.offsetAt(position);
    const text = document.getText();
    const statements = await this.#texts.of(document, connection.name).catch(() => []);
    const statement = statementAt(statements, text, cursor);
    if (statement === undefined || statement.end - statement.start > longestStatement) return undefined;
    const sql = text.slice(statement.start, statement.end);
    const pointed = nameAt(sql, cursor - statement.start);
    if (pointed === undefined || token.isCancellationRequested) return undefined;
    const columns: ExplainedColumn[] = [];
    for (const table of tablesFor(tablesOf(sql), pointed.qualifier).slice(0, longestList)) {
      const found = await this.#explain(connection.name, table).catch(() => []);
      columns.push(...found.filter(({ column }) => column === pointed.name));
    }
    if (columns.length === 0 || token.isCancellationRequested) return undefined;
    const start = document.positionAt(statement.start + pointed.start);
    const end = document.positionAt(statement.start + pointed.end);
    const distinct = new Map(columns.map((column) => [nameOf(column), column]));
    return new Hover(
      [...distinct.values()].map((column) => describe(connection.name, column)),
      new Range(start, end),
    );
  }

  #explain(connection: string, { schema, table }: { schema?: string; table: string }) {
    const key = JSON.stringify([connection, schema, table]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const asked = { connection, table, ...(schema !== undefined && { schema }) };
    const columns = this.#link.request('explainColumns', asked).then((answer) => answer.columns);
    this.#known.set(key, columns);
    columns.catch(() => this.#known.delete(key));
    return columns;
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}

/** Written by appendText: names and reasons are text, whatever they hold. Trusted for the one command alone. */
function describe(connection: string, column: ExplainedColumn): MarkdownString {
  const text = new MarkdownString(undefined, true);
  text.isTrusted = { enabledCommands: ['portcullis.askToSee'] };
  text.appendMarkdown(column.method === undefined ? '$(unlock) ' : '$(lock) ');
  text.appendText(`${showLine(nameOf(column))}: ${showLine(column.why, 600)}`);
  if (column.rule !== undefined) text.appendText(` Rule: ${showLine(column.rule)}.`);
  if (column.method === undefined) return text;
  const { schema, table } = column;
  const target = [{ kind: 'column', connection, schema, table, label: column.column }];
  const link = `command:portcullis.askToSee?${encodeURIComponent(JSON.stringify(target))}`;
  return text.appendMarkdown(`\n\n[Ask to see it in clear…](${link})`);
}

function nameOf({ schema, table, column }: ExplainedColumn): string {
  return `${schema}.${table}.${column}`;
}
