/** The objects of OCSF that our events are made of: actor, endpoints, database, classifications. */
import type { EventClient, EventIdentity, EventMaskedColumn } from '../events.ts';

/** What the schema asks of an address (type email_t). */
const emailAddress = /^[a-zA-Z0-9!#$%&'*+-/=?^_`{|}~.]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9-.]+$/;

export function makeUser(identity: EventIdentity) {
  const { subject, email, groups } = identity;
  return {
    uid: subject,
    name: email ?? subject,
    type_id: 1,
    type: 'User',
    ...(email !== undefined && emailAddress.test(email) && { email_addr: email }),
    ...(groups.length > 0 && { groups: groups.map((name) => ({ name })) }),
  };
}

/** Who did it, in which session and through which application. An agent is the application that acts for its human. */
export function makeActor(identity: EventIdentity, client: EventClient | undefined, session?: string) {
  const { agent } = identity;
  return {
    user: makeUser(identity),
    ...(session !== undefined && { session: { uid: session, is_remote: false } }),
    ...(client?.application !== undefined && client.application !== '' && { app_name: client.application }),
    ...(agent !== undefined && { app_uid: agent.name }),
  };
}

/** Address and port as a socket tells them: `127.0.0.1:5432`, `[::1]:5432`. */
export function makeEndpoint(address: string) {
  const [, host = address, port] = /^\[?(.+?)\]?:(\d{1,5})$/.exec(address) ?? [];
  const isAddress = /^[0-9.]+$/.test(host) || /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(host);
  return {
    ...(isAddress && host.length <= 40 ? { ip: host } : { name: host === '' ? 'unknown' : host }),
    ...(port !== undefined && Number(port) <= 65_535 && { port: Number(port) }),
  };
}

export function makeDatabase(connection: string, maskedColumns: readonly EventMaskedColumn[] = []) {
  const classifications = [...new Set(maskedColumns.map(({ classification }) => classification))];
  return {
    name: connection,
    type_id: 1,
    type: 'Relational',
    ...(classifications.length > 0 && { data_classifications: classifications.map(makeClassification) }),
  };
}

/** By name, else by what comes before the point: `pii`, `secret`. */
function makeClassification(classification: string) {
  const kind = classification.split('.')[0] ?? '';
  const [category_id, category] = categories[classification] ?? categories[kind] ?? [99, 'Other'];
  return {
    category_id,
    category,
    classifier_details: { name: classification, type: 'Portcullis classification', uid: classification },
    confidentiality_id: 2,
    confidentiality: 'Confidential',
  };
}

const personal = [1, 'Personal'] as const;
const financial = [3, 'Financial'] as const;
const categories: Readonly<Record<string, readonly [number, string]>> = {
  pii: personal,
  'pii.nationalId': [2, 'Governmental'],
  'pii.paymentCard': financial,
  'pii.bankAccount': financial,
  'pii.salary': financial,
  secret: [6, 'Security'],
};
