/** What a statement does: the types that policy, masking and audit read. Made by `readFacts`. */
import type { StatementBody } from './parsing/bodies.ts';

/** A relation as the statement names it; `schema` is absent where the statement leaves it to search_path. */
export interface RelationName {
  readonly schema?: string;
  readonly name: string;
}

/**
 * One effect. The kinds are the rows of the default policy (DESIGN.md §5):
 * - `read`: SELECT, SHOW, FETCH, EXPLAIN, VALUES, COPY … TO STDOUT
 * - `session`: SET, RESET, DISCARD, PREPARE, DEALLOCATE, DECLARE, CLOSE, LISTEN, UNLISTEN (`setting` names the setting)
 * - `transaction`: BEGIN, COMMIT, SAVEPOINT, PREPARE TRANSACTION, …
 * - `insert`, `update`, `delete`, `merge`, `copyIn`, `call`, `sequence` (nextval, setval, also inside expressions)
 * - `create`, `alterAdditive` (ADD COLUMN and the like), `comment`, `refresh`: additive DDL (`temporary` where it is)
 * - `drop`, `truncate`, `alter`: destructive DDL, every other ALTER
 * - `privilege`: GRANT, REVOKE, roles, ownership, default privileges, row security, security labels
 * - `procedural`: DO, an opaque function, dynamic SQL whose text is not constant (`functionName`)
 * - `serverAccess`: files, programs, server-file functions, CREATE EXTENSION, untrusted languages, ALTER SYSTEM, LOAD,
 *   replication, foreign servers and dblink, SET ROLE and session_replication_role, killing others' backends
 * - `lock`: LOCK TABLE (`lockMode` 1..8), advisory locks · `notify` · `maintenance`: VACUUM, ANALYZE, REINDEX, CLUSTER, CHECKPOINT
 * - `delay`: pg_sleep and its kin · `unknown`: what is not understood
 */
export type EffectKind =
  | 'read'
  | 'session'
  | 'transaction'
  | 'insert'
  | 'update'
  | 'delete'
  | 'merge'
  | 'copyIn'
  | 'call'
  | 'sequence'
  | 'create'
  | 'alterAdditive'
  | 'comment'
  | 'refresh'
  | 'drop'
  | 'truncate'
  | 'alter'
  | 'privilege'
  | 'procedural'
  | 'serverAccess'
  | 'lock'
  | 'notify'
  | 'maintenance'
  | 'delay'
  | 'unknown';

/** How far a WHERE narrows an UPDATE or DELETE. `none`: the effect has no predicate to speak of. */
export type Predicate = 'none' | 'absent' | 'alwaysTrue' | 'real';

export interface Effect {
  readonly kind: EffectKind;
  readonly relation?: RelationName;
  readonly predicate: Predicate;
  /** Columns of `relation`: where the catalog knows that none of them is ever null, the predicate is always true. */
  readonly ifNotNull?: readonly string[];
  /** Object kind in lower case for DDL and privileges: table, index, view, role, schema, function, … */
  readonly object?: string;
  readonly functionName?: string;
  readonly setting?: string;
  /** The new value of `setting` where it is a constant. */
  readonly value?: string;
  readonly temporary?: boolean;
  /** Lock level 1 (ACCESS SHARE) to 8 (ACCESS EXCLUSIVE), PostgreSQL manual 13.3.1. */
  readonly lockMode?: number;
  /** Why it counts as this, in words for the finding ("calls pg_read_file, which reads files of the server"). */
  readonly why?: string;
  /** True where it is assumed of a function or operator that PostgreSQL does not bring: the catalog may know better. */
  readonly isAssumed?: boolean;
  /** How many rows of the relation it may show or change; absent where nobody can tell, or nobody asks. */
  readonly estimatedRows?: number;
  /** What the relation's protected columns hold; absent where nobody can tell, or nobody asks. */
  readonly classifications?: readonly string[];
  /** Byte offset in the message's text of the part that has this effect, where the grammar tells. */
  readonly location?: number;
}

/** How `why` begins where a body executes a text that nobody can read before it runs. */
export const dynamicText = 'executes a text that is not constant';

/** The same where only names and strings in it are not known. */
export const dynamicNames = 'executes a text with names that are not constant';

/** Code that nobody can tell what it reads. */
export interface OpaqueCode {
  /** Of the function, without its schema. */
  readonly name: string;
  /** Continues "NAME …": `is written in plperl`. */
  readonly why: string;
}

/** What the session must do besides forwarding: name bookkeeping and the COPY sub-protocol. */
export type SessionRole =
  | { readonly kind: 'plain' }
  | { readonly kind: 'prepare'; readonly name: string; readonly inner: StatementFacts }
  | { readonly kind: 'execute'; readonly name: string }
  | { readonly kind: 'deallocate'; readonly name: string | undefined } // undefined: ALL, also DISCARD ALL
  | { readonly kind: 'copyIn' }
  | { readonly kind: 'copyOut' };

/** One statement of a message, judged by its tree alone (no catalog); safe to cache by text. */
export interface StatementFacts {
  /** The exact text of this statement, without its semicolon. */
  readonly text: string;
  /** Byte offset of `text` in the message (UTF-8). */
  readonly offset: number;
  /** The node's tag, for instance SelectStmt. */
  readonly node: string;
  /** pg_query's fingerprint: 16 hex digits. */
  readonly fingerprint: string;
  readonly effects: readonly Effect[];
  /** Every relation named anywhere in it, once. */
  readonly relations: readonly RelationName[];
  /** Every function called anywhere in it, schema-qualified where the text is, once. */
  readonly functions: readonly string[];
  /**
   * Names in attribute notation, `t.name` and `(x).name`, once each. PostgreSQL calls a function of that name where there is
   * no such column, so that one that is also the name of a user's function has to count as a call of it.
   */
  readonly attributeNames?: readonly string[];
  /** Symbols of the operators in it, once each: the database may have its own of that symbol. */
  readonly operators?: readonly string[];
  /** Last names of the types that it names, once each. */
  readonly types?: readonly string[];
  /** Relations that functions of the database read for it, where its text does not show it; with a catalog only. */
  readonly hiddenReads?: readonly RelationName[];
  /** Code of the database that it runs, and that cannot be looked into; with a catalog only. */
  readonly opaqueCode?: readonly OpaqueCode[];
  /** Functions of the database that defaults and checks of the tables call that it writes; with a catalog only. */
  readonly storedCalls?: readonly string[];
  /** What stands in its string bodies (DO, CREATE FUNCTION), where it has any. */
  readonly bodies?: readonly StatementBody[];
  readonly role: SessionRole;
  /** True where it can change nothing: only `read`, `session`, `transaction`, ACCESS SHARE `lock`. Its event need not be synced first. */
  readonly readOnly: boolean;
  /** The parse tree of this statement as libpg-query gives it (`{SelectStmt: {…}}`). */
  readonly tree: unknown;
}
