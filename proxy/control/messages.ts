/**
 * What the editor and the proxy say to each other over the control channel (JSON-RPC 2.0 over a local socket, framed as
 * vscode-jsonrpc frames it). The one file of the proxy that others may import, and they import types alone.
 */
import type { ApprovalRequest, NewRequest, RequestFinding, Review, UnmaskAsk } from '../approvals/request.ts';
import type { EvidenceFilter } from '../audit/evidence/evidenceFilter.ts';
import type { DriftItem, DriftReport, SchemaSnapshot, SnapshotTable } from '../schema/snapshot.ts';

export type {
  ApprovalRequest,
  DriftItem,
  DriftReport,
  NewRequest,
  RequestFinding,
  Review,
  SchemaSnapshot,
  SnapshotTable,
  UnmaskAsk,
};

/** Grows when a message changes its meaning; a proxy of another version is replaced once nobody uses it. */
export type ControlVersion = 1;

/** What the identity provider gave: kept in the editor's SecretStorage, or the keychain, nowhere else. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly idToken?: string;
  /** RFC 3339. */
  readonly expiresAt: string;
}

export interface SignedInIdentity {
  readonly subject: string;
  readonly email: string;
  readonly groups: readonly string[];
}

/** A problem that a person can do something about. */
export interface Problem {
  /** What happened, why: full sentences. */
  readonly message: string;
  /** What to do. */
  readonly hint?: string;
}

export interface ConnectionStatus {
  readonly name: string;
  readonly environment: string;
  readonly state: 'opening' | 'ready' | 'failed';
  readonly problem?: Problem;
}

/** Where clients on this machine connect. The password is good at the loopback port only. */
export interface LocalAccess {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** For PGPASSFILE and PGSERVICEFILE (manual 34.16, 34.17); readable by their owner only. */
  readonly passwordFile: string;
  readonly serviceFile: string;
}

export interface SyncStatus {
  /** Events recorded but not yet acknowledged by the collector. */
  readonly waiting: number;
  /** RFC 3339; absent where nothing was sent yet. */
  readonly lastSentAt?: string;
  /** Why the last attempt failed; absent where it did not. */
  readonly problem?: Problem;
}

/** Somewhere that the collector hands events on to. */
export interface SinkStatus {
  readonly name: string;
  /** `webhook`, `otlp`, `syslog`, `jsonLines` */
  readonly kind: string;
  /** `retrying`: the last try failed, and the next will come. */
  readonly state: 'idle' | 'sending' | 'retrying';
  /** Events of the log that it has not been offered yet. */
  readonly waiting: number;
  /** Events that it has refused for good. */
  readonly failed: number;
  /** Events that were no longer kept when it was their turn. */
  readonly gone: number;
  /** The last failure, in words, until something is taken again. */
  readonly problem?: string;
}

/** The whole state of the proxy: every `statusChanged` carries all of it. */
export interface ProxyStatus {
  readonly version: ControlVersion;
  readonly pid: number;
  /** `expired`: the sign-in has ended and could not be renewed; statements are refused until the next sign-in. */
  readonly state: 'signedOut' | 'starting' | 'running' | 'expired';
  readonly collector?: string;
  readonly identity?: SignedInIdentity;
  readonly access?: LocalAccess;
  readonly connections: readonly ConnectionStatus[];
  readonly sync: SyncStatus;
  /** Why it is not running, where that is a failure. */
  readonly problem?: Problem;
  /** Of the policy in force: another means that texts may be judged differently. */
  readonly policyVersion?: string;
  /** A newer policy that cannot be used; the one before it is in force. */
  readonly policyProblem?: Problem | undefined;
}

/** One statement of a text, judged: offsets in UTF-16 code units of the text that was sent. */
export interface CheckedStatement {
  readonly start: number;
  /** One past its last character, without the semicolon. */
  readonly end: number;
  readonly outcome: 'allow' | 'approve' | 'deny' | 'unparsed';
  readonly findings: readonly RequestFinding[];
}

/** What is wrong in a policy file. Lines and columns from 0; columns in UTF-16 code units. */
export interface PolicyFileProblem {
  readonly file: string;
  /** An error keeps the policy from being used. */
  readonly severity: 'error' | 'warning';
  readonly line: number;
  readonly column: number;
  /** One past what is meant, on the same line; equal to `column` where a place is meant. */
  readonly endColumn: number;
  readonly message: string;
  /** How to mend it: full sentences. */
  readonly hint?: string;
}

export interface SchemaState {
  /** What the database holds now, as this proxy sees it. */
  readonly live: SchemaSnapshot;
  readonly drift: DriftReport;
  /** Classification of columns that are masked, by `schema.table.column`. */
  readonly classifications: Readonly<Record<string, string>>;
  /** Why columns are masked, or are protected and yet seen in clear, by `schema.table.column`: full sentences. */
  readonly reasons?: Readonly<Record<string, string>>;
  /** Rules of masking.yaml that do nothing in this database, in words. */
  readonly maskingProblems?: readonly string[];
}

