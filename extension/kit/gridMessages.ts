/** What the results view and its page say to each other: whole snapshots to the page, requests for windows of rows from it. */

/** One cell as the page gets it: NULL, a text, or the beginning of a long text and the length of the whole. */
export type GridCell = string | null | { readonly start: string; readonly length: number };

export interface GridColumn {
  readonly name: string;
  readonly type: string;
  /** Numbers stand at the right edge of their column. */
  readonly isNumeric: boolean;
  readonly mask?: { readonly classification: string; readonly method: string };
  /** Why it is masked, or is not, and where it comes from: full sentences. */
  readonly why?: string;
}

/** Why a statement failed: the server's own fields, where it sent them. */
export interface ResultProblem {
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly sqlState?: string;
  /** The line of the statement that the server points at. */
  readonly place?: { readonly line: number; readonly column: number; readonly text: string };
}

export type ResultState =
  | { readonly kind: 'running' }
  /** Waits for a reviewer; the message is the proxy's. */
  | { readonly kind: 'held'; readonly request: string; readonly message: string }
  | { readonly kind: 'done' }
  /** The result is larger than what is kept: the statement was stopped, and what had come is shown. */
  | { readonly kind: 'stopped'; readonly message: string }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly problem: ResultProblem };

export interface ResultSnapshot {
  /** Grows from run to run; rows are asked for by it. */
  readonly result: number;
  /** Changes where a later statement of the same run has put its rows in place of the earlier ones. */
  readonly rowSet: number;
  /** Names of the tables, short; empty where they are not known. */
  readonly title: string;
  readonly sql: string;
  readonly connection: string;
  readonly environment: string;
  readonly isProduction: boolean;
  readonly state: ResultState;
  readonly columns: readonly GridColumn[];
  readonly rowCount: number;
  readonly elapsedMs: number;
  /** One line for each command that ended: `INSERT 0 3`. */
  readonly commands: readonly string[];
  readonly notices: readonly string[];
  readonly transaction: 'none' | 'open' | 'failed';
}

/** Both ends included. */
export interface GridRange {
  readonly firstRow: number;
  readonly lastRow: number;
  readonly firstColumn: number;
  readonly lastColumn: number;
}

export type CopyFormat = 'tsv' | 'csv' | 'json' | 'markdown';

export type GridToHost =
  | { readonly kind: 'ready' }
  | { readonly kind: 'window'; readonly result: number; readonly offset: number; readonly count: number }
  | { readonly kind: 'cell'; readonly result: number; readonly row: number; readonly column: number }
  | { readonly kind: 'cancel'; readonly result: number }
  | { readonly kind: 'endTransaction'; readonly result: number; readonly how: 'COMMIT' | 'ROLLBACK' }
  | {
      readonly kind: 'copy';
      readonly result: number;
      readonly format: CopyFormat;
      readonly range: GridRange;
      readonly isWithHeader: boolean;
    };

export type HostToGrid =
  | { readonly kind: 'state'; readonly snapshot: ResultSnapshot | undefined }
  | {
      readonly kind: 'window';
      readonly result: number;
      readonly rowSet: number;
      readonly offset: number;
      readonly rows: readonly (readonly GridCell[])[];
    }
  | {
      readonly kind: 'cell';
      readonly result: number;
      readonly row: number;
      readonly column: number;
      readonly value: string | null;
    };
