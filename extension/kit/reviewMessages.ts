/** What the review page and the extension say to each other: the page gets whole snapshots, ready to be shown. */
import type { ApprovalRequest, Review } from '../../proxy/control/messages.ts';

/** A run of characters of the statement; `findings` are the numbers (from 1) of the findings that mark it. */
export interface TextPart {
  readonly text: string;
  readonly findings: readonly number[];
  /** A character that would be invisible or would reorder its neighbours, written out by name. */
  readonly isNamed: boolean;
}

export interface RequestView {
  readonly id: string;
  readonly title: string;
  readonly state: ApprovalRequest['state'];
  /** What the state means, in one sentence. */
  readonly stateText: string;
  readonly connection: string;
  readonly environment: string;
  readonly isProduction: boolean;
  /** Label and value: who asks, when, from which application. */
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  /** Columns that would be seen in clear, where it asks for that, and for how long; its text runs nothing then. */
  readonly unmask?: {
    readonly columns: readonly { readonly column: string; readonly classification: string }[];
    readonly duration: string;
  };
  /** Empty where the requester gave none. */
  readonly reason: string;
  readonly lines: readonly (readonly TextPart[])[];
  readonly parameters: readonly { readonly name: string; readonly value: string; readonly isNull: boolean }[];
  readonly findings: readonly {
    readonly message: string;
    readonly detail: string;
    readonly hint: string;
    readonly policy: string;
  }[];
  readonly relations: readonly { readonly name: string; readonly classifications: readonly string[] }[];
  readonly reviews: readonly {
    readonly by: string;
    readonly decision: Review['decision'];
    /** `approved it`, `asked for changes`, … */
    readonly verdict: string;
    readonly comment: string;
    readonly at: string;
  }[];
  /** Why the reader may not review it; absent where the reader may. */
  readonly refusal?: string;
  readonly mayWithdraw: boolean;
  /** The reader may end what it lets be seen in clear. */
  readonly mayRevoke: boolean;
}

/** To the page. `request` is absent until the collector has answered, and where it does not know the request. */
export interface RequestSnapshot {
  readonly kind: 'request';
  readonly request?: RequestView;
  /** An answer of the collector is awaited: nothing can be pressed. */
  readonly busy: boolean;
  /** What went wrong last, in words. */
  readonly problem?: string;
}

/** From the page. */
export type ReviewPageMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'review'; readonly decision: Review['decision']; readonly comment: string }
  | { readonly kind: 'withdraw' };
