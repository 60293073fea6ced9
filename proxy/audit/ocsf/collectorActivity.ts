/**
 * What the collector records by itself, in OCSF: sign-ins as Authentication (3002), changes of policies and of
 * classifications as Entity Management (3004), reading as API Activity (6003), removal as Datastore Activity (6005).
 */
import type {
  ClassificationChangedEvent,
  CollectorEvent,
  EventsRemovedEvent,
  PolicyChangedEvent,
  RecordsReadEvent,
  SignInEvent,
} from '../events.ts';
import { apiActivity, authentication, classify, datastoreActivity, entityManagement } from './ocsfEvent.ts';
import { makeActor, makeEndpoint, makeUser } from './ocsfObjects.ts';
import { nobody } from './statementActivity.ts';

const application = 'Portcullis collector';
const collectorEndpoint = { name: 'collector', svc_name: 'portcullis' };

export function describeCollectorEvent(event: CollectorEvent) {
  switch (event.kind) {
    case 'signIn':
      return describeSignIn(event);
    case 'policyChanged':
      return describePolicyChange(event);
    case 'classificationChanged':
      return describeClassificationChange(event);
    case 'recordsRead':
      return describeReading(event);
    case 'eventsRemoved':
      return describeRemoval(event);
  }
}

function describeSignIn(event: SignInEvent) {
  const { identity = nobody, client, status, attempts, reason } = event;
  const isAccepted = status === 'ok';
  return {
    ...classify(authentication, 1, isAccepted ? 1 : 3),
    actor: makeActor(identity, client),
    user: makeUser(identity),
    service: { name: application },
    src_endpoint: makeEndpoint(client.address),
    dst_endpoint: collectorEndpoint,
    auth_protocol_id: 4,
    auth_protocol: 'OpenID',
    is_remote: true,
    is_new_logon: isAccepted,
    count: Math.max(1, attempts),
    status_id: isAccepted ? 1 : 2,
    status: isAccepted ? 'Success' : 'Failure',
    ...(reason !== undefined && { status_detail: reason.message, message: reason.message }),
    action_id: isAccepted ? 1 : 2,
    action: isAccepted ? 'Allowed' : 'Denied',
    disposition_id: isAccepted ? 1 : 2,
    disposition: isAccepted ? 'Allowed' : 'Blocked',
    is_alert: !isAccepted,
    unmapped: {
      collector: event.collector,
      ...(event.expiresAt !== undefined && { expires_at: event.expiresAt }),
    },
  };
}

function describePolicyChange(event: PolicyChangedEvent) {
  const { identity, what, from, to, files, collector } = event;
  const name = what === 'access' ? 'access policy' : 'retention policy';
  return {
    ...classify(entityManagement, from === undefined ? 1 : 3, 2),
    actor: makeActor(identity, undefined),
    entity: makePolicyEntity(name, from ?? to),
    ...(from !== undefined && { entity_result: makePolicyEntity(name, to) }),
    message: from === undefined ? `the ${name} is ${to}` : `the ${name} changed from ${from} to ${to}`,
    status_id: 1,
    status: 'Success',
    unmapped: { collector, files },
  };
}

function makePolicyEntity(name: string, version: string) {
  return { name, uid: version, type_id: 5, type: 'Policy', version, policy: { name, uid: version, version } };
}

function describeClassificationChange(event: ClassificationChangedEvent) {
  const { identity, column, from, to, why, policy, proxy, connection, collector } = event;
  const make = (classification: string | undefined) => ({
    name: column,
    type: 'Column',
    data: { classification: classification ?? null, connection: connection ?? null },
  });
  return {
    ...classify(entityManagement, 3, 2),
    actor: makeActor(identity, undefined),
    entity: make(from),
    entity_result: make(to),
    comment: why,
    message: `${column} was classified as ${from ?? 'nothing'} and is now ${to ?? 'nothing'}`,
    status_id: 1,
    status: 'Success',
    unmapped: {
      collector,
      ...(policy !== undefined && { policy }),
      ...(proxy !== undefined && { proxy }),
      ...(connection !== undefined && { connection }),
    },
  };
}

function describeReading(event: RecordsReadEvent) {
  const { identity, client, how, filter, results, requests, collector, format, ownOnly } = event;
  return {
    ...classify(apiActivity, 2, 1),
    actor: makeActor(identity, client),
    api: { operation: how, service: { name: application } },
    src_endpoint: makeEndpoint(client.address),
    dst_endpoint: collectorEndpoint,
    resources: [{ name: 'recorded events', type: 'events' }],
    count: Math.max(1, requests),
    message: `${results} recorded events were read (${how})`,
    status_id: 1,
    status: 'Success',
    unmapped: {
      collector,
      filter,
      results,
      ...(format !== undefined && { format }),
      ...(ownOnly !== undefined && { own_only: ownOnly }),
    },
  };
}

function describeRemoval(event: EventsRemovedEvent) {
  const { policy, rule, takenBefore, events, removed, collector } = event;
  return {
    ...classify(datastoreActivity, 7, 2),
    actor: { app_name: application, app_uid: collector },
    src_endpoint: collectorEndpoint,
    dst_endpoint: collectorEndpoint,
    database: { name: 'recorded events', type_id: 1, type: 'Relational' },
    message: `${events} events were removed by retention policy ${policy.name}: ${rule}`,
    status_id: 1,
    status: 'Success',
    policy: { uid: policy.version, name: policy.name, version: policy.version, is_applied: true },
    unmapped: { collector, taken_before: takenBefore, events, removed },
  };
}
