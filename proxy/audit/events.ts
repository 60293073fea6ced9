/** The records of the journal and of the collector, first form: one type per kind, each from its schema. */
import type { Identity } from '../identity/identity.ts';
import type * as parts from './schema/eventParts.ts';
import { eventSchemas } from './schema/eventSchemas.ts';
import type { TypeOf } from './schema/jsonSchema.ts';

type Schemas = typeof eventSchemas;
type EventOf<Kind extends keyof Schemas> = TypeOf<Schemas[Kind]>;
/** What callers give to make one. */
type FieldsOf<Kind extends keyof Schemas> = Omit<EventOf<Kind>, 'at' | 'seq' | 'kind'>;
type OrUndefined<T> = {
  readonly [Name in keyof T]: T extends Record<Name, T[Name]> ? T[Name] : T[Name] | undefined;
};

export type EventIdentity = TypeOf<typeof parts.identity>;
export type EventClient = TypeOf<typeof parts.client>;
export type EventStatement = TypeOf<typeof parts.statement>;
/** An effect as recorded: without values that a statement carries and without positions in its text. */
export type EventEffect = TypeOf<typeof parts.effect>;
export type EventDecision = TypeOf<typeof parts.decision>;
export type EventMaskedColumn = TypeOf<typeof parts.maskedColumn>;
/** A protected column that a statement has shown or used in clear, for a policy permits it. */
export type EventUnmaskedColumn = TypeOf<typeof parts.unmaskedColumn>;
/** What a torn tail left behind when the journal was opened after a crash. */
export type TornTail = TypeOf<typeof parts.tornTail>;

export type IntentFields = FieldsOf<'intent'>;
/** Give the same array of columns for the same statement: its text is made once per array. */
export type OutcomeFields = OrUndefined<FieldsOf<'outcome'>>;
export type RefusalFields = FieldsOf<'refusal'>;
export type SessionOpenedFields = FieldsOf<'sessionOpened'>;
export type SessionClosedFields = FieldsOf<'sessionClosed'>;
export type StartedFields = Omit<FieldsOf<'started'>, 'tree'>;
export type HeartbeatFields = Omit<FieldsOf<'heartbeat'>, 'tree'>;
export type WithdrawnFields = FieldsOf<'withdrawn'>;

export type IntentEvent = EventOf<'intent'>;
export type OutcomeEvent = EventOf<'outcome'>;
export type RefusalEvent = EventOf<'refusal'>;
export type SessionOpenedEvent = EventOf<'sessionOpened'>;
export type SessionClosedEvent = EventOf<'sessionClosed'>;
export type StartedEvent = EventOf<'started'>;
export type StoppedEvent = EventOf<'stopped'>;
export type HeartbeatEvent = EventOf<'heartbeat'>;
export type WithdrawnEvent = EventOf<'withdrawn'>;
export type SignInEvent = EventOf<'signIn'>;
export type PolicyChangedEvent = EventOf<'policyChanged'>;
export type ClassificationChangedEvent = EventOf<'classificationChanged'>;
export type RecordsReadEvent = EventOf<'recordsRead'>;
export type EventsRemovedEvent = EventOf<'eventsRemoved'>;

/** What the collector records by itself, under a number of its own. */
export type CollectorEvent =
  | SignInEvent
  | PolicyChangedEvent
  | ClassificationChangedEvent
  | RecordsReadEvent
  | EventsRemovedEvent;

export type JournalEvent = { [Kind in keyof Schemas]: EventOf<Kind> }[keyof Schemas];

export type EventKind = JournalEvent['kind'];

export const eventKinds: ReadonlySet<string> = new Set(Object.keys(eventSchemas));

const collectorKinds: Readonly<Record<CollectorEvent['kind'], true>> = {
  signIn: true,
  policyChanged: true,
  classificationChanged: true,
  recordsRead: true,
  eventsRemoved: true,
};

/** What proxies record, and may send. */
export const proxyKinds: readonly string[] = [...eventKinds].filter((kind) => !(kind in collectorKinds));

/** Takes the recorded fields one by one: what else is known of somebody must not slip in. */
export function recordedIdentity({ subject, email, groups, agent }: Identity): EventIdentity {
  return { subject, email, groups, ...(agent !== undefined && { agent: { name: agent.name } }) };
}
