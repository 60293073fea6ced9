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

/** What a proxy sends to ask: the collector fills in who asks from the token. */
export interface NewRequest {
  readonly connection: string;
  readonly environment: string;
  /** The whole text as it would be sent to the server. */
  readonly text: string;
  /** Bind values in text form, `null` for NULL; absent for a simple query. */
  readonly parameters?: readonly (string | null)[];
  /** Hex SHA-256 over connection, text and parameters: what an approval is bound to. */
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
  /** After this moment it can neither be approved nor used. */
  readonly expiresAt: string;
  readonly reviews: readonly Review[];
  /** May whoever asked for this answer review it? False for one's own and for who is not among the approvers. */
  readonly mayReview: boolean;
}
