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
  /** `schema.table.column`; absent where it comes from no one column. */
  readonly source?: string;
}

/** What becomes of asking to see a masked column in clear. */
export type SightState =
  | { readonly kind: 'reading' }
  /** Why it cannot be asked for. */
  | { readonly kind: 'refused'; readonly message: string }
  | {
      readonly kind: 'form';
      /** For how long it can be asked for. */
      readonly minutes: readonly number[];
      /** Who decides: `reviewers`. */
      readonly approvers: string;
      /** The statement as they read it. */
      readonly text: string;
      readonly isSending: boolean;
      readonly problem?: string;
    }
  | { readonly kind: 'waiting'; readonly message: string; readonly isSending: boolean }
  | { readonly kind: 'approved'; readonly message: string }
  /** Denied, withdrawn, or too late. */
  | { readonly kind: 'ended'; readonly message: string };

/** One column of a result, why it is masked, and what is done about it. */
export interface SightView {
  readonly result: number;
  readonly column: number;
  readonly state: SightState;
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
  /** Begins to ask to see a column in clear. */
  | { readonly kind: 'openSight'; readonly result: number; readonly column: number }
  | {
      readonly kind: 'askSight';
      readonly result: number;
      readonly column: number;
      readonly minutes: number;
      readonly reason: string;
    }
  | { readonly kind: 'withdrawSight'; readonly result: number }
  | { readonly kind: 'closeSight'; readonly result: number }
  | { readonly kind: 'runAgain'; readonly result: number }
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
  | { readonly kind: 'sight'; readonly sight: SightView | undefined }
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
