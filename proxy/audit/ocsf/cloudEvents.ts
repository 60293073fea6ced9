/** Journal events as OCSF 1.8.0 in CloudEvents 1.0: what a SIEM reads. A pure function: the same events, the same text. */
import type { EventIdentity, JournalEvent, OutcomeEvent } from '../events.ts';
import { describeCollectorEvent } from './collectorActivity.ts';
import {
  apiActivity,
  applicationLifecycle,
  authentication,
  classify,
  datastoreActivity,
  entityManagement,
  type OcsfEvent,
  type OcsfMetadata,
  ocsfVersion,
} from './ocsfEvent.ts';
import { makeActor, makeEndpoint, makeUser } from './ocsfObjects.ts';
import { describeRefusal, describeStatement, nobody } from './statementActivity.ts';

/** An event of one of several proxies. */
export interface SourcedEvent {
  readonly proxy: string;
  readonly event: JournalEvent;
  /** RFC 3339: when the collector took it. */
  readonly receivedAt?: string;
}

/** CloudEvents 1.0, JSON format. */
export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  /** Which proxy, as a URI reference. With `id` it is never given twice. */
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly dataschema: string;
  readonly data: OcsfEvent;
}

export const cloudEventsBatch = 'application/cloudevents-batch+json';

/** What a session needs to be told of again when it ends. */
interface Session {
  readonly identity: EventIdentity;
  readonly connection: string;
}

/**
 * One CloudEvent for each statement (its outcome in it), refusal, session opened or closed, sign of life, and for what the
 * collector recorded by itself. An outcome whose intent is not among the events has none of its own: ask for the intent.
 * @param context not among the events: outcomes of intents, beginnings of sessions
 */
export function toCloudEvents(
  events: readonly SourcedEvent[],
  context: readonly { readonly proxy: string; readonly event: JournalEvent }[] = [],
): CloudEvent[] {
  const byIntent = new Map<string, OutcomeEvent>();
  const sessions = new Map<string, Session>();
  for (const { proxy, event } of [...context, ...events]) {
    if (event.kind === 'outcome') byIntent.set(`${proxy}/${event.for}`, event);
    if (event.kind === 'sessionOpened' || event.kind === 'intent') sessions.set(event.session, event);
  }
  return events.flatMap((sourced) => {
    const outcome = byIntent.get(`${sourced.proxy}/${sourced.event.seq}`);
    const data = toOcsf(sourced, outcome, sessions);
    return data === undefined ? [] : [wrap(sourced, data)];
  });
}

function toOcsf(
  sourced: SourcedEvent,
  outcome: OutcomeEvent | undefined,
  sessions: ReadonlyMap<string, Session>,
): OcsfEvent | undefined {
  const { event } = sourced;
  const common = { time: Date.parse(event.at), metadata: makeMetadata(sourced) };
  switch (event.kind) {
    case 'intent':
      return { ...describeStatement(event, outcome), ...common };
    case 'refusal':
      return { ...describeRefusalOrLogon(event), ...common };
    case 'sessionOpened':
      return { ...describeLogon(event), ...common };
    case 'sessionClosed':
      return { ...describeLogoff(event, sessions.get(event.session)), ...common };
    case 'outcome':
      return undefined;
    case 'signIn':
    case 'policyChanged':
    case 'classificationChanged':
    case 'recordsRead':
    case 'eventsRemoved':
      return { ...describeCollectorEvent(event), ...common };
    default:
      return { ...describeLife(event), ...common };
  }
}

function makeMetadata({ proxy, event, receivedAt }: SourcedEvent): OcsfMetadata {
  const session = 'session' in event ? event.session : undefined;
  return {
    version: ocsfVersion,
    product: { name: 'Portcullis', vendor_name: 'Portcullis', uid: 'portcullis' },
    uid: `${proxy}/${event.seq}`,
    sequence: event.seq,
    profiles: profilesOf(event),
    log_name: `portcullis/${proxy}`,
    original_time: event.at,
    event_code: event.kind,
    ...(receivedAt !== undefined && { logged_time: Date.parse(receivedAt) }),
    ...(session !== undefined && { correlation_uid: session }),
  };
}

function profilesOf({ kind }: JournalEvent): readonly string[] {
  if (kind === 'intent' || kind === 'refusal') return ['security_control', 'data_classification'];
  const isControlled = kind === 'sessionOpened' || kind === 'sessionClosed' || kind === 'signIn';
  return isControlled || kind === 'eventsRemoved' ? ['security_control'] : [];
}