/** What a column is to whoever asks. */
export interface ExplainedColumn {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  /** What it holds; absent where nothing says that it is protected. */
  readonly classification?: string;
  /** How it is masked; absent where it is not, for whoever asks. */
  readonly method?: string;
  /** What may be done with it besides showing it masked. */
  readonly use?: 'none' | 'equality' | 'order' | 'open';
  /** The rule of masking.yaml that says so: file, line and column. */
  readonly rule?: string;
  /** Full sentences. */
  readonly why: string;
}

/** What a person is told before asking to see columns in clear. */
export interface SightTerms {
  readonly columns: readonly {
    /** `schema.table.column` */
    readonly column: string;
    readonly classification: string;
    /** False where no policy lets it be asked for. */
    readonly mayAsk: boolean;
  }[];
  /** Groups of which somebody has to approve. */
  readonly approvers: readonly string[];
  /** For how long it can be asked for. */
  readonly minutes: readonly number[];
  /** The statement as reviewers will read it: without its constants. Empty where none was given. */
  readonly text: string;
}

export interface ExplainedColumns {
  readonly columns: readonly ExplainedColumn[];
  /** Rules of masking.yaml that do nothing in this database, in words. */
  readonly problems: readonly string[];
}

/** One statement in the activity view. */
export interface ActivityEntry {
  readonly seq: number;
  readonly at: string;
  readonly connection: string;
  readonly environment: string;
  readonly application: string;
  /** As recorded: never the raw text where classified columns are touched. */
  readonly text: string;
  readonly decision: 'allow' | 'approve' | 'deny' | 'refused';
  readonly status: 'running' | 'ok' | 'error' | 'cancelled' | 'unknown' | 'notRun' | 'refused';
  /** The refusal's words, or the server's SQLSTATE. */
  readonly reason?: string;
  readonly rows?: number;
  readonly micros?: number;
  readonly maskedColumns: readonly { readonly column: string; readonly classification: string }[];
  /** Protected columns that it has shown or used in clear, the policy, and the approved request where one was needed. */
  readonly unmaskedColumns?: readonly {
    readonly column: string;
    readonly classification: string;
    readonly policy: string;
    readonly request?: string | undefined;
    readonly reason?: string | undefined;
  }[];
  /** Whose it was: e-mail address where it is known, else the subject; and the agent that asked on their behalf. */
  readonly who: string;
  readonly agent?: string;
  /** The client's, as it came. */
  readonly address: string;
  /** `schema.name` */
  readonly relations: readonly string[];
  /** Kinds of what it does: `read`, `update`, … */
  readonly effects: readonly string[];
  /** Ids of the policies that decided. */
  readonly policies: readonly string[];
  readonly isSynced: boolean;
}

/** What statements at the collector are searched by: all that is given must match. */
export interface StatementSearch {
  /** Subject or e-mail address. */
  readonly identity?: string;
  readonly connection?: string;
  /** `schema.name`, or a name in any schema. */
  readonly relation?: string;
  readonly decision?: 'allow' | 'deny' | 'approve';
  /** A column that came masked, or in clear by a permit; and what such a column is. */
  readonly column?: string;
  readonly classification?: string;
  readonly agent?: string;
  /** Words of the recorded text, all of them. */
  readonly text?: string;
  /** RFC 3339: this moment or later, before this moment. */
  readonly since?: string;
  readonly until?: string;
  /** Of the answer before: the next page. */
  readonly cursor?: string;
}

/** A statement that the collector holds: anybody's, from any machine. */
export interface CollectedStatement extends ActivityEntry {
  /** Id of the proxy that it went through. */
  readonly proxy: string;
}

/** Whether records are what was recorded, and all of it. */
export interface RecordsVerdict {
  readonly holds: boolean;
  /** One sentence. */
  readonly headline: string;
  /** The whole report, in words. */
  readonly report: string;
}

