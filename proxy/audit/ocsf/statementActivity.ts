/** Statements as Datastore Activity (6005), with the profiles security_control and data_classification. */
import type { EventEffect, IntentEvent, OutcomeEvent, RefusalEvent } from '../events.ts';
import { classify, datastoreActivity } from './ocsfEvent.ts';
import { makeActor, makeDatabase, makeEndpoint } from './ocsfObjects.ts';

/** @param outcome undefined where it is not known (yet) */
export function describeStatement(event: IntentEvent, outcome: OutcomeEvent | undefined) {
  const { decision, statement, identity, client, session, connection } = event;
  const activity = activityOf(event.effects);
  const isMasked = (outcome?.maskedColumns?.length ?? 0) > 0;
  return {
    ...classify(datastoreActivity, activity, activity === 7 || activity === 6 ? 2 : 1),
    actor: makeActor(identity, client, session),
    src_endpoint: makeEndpoint(client.address),
    dst_endpoint: { name: connection, svc_name: 'postgresql' },
    ...describeTarget(connection, event.relations, outcome?.maskedColumns),
    query_info: {
      query_string: statement.text,
      uid: statement.fingerprint ?? statement.commitment,
      ...(outcome?.bytes !== undefined && { bytes: outcome.bytes }),
    },
    ...statusOf(outcome),
    ...(outcome !== undefined && { duration: Math.round(outcome.micros / 1000) }),
    // Approved: a person has looked at it. Masked: it ran, and what it answered was changed.
    action_id: isMasked ? 4 : 1,
    action: isMasked ? 'Modified' : 'Allowed',
    disposition_id: decision.outcome === 'approve' ? 8 : isMasked ? 11 : 1,
    disposition: decision.outcome === 'approve' ? 'Approved' : isMasked ? 'Corrected' : 'Allowed',
    is_alert: false,
    ...describePolicies(decision.policies, decision.version, decision.outcome),
    unmapped: {
      environment: event.environment,
      commitment: statement.commitment,
      ...(statement.node !== undefined && { node: statement.node }),
      effects: event.effects,
      relations: event.relations,
      ...(decision.observed !== undefined && { observed: decision.observed }),
      ...(decision.approval !== undefined && { approval: decision.approval }),
      ...(outcome !== undefined && {
        outcome: outcome.seq,
        outcome_status: outcome.status,
        rows: outcome.rows,
        micros: outcome.micros,
        ...(outcome.tag !== undefined && { tag: outcome.tag }),
        ...(isMasked && { masked_columns: outcome.maskedColumns }),
        ...(outcome.unmaskedColumns !== undefined && { unmasked_columns: outcome.unmaskedColumns }),
      }),
    },
  };
}

/** A statement, or a startup parameter of somebody signed in, that was not let through. */
export function describeRefusal(event: RefusalEvent) {
  const { client, connection = 'unknown', reason, statement, decision, effects = [], relations = [] } = event;
  const isDenied = decision?.outcome !== 'approve';
  return {
    ...classify(datastoreActivity, statement === undefined ? 3 : activityOf(effects), 3),
    actor: makeActor(event.identity ?? nobody, client, event.session),
    src_endpoint: makeEndpoint(client.address),
    dst_endpoint: { name: connection, svc_name: 'postgresql' },
    ...describeTarget(connection, relations),
    ...(statement !== undefined && {
      query_info: {
        query_string: statement.text,
        uid: statement.fingerprint ?? statement.commitment,
      },
    }),
    status_id: 2,
    status: 'Failure',
    status_code: reason.sqlState,
    status_detail: reason.code,
    message: reason.message,
    action_id: 2,
    action: 'Denied',
    disposition_id: isDenied ? 2 : 25,
    disposition: isDenied ? 'Blocked' : 'Rejected',
    is_alert: isDenied,
    ...(decision !== undefined && describePolicies(decision.policies, decision.version, decision.outcome)),
    unmapped: {
      ...(event.environment !== undefined && { environment: event.environment }),
      ...(statement !== undefined && { commitment: statement.commitment }),
      effects,
      relations,
    },
  };
}

/** Who was refused before it was known who they are. */
export const nobody = { subject: 'unknown', groups: [] };

/** OCSF has one table per event; where there are several, all of them stand in `unmapped`. */
function describeTarget(
  connection: string,
  relations: IntentEvent['relations'],
  maskedColumns?: OutcomeEvent['maskedColumns'],
) {
  const [only, ...more] = relations;
  const isTable = only !== undefined && more.length === 0;
  return {
    database: makeDatabase(connection, maskedColumns),
    ...(isTable && {
      table: { name: only.schema === undefined ? only.name : `${only.schema}.${only.name}` },
    }),
    type_id: isTable ? 3 : 1,
    type: isTable ? 'Table' : 'Database',
  };
}

/** The weightiest thing that a statement does. */
function activityOf(effects: readonly EventEffect[]): number {
  const kinds = new Set<string>(effects.map(({ kind }) => kind));
  const [activity] = weights.find(([, own]) => own.some((kind) => kinds.has(kind))) ?? [99];
  return activity;
}

const weights: readonly (readonly [number, readonly string[]])[] = [
  [7, ['delete', 'drop', 'truncate']],
  [2, ['update', 'merge', 'alter', 'alterAdditive', 'comment', 'refresh', 'privilege']],
  [6, ['create']],
  [5, ['insert', 'copyIn', 'sequence']],
  [99, ['call', 'procedural', 'serverAccess', 'unknown', 'lock', 'notify', 'maintenance', 'delay']],
  [4, ['read']],
];

function statusOf(outcome: OutcomeEvent | undefined) {
  const code = outcome?.sqlState === undefined ? {} : { status_code: outcome.sqlState };
  switch (outcome?.status) {
    case 'ok':
      return { status_id: 1, status: 'Success', ...code };
    case 'error':
    case 'cancelled':
    case 'notRun':
      return { status_id: 2, status: 'Failure', status_detail: outcome.status, ...code };
    default:
      return { status_id: 0, status: 'Unknown', ...code };
  }
}

function describePolicies(policies: readonly string[], version: string, decision: string) {
  const [first] = policies;
  if (first === undefined) return { authorizations: [{ decision }] };
  return {
    policy: { uid: first, version, is_applied: true },
    authorizations: policies.map((uid) => ({ decision, policy: { uid, version, is_applied: true } })),
  };
}