function describeLogon(event: Extract<JournalEvent, { kind: 'sessionOpened' }>) {
  const { identity, client, connection, session } = event;
  return {
    ...classify(authentication, 1, 1),
    actor: makeActor(identity, client, session),
    user: makeUser(identity),
    session: { uid: session, is_remote: false },
    service: { name: connection },
    src_endpoint: makeEndpoint(client.address),
    dst_endpoint: { name: connection, svc_name: 'postgresql' },
    is_new_logon: true,
    status_id: 1,
    status: 'Success',
    ...allowed,
    unmapped: { environment: event.environment },
  };
}

function describeLogoff(
  event: Extract<JournalEvent, { kind: 'sessionClosed' }>,
  opened: Session | undefined,
) {
  const identity = opened?.identity ?? nobody;
  const connection = opened?.connection ?? 'unknown';
  return {
    ...classify(authentication, 2, 1),
    actor: makeActor(identity, undefined, event.session),
    user: makeUser(identity),
    session: { uid: event.session, is_remote: false, expiration_reason: event.reason },
    service: { name: connection },
    dst_endpoint: { name: connection, svc_name: 'postgresql' },
    status_id: 1,
    status: 'Success',
    status_detail: event.reason,
    ...allowed,
    unmapped: { statements: event.statements },
  };
}

/** A refusal without a statement and session is that of a sign-in. */
function describeRefusalOrLogon(event: Extract<JournalEvent, { kind: 'refusal' }>) {
  if (event.statement !== undefined || event.session !== undefined) return describeRefusal(event);
  const { client, connection = 'unknown', reason, identity = nobody } = event;
  return {
    ...classify(authentication, 1, 3),
    actor: makeActor(identity, client),
    user: makeUser(identity),
    service: { name: connection },
    src_endpoint: makeEndpoint(client.address),
    dst_endpoint: { name: connection, svc_name: 'postgresql' },
    status_id: 2,
    status: 'Failure',
    status_code: reason.sqlState,
    status_detail: reason.code,
    message: reason.message,
    action_id: 2,
    action: 'Denied',
    disposition_id: 2,
    disposition: 'Blocked',
    is_alert: true,
  };
}

function describeLife(
  event: Extract<JournalEvent, { kind: 'started' | 'stopped' | 'heartbeat' | 'withdrawn' }>,
) {
  const { at: _at, seq: _seq, kind, ...fields } = event;
  const isWithdrawn = kind === 'withdrawn';
  return {
    ...classify(
      applicationLifecycle,
      kind === 'started' ? 3 : kind === 'stopped' ? 4 : 99,
      isWithdrawn ? 3 : 1,
    ),
    app: { name: 'Portcullis proxy', vendor_name: 'Portcullis', uid: 'portcullis-proxy' },
    message: messages[kind],
    status_id: isWithdrawn ? 2 : 1,
    status: isWithdrawn ? 'Failure' : 'Success',
    unmapped: { kind, ...fields },
  };
}

const messages = {
  started: 'the proxy started',
  stopped: 'the proxy stopped',
  heartbeat: 'the proxy lives',
  withdrawn: 'statements were refused because nothing could be recorded',
} as const;

const allowed = {
  action_id: 1,
  action: 'Allowed',
  disposition_id: 1,
  disposition: 'Allowed',
  is_alert: false,
} as const;

function wrap({ proxy, event }: SourcedEvent, data: OcsfEvent): CloudEvent {
  const page = pages[data.class_uid] ?? 'base_event';
  const subject = 'identity' in event ? event.identity?.subject : undefined;
  return {
    specversion: '1.0',
    id: String(event.seq),
    source: `/portcullis/proxies/${encodeURIComponent(proxy)}`,
    type: `portcullis.${event.kind}`,
    ...(subject !== undefined && subject !== '' && { subject }),
    time: event.at,
    datacontenttype: 'application/json',
    dataschema: `https://schema.ocsf.io/${ocsfVersion}/classes/${page}`,
    data,
  };
}

const pages: Readonly<Record<number, string>> = Object.fromEntries(
  [datastoreActivity, authentication, applicationLifecycle, entityManagement, apiActivity].map(
    ({ uid, page }) => [uid, page],
  ),
);