/** Requests of a window to the proxy: method, parameters, answer. Errors are JSON-RPC errors whose data is a Problem. */
export interface ControlRequests {
  /** The first message of every window. */
  hello: { params: { readonly version: ControlVersion; readonly client: string }; result: ProxyStatus };
  /** Finds the provider of a collector and prepares a sign-in by authorization code with PKCE on a loopback redirect. */
  beginSignIn: {
    params: { readonly collector: string };
    result: { readonly id: string; readonly url: string; readonly issuer: string };
  };
  /** Waits until the browser has come back; cancel it by JSON-RPC cancellation. Signs the proxy in. */
  finishSignIn: {
    params: { readonly id: string };
    result: { readonly tokens: Tokens; readonly identity: SignedInIdentity };
  };
  /** Signs in with tokens kept from before; answers when connections are ready or have failed. */
  resume: {
    params: { readonly collector: string; readonly tokens: Tokens };
    result: ProxyStatus;
  };
  signOut: { params: Record<string, never>; result: ProxyStatus };
  checkText: {
    params: { readonly connection: string; readonly text: string };
    result: { readonly statements: readonly CheckedStatement[] };
  };
  /** Checks policy files as the proxy would before using them; nobody need be signed in. */
  checkPolicy: {
    params: { readonly files: readonly { readonly name: string; readonly text: string }[] };
    result: { readonly problems: readonly PolicyFileProblem[] };
  };
  readSchema: {
    params: { readonly connection: string; readonly refresh: boolean };
    result: SchemaState;
  };
  /** Why columns are masked, or not: all of one table, or the protected ones of all. */
  explainColumns: {
    params: { readonly connection: string; readonly schema?: string; readonly table?: string };
    result: ExplainedColumns;
  };
  /** What asking to see columns in clear would come to. Columns are `schema.table.column`. */
  readSightTerms: {
    params: { readonly connection: string; readonly columns: readonly string[]; readonly text?: string };
    result: SightTerms;
  };
  /** Asks to see columns in clear; whoever asks is not kept waiting. Approved, it counts from the next statement on. */
  askToSee: {
    params: {
      readonly connection: string;
      readonly columns: readonly string[];
      readonly text?: string;
      readonly minutes: number;
      readonly reason: string;
    };
    result: ApprovalRequest;
  };
  /** DDL texts for the diff editor: of one table in the baseline and now; empty where it does not exist there. */
  readDdl: {
    params: { readonly connection: string; readonly schema: string; readonly table: string };
    result: { readonly baseline: string; readonly live: string };
  };
  /** Accepts the live state as the new baseline. Refused by the collector for who may not. */
  acceptBaseline: { params: { readonly connection: string }; result: DriftReport };
  listRequests: { params: Record<string, never>; result: { readonly requests: readonly ApprovalRequest[] } };
  reviewRequest: {
    params: { readonly id: string; readonly decision: Review['decision']; readonly comment: string };
    result: ApprovalRequest;
  };
  withdrawRequest: { params: { readonly id: string }; result: ApprovalRequest };
  listActivity: {
    params: { readonly limit: number };
    result: { readonly entries: readonly ActivityEntry[]; readonly sync: SyncStatus };
  };
  /** Where the collector hands events on to; absent for who may not know. */
  listSinks: { params: Record<string, never>; result: { readonly sinks?: readonly SinkStatus[] } };
  /** Statements at the collector, newest first: everybody's for auditors and admins, one's own for others. */
  searchStatements: {
    params: StatementSearch;
    result: { readonly statements: readonly CollectedStatement[]; readonly next?: string };
  };
  /** Checks this machine's records offline. */
  verifyRecords: { params: Record<string, never>; result: RecordsVerdict };
  /** Fetches an evidence bundle, checks it, and writes it to the file; cancel it by JSON-RPC cancellation. */
  exportEvidence: {
    params: EvidenceFilter & { readonly path: string };
    result: RecordsVerdict & { readonly bytes: number };
  };
  /** Ends the proxy: open sessions are told, events are kept. */
  shutDown: { params: Record<string, never>; result: null };
}

/** Notifications of the proxy to every window. */
export interface ControlNotifications {
  statusChanged: ProxyStatus;
  /** The provider has given new tokens: keep them instead of the old ones. */
  tokensChanged: { readonly collector: string; readonly tokens: Tokens };
  /** Ask for the list again. */
  requestsChanged: Record<string, never>;
  driftChanged: { readonly connection: string };
  activityChanged: Record<string, never>;
}

export type ControlMethod = keyof ControlRequests;

/**
 * Notice that the proxy sends before rows whose columns are masked, to sessions that set `portcullis.notices` to `on`
 * at their start (`options=-c portcullis.notices=on`): severity NOTICE, this SQLSTATE, and as detail the JSON text of
 * {@link MaskedColumnsNotice}.
 */
export type MaskNoticeState = '01P01';

/** While a statement waits for a reviewer: a NOTICE with this SQLSTATE; its detail is the JSON text {"request":ID}. */
export type HoldNoticeState = '01P02';

export interface MaskedColumnsNotice {
  /** By position in the row, from 0. */
  readonly columns: readonly {
    readonly index: number;
    readonly name: string;
    readonly classification: string;
    /** `partial`, `redact`, `null`, …: how it is masked. */
    readonly method: string;
    /** `schema.table.column`; absent where it comes from no one column. */
    readonly source?: string;
    /** Why it is masked: full sentences. */
    readonly why?: string;
  }[];
  /** The other columns of the same rows, and why they are not masked. */
  readonly clear?: readonly {
    readonly index: number;
    readonly source?: string;
    readonly why: string;
  }[];
}
