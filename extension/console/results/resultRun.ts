/** One run of a text: what has come of it so far, for the results view to show at any moment. */
import { isProduction } from '../../kit/environment.ts';
import type { GridColumn, ResultSnapshot, ResultState } from '../../kit/gridMessages.ts';
import type { ColumnField, QueryListener } from '../session/streamedQuery.ts';
import { describeType, isNumericType } from './columnType.ts';
import { type MaskedColumns, readNotice } from './notices.ts';
import { RowStore } from './rowStore.ts';

/** A statement that talks without end must not fill the memory. */
const keptNotices = 200;
const keptCommands = 200;

export interface RunTarget {
  readonly connection: string;
  readonly environment: string;
}

let lastResult = 0;

export class ResultRun implements QueryListener {
  readonly result = ++lastResult;
  readonly sql: string;
  readonly target: RunTarget;
  readonly rows: RowStore;
  /** Called at every change; may be called for every row. */
  onChange: () => void = () => {};
  /** Called once, when the rows have grown past what is kept. */
  onOverflow: () => void = () => {};
  transaction: ResultSnapshot['transaction'] = 'none';
  #title = '';
  readonly #startedAt = performance.now();
  #endedAt: number | undefined;
  #state: ResultState = { kind: 'running' };
  #columns: GridColumn[] = [];
  #rowSet = 0;
  /** Told before the columns that it speaks of. */
  #masksAhead: MaskedColumns = { columns: [], clear: [] };
  #isAmongRows = false;
  #isFull = false;
  #isClosed = false;
  #hasPassedOver = false;
  readonly #commands: string[] = [];
  readonly #notices: string[] = [];

  constructor(sql: string, target: RunTarget, rows = new RowStore()) {
    this.sql = sql;
    this.target = target;
    this.rows = rows;
  }

  get state(): ResultState {
    return this.#state;
  }

  get hasEnded(): boolean {
    return this.#endedAt !== undefined;
  }

  /** True once rows were dropped because they passed the limit. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** True once a row came that was not kept. */
  get hasPassedOver(): boolean {
    return this.#hasPassedOver;
  }

  get rowSet(): number {
    return this.#rowSet;
  }

  snapshot(): ResultSnapshot {
    return {
      result: this.result,
      rowSet: this.#rowSet,
      title: this.#title,
      sql: this.sql,
      connection: this.target.connection,
      environment: this.target.environment,
      isProduction: isProduction(this.target.environment),
      state: this.#state,
      columns: this.#columns,
      rowCount: this.rows.rowCount,
      elapsedMs: (this.#endedAt ?? performance.now()) - this.#startedAt,
      commands: this.#commands,
      notices: this.#notices,
      transaction: this.transaction,
    };
  }

  startRows(fields: readonly ColumnField[]): void {
    this.#leaveHold();
    this.rows.clear();
    this.#rowSet += 1;
    this.#isAmongRows = true;
    this.#columns = fields.map(({ name, dataTypeID, dataTypeModifier }) => ({
      name,
      type: describeType(dataTypeID, dataTypeModifier),
      isNumeric: isNumericType(dataTypeID),
    }));
    this.#mark(this.#masksAhead);
    this.#masksAhead = { columns: [], clear: [] };
    this.onChange();
  }

  addDataRow(bytes: Buffer, start: number, end: number): void {
    if (this.#isOpen()) this.#kept(this.rows.appendDataRow(bytes, start, end));
  }

  addRow(cells: readonly (string | null)[]): void {
    if (this.#isOpen()) this.#kept(this.rows.append(cells));
  }

  endCommand(tag: string): void {
    this.#leaveHold();
    this.#isAmongRows = false;
    if (this.#commands.length < keptCommands) this.#commands.push(tag);
    this.onChange();
  }

  addNotice(fields: object): void {
    const notice = readNotice(fields);
    if (notice.kind === 'held')
      this.#state = { kind: 'held', request: notice.request, message: notice.message };
    else if (notice.kind === 'words') {
      if (this.#notices.length < keptNotices) this.#notices.push(notice.text);
    } else if (this.#isAmongRows) this.#mark(notice);
    else this.#masksAhead = notice;
    this.onChange();
  }

  setTitle(title: string): void {
    this.#title = title;
    this.onChange();
  }

  /** Rows that still come are passed over: what a cancelled statement has sent by then can be much. */
  takeNoMore(): void {
    this.#isClosed = true;
  }

  /** Nobody looks at it any more: what came is forgotten, and what still comes is not kept. */
  letGo(): void {
    this.takeNoMore();
    this.rows.clear();
  }

  end(state: ResultState): void {
    if (this.hasEnded) return;
    this.#endedAt = performance.now();
    this.#state = state;
    this.onChange();
  }

  #isOpen(): boolean {
    if (this.#isClosed) this.#hasPassedOver = true;
    return !this.#isClosed;
  }

  #kept(isKept: boolean): void {
    if (!isKept) {
      this.#isFull = true;
      this.takeNoMore();
      this.onOverflow();
    }
    this.onChange();
  }

  #leaveHold(): void {
    if (this.#state.kind === 'held') this.#state = { kind: 'running' };
  }

  #mark({ columns, clear }: MaskedColumns): void {
    this.#columns = this.#columns.map((column, index) => {
      const mask = columns.find((told) => told.index === index);
      const told = mask ?? clear.find((one) => one.index === index);
      if (told === undefined) return column;
      const from = told.source === undefined ? '' : ` From ${told.source}.`;
      return {
        ...column,
        ...(mask !== undefined && { mask: { classification: mask.classification, method: mask.method } }),
        ...(told.source !== undefined && { source: told.source }),
        ...(told.why !== undefined && { why: `${told.why}${from}` }),
      };
    });
  }
}
