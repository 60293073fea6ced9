/** What the activity page and its host say to each other: types only. Every message to the page is a whole snapshot. */
import type { StatementSearch } from '../../proxy/control/messages.ts';

export type { StatementSearch };

/** One statement, in words ready to be shown. */
export interface ActivityRow {
  /** Of one statement, wherever it was run. */
  readonly id: string;
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
  readonly address: string;
  readonly who: string;
  /** The agent that asked on their behalf; empty where a person asked. */
  readonly agent: string;
  /** `schema.name` */
  readonly relations: readonly string[];
  readonly effects: readonly string[];
  readonly policies: readonly string[];
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
  /** Protected columns that were shown in clear, and by what. */
  readonly unmaskedColumns: readonly string[];
  readonly isSynced: boolean;
}

/** Whose statements are shown: one's own on this machine, or all that the collector shows to whoever is signed in. */
export type ActivityScope = 'machine' | 'collector';

export interface ActivitySnapshot {
  readonly kind: 'activity';
  readonly scope: ActivityScope;
  /** Newest first; absent until they were read. */
  readonly rows?: readonly ActivityRow[];
  /** There are older ones, to be asked for. */
  readonly hasMore: boolean;
  readonly isSearching: boolean;
  /** How the events stand with the collector. */
  readonly sync: { readonly text: string; readonly hint: string; readonly isTrouble: boolean };
  /** How the places stand that the collector hands events on to; absent where there are none, or none to be known of. */
  readonly sinks?: { readonly text: string; readonly isTrouble: boolean } | undefined;
  /** Why the statements cannot be shown. */
  readonly problem?: string;
}

export type ActivityPageMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'openStatement'; readonly id: string }
  | { readonly kind: 'refresh' }
  /** What the box says, in the scope that is shown: the collector searches by it. */
  | { readonly kind: 'search'; readonly scope: ActivityScope; readonly search: StatementSearch }
  | { readonly kind: 'more' }
  | { readonly kind: 'verify' }
  | { readonly kind: 'export'; readonly search: StatementSearch };
