/**
 * A query for pg's Client that hands on what comes and keeps nothing; its rows never get here (see rowDiversion.ts). One
 * simple Query message (manual 54.2.2.1), so a text of several statements runs as the server sees it.
 */
import type { Connection, Submittable } from 'pg';

/** pg_type.dat */
const textType = 25;
/** What COPY's binary format begins with (manual, COPY, "Binary Format"). */
const binarySignature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const binaryWords =
  'The rows came in the binary format of COPY, which is not shown here. Leave the format out or choose FORMAT csv.';

export interface ColumnField {
  readonly name: string;
  readonly dataTypeID: number;
  readonly dataTypeModifier: number;
}

export interface QueryListener {
  /** A statement's rows follow. */
  startRows(fields: readonly ColumnField[]): void;
  /** The body of a DataRow, between start and end; it is gone after the call. */
  addDataRow(bytes: Buffer, start: number, end: number): void;
  /** A line of COPY. */
  addRow(cells: readonly (string | null)[]): void;
  /** `SELECT 3`: one of the statements has ended. */
  endCommand(tag: string): void;
  /** A notice that the connection sent while this ran. */
  addNotice(notice: object): void;
}

/** Messages of the server, by the names that pg's Client calls a query with. */
export class StreamedQuery implements Submittable {
  /** pg asks for these of whatever it is given. */
  readonly name = undefined;
  readonly callback = undefined;
  readonly ended: Promise<void>;
  readonly #text: string;
  readonly #listener: QueryListener;
  #copying: 'nothing' | 'lines' | 'binary' = 'nothing';
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(text: string, listener: QueryListener) {
    this.#text = text;
    this.#listener = listener;
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: Connection): void {
    connection.query(this.#text);
  }

  handleRowDescription(message: { readonly fields: readonly ColumnField[] }): void {
    this.#listener.startRows(message.fields);
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.#copying = 'nothing';
    this.#listener.endCommand(message.text);
  }

  handleEmptyQuery(): void {}

  handleCopyInResponse(connection: Connection & { sendCopyFail(message: string): void }): void {
    connection.sendCopyFail('The console has no rows to copy in: use psql and its \\copy.');
  }

  /** COPY … TO STDOUT: the server sends a message for each line. */
  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    if (this.#copying === 'nothing') this.#startCopy(chunk);
    if (this.#copying === 'lines') this.#listener.addRow([chunk.toString().replace(/\r?\n$/, '')]);
  }

  handlePortalSuspended(): void {}

  handleError(error: unknown): void {
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    this.#resolve();
  }

  #startCopy(first: Buffer): void {
    this.#copying = first.subarray(0, binarySignature.length).equals(binarySignature) ? 'binary' : 'lines';
    if (this.#copying === 'binary') this.#listener.addNotice({ message: binaryWords });
    else this.#listener.startRows([{ name: 'line', dataTypeID: textType, dataTypeModifier: -1 }]);
  }
}
