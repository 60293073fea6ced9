/** What the activity page and its host say to each other: types only. Every message to the page is a whole snapshot. */

/** One statement, in words ready to be shown. */
export interface ActivityRow {
  readonly seq: number;
  /** RFC 3339. */
  readonly at: string;
  /** Local: the time of day, with the date where it is another day. */
  readonly time: string;
  /** One line, harmless. */
  readonly what: string;
  readonly connection: string;
  readonly environment: string;
  readonly application: string;
  readonly decision: 'allow' | 'approve' | 'deny' | 'refused';
  /** How it ended, in a word or two: `ok`, `denied`, `failed 22012`. */
  readonly outcome: string;
  readonly isTrouble: boolean;
  /** The refusal's words; empty where there are none. */
  readonly reason: string;
  readonly rows: string;
  readonly duration: string;
  /** `email (pii.email)` */
  readonly maskedColumns: readonly string[];
  readonly isSynced: boolean;
}

export interface ActivitySnapshot {
  readonly kind: 'activity';
  /** Newest first; absent until they were read. */
  readonly rows?: readonly ActivityRow[];
  /** How the events stand with the collector. */
  readonly sync: { readonly text: string; readonly hint: string; readonly isTrouble: boolean };
  /** Why the statements cannot be shown. */
  readonly problem?: string;
}

export type ActivityPageMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'openStatement'; readonly seq: number }
  | { readonly kind: 'refresh' };
