/** Approval requests, as the collector keeps them and everybody else sees them: the types. */

/** open → approved | denied | withdrawn | expired; approved → used, once. `changes` keeps it open for the requester. */
export type RequestState = 'open' | 'approved' | 'denied' | 'withdrawn' | 'expired' | 'used';

export interface RequestFinding {
  readonly policy: string;
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  /** Offsets in UTF-16 code units of `text`; absent where the finding is about the whole statement. */
  readonly start?: number;
  readonly end?: number;
}

/** A protected column that somebody asks to see in clear. */
export interface UnmaskColumn {
  /** `schema.table.column` */
  readonly column: string;
  readonly classification: string;
  /** OID of its table and number in it: another table or column that comes to have the name is another thing. */
  readonly relation: number;
  readonly attribute: number;
}

/** Where a request asks to see columns in clear instead of to run a statement. */
export interface UnmaskAsk {
  readonly columns: readonly UnmaskColumn[];
  /** How long, from the approval on. */
  readonly minutes: number;
}

/** What a proxy sends to ask: the collector fills in who asks from the token. */
export interface NewRequest {
  readonly connection: string;
  readonly environment: string;
  /** The whole text as it would be sent to the server. */
  readonly text: string;
  /** Bind values in text form, `null` for NULL; absent for a simple query. */
  readonly parameters?: readonly (string | null)[];
  /** What an approval is bound to: see `requestDigest`. */
  readonly digest: string;
  readonly findings: readonly RequestFinding[];
  /** Relations it touches, `schema.name`, with their classifications. */
  readonly relations: readonly { readonly name: string; readonly classifications: readonly string[] }[];
  /** application_name of the client that asks. */
  readonly application: string;
  /** Groups of which one must approve, by the policies. */
  readonly approvers: readonly string[];
  /** Why, in the requester's words; empty where none were given. */
  readonly reason: string;
  /** Absent where the text is to run: then an approval lets it run once. */
  readonly unmask?: UnmaskAsk;
}

export interface Review {
  readonly by: string;
  readonly decision: 'approve' | 'deny' | 'changes';
  readonly comment: string;
  readonly at: string;
}

export interface ApprovalRequest extends NewRequest {
  readonly id: string;
  readonly state: RequestState;
  readonly requester: {
    readonly subject: string;
    readonly email: string;
    readonly groups: readonly string[];
  };
  readonly createdAt: string;
  /** After this moment it can neither be approved nor used; what is seen in clear by it is masked again. */
  readonly expiresAt: string;
  readonly reviews: readonly Review[];
  /** May whoever asked for this answer review it? False for one's own and for who is not among the approvers. */
  readonly mayReview: boolean;
  /** May they end what it lets be seen in clear, before its time? */
  readonly mayRevoke?: boolean;
  /** For how long it still lets columns be seen in clear, by the collector's clock, milliseconds. */
  readonly clearForMs?: number;
}
