/** The records of the journal, first form: one type per kind, plus what callers give to make them. */
import type { Identity } from '../identity/identity.ts';
import type { Effect, RelationName } from '../sql/facts.ts';
import type { TreeHead } from './journalTree.ts';

/** What every event carries. */
interface EventHead {
  /** When it was recorded: RFC 3339, UTC, milliseconds. */
  readonly at: string;
  /** Position in the journal: 1, 2, 3, … without gaps, over restarts too. */
  readonly seq: number;
}

export interface EventIdentity {
  readonly subject: string;
  readonly email?: string;
  readonly groups: readonly string[];
  /** What acts for the subject. */
  readonly agent?: { readonly name: string };
}

/** Takes the recorded fields one by one: what else is known of somebody must not slip in. */
export function recordedIdentity({ subject, email, groups, agent }: Identity): EventIdentity {
  return { subject, email, groups, ...(agent !== undefined && { agent: { name: agent.name } }) };
}

export interface EventClient {
  /** Address and port as the socket tells them. */
  readonly address: string;
  /** The startup parameter application_name. */
  readonly application?: string;
}

export interface EventStatement {
  /** The statement with literals of classified columns already masked: never the raw text. */
  readonly text: string;
  /** Hex HMAC over the exact text with a secret salt: proves later what was run without storing it. */
  readonly commitment: string;
  /** Absent where the text could not be parsed. */
  readonly fingerprint?: string;
  readonly node?: string;
}

/** An effect as recorded: without values that a statement carries and without positions in its text. */
export type EventEffect = Pick<
  Effect,
  'kind' | 'relation' | 'object' | 'functionName' | 'setting' | 'temporary' | 'lockMode'
> & { readonly predicate?: Effect['predicate'] };

export interface EventDecision {
  readonly outcome: 'allow' | 'deny' | 'approve';
  /** Ids of the policies that determined it. */
  readonly policies: readonly string[];
  /** Version of the policy set. */
  readonly version: string;
  /** What it would have been if the policies that only watch were in force, and which ones. */
  readonly observed?: { readonly outcome: 'approve' | 'deny'; readonly policies: readonly string[] };
  /** Where it ran by an approval: the request, and who approved it. */
  readonly approval?: { readonly request: string; readonly by: readonly string[] };
}

/** A statement that is about to be forwarded. */
export interface IntentFields {
  readonly client: EventClient;
  readonly connection: string;
  readonly decision: EventDecision;
  readonly effects: readonly EventEffect[];
  readonly environment: string;
  readonly identity: EventIdentity;
  readonly relations: readonly RelationName[];
  readonly session: string;
  readonly statement: EventStatement;
}

export interface EventMaskedColumn {
  /** The column's name in the result. */
  readonly column: string;
  /** Its classification, for instance pii.email. */
  readonly classification: string;
}

/** A protected column that a statement has shown or used in clear, for a policy permits it. */
export interface EventUnmaskedColumn {
  /** `schema.table.column` */
  readonly column: string;
  readonly classification: string;
  /** Id of that policy. */
  readonly policy: string;
}

/** What came of the intent `for`. */
export interface OutcomeFields {
  /** seq of the intent. */
  readonly for: number;
  /** `unknown`: the server was lost in between, or the proxy itself (then the next run records it). `notRun`: recorded, then not forwarded after all. */
  readonly status: 'ok' | 'error' | 'cancelled' | 'unknown' | 'notRun';
  readonly rows: number;
  /** From forwarding to the end of the answer, microseconds. */
  readonly micros: number;
  /** Bytes of the answer sent to the client. */
  readonly bytes?: number | undefined;
  /** CommandComplete's tag. */
  readonly tag?: string | undefined;
  readonly sqlState?: string | undefined;
  /** Give the same array for the same statement: its text is made once per array. */
  readonly maskedColumns?: readonly EventMaskedColumn[] | undefined;
  readonly unmaskedColumns?: readonly EventUnmaskedColumn[] | undefined;
}

/** Something that was not let through: a statement, a startup parameter, a sign-in. */
export interface RefusalFields extends Partial<Omit<IntentFields, 'client'>> {
  readonly client: EventClient;
  /** Words, SQLSTATE and the code of proxy/kit/errors.ts, as sent to the client; free of classified values. */
  readonly reason: { readonly code: string; readonly message: string; readonly sqlState: string };
}

export interface SessionOpenedFields {
  readonly client: EventClient;
  readonly connection: string;
  readonly environment: string;
  readonly identity: EventIdentity;
  readonly session: string;
}

export interface SessionClosedFields {
  readonly session: string;
  /** `crashed`: recorded by the next run, because the proxy itself came to an end before. */
  readonly reason:
    | 'clientClosed'
    | 'clientLost'
    | 'serverLost'
    | 'refused'
    | 'stopping'
    | 'failed'
    | 'crashed';
  /** How many statements were forwarded. */
  readonly statements: number;
}

/** What a torn tail left behind when the journal was opened after a crash. */
export interface TornTail {
  readonly bytes: number;
  /** Name of the file in the journal folder that keeps them. */
  readonly file: string;
  /** Hex SHA-256 of them. */
  readonly sha256: string;
}

export interface StartedFields {
  readonly pid: number;
  readonly torn?: TornTail;
  /** Events that had been on the disk, and were gone from the journal's end when it was opened. */
  readonly lost?: { readonly from: number; readonly through: number };
}

/** That the proxy lives: every minute (every ten while nothing else is recorded), and after every 4 MiB of lines. */
export interface HeartbeatFields {
  /**
   * Milliseconds since the last heartbeat or start by a clock that is never set and stands still while the machine sleeps:
   * tells a machine that slept from heartbeats that are missing.
   */
  readonly awake: number;
}

/** Commits to all lines before it. Absent in journals from before there were commitments. */
interface Commitment {
  readonly tree?: TreeHead;
}

/** Statements that were refused because they could not be recorded; takes the places `seq` to `through`. */
export interface WithdrawnFields {
  readonly reason: string;
  readonly through: number;
}

export type IntentEvent = EventHead & IntentFields & { readonly kind: 'intent' };
export type OutcomeEvent = EventHead & OutcomeFields & { readonly kind: 'outcome' };
export type RefusalEvent = EventHead & RefusalFields & { readonly kind: 'refusal' };
export type SessionOpenedEvent = EventHead & SessionOpenedFields & { readonly kind: 'sessionOpened' };
export type SessionClosedEvent = EventHead & SessionClosedFields & { readonly kind: 'sessionClosed' };
export type StartedEvent = EventHead & StartedFields & Commitment & { readonly kind: 'started' };
export type StoppedEvent = EventHead & Partial<HeartbeatFields> & Commitment & { readonly kind: 'stopped' };
export type HeartbeatEvent = EventHead & HeartbeatFields & Commitment & { readonly kind: 'heartbeat' };
export type WithdrawnEvent = EventHead & WithdrawnFields & { readonly kind: 'withdrawn' };

export type JournalEvent =
  | IntentEvent
  | OutcomeEvent
  | RefusalEvent
  | SessionOpenedEvent
  | SessionClosedEvent
  | StartedEvent
  | StoppedEvent
  | HeartbeatEvent
  | WithdrawnEvent;

export type EventKind = JournalEvent['kind'];

export const eventKinds: ReadonlySet<string> = new Set<EventKind>([
  'intent',
  'outcome',
  'refusal',
  'sessionOpened',
  'sessionClosed',
  'started',
  'stopped',
  'heartbeat',
  'withdrawn',
]);
