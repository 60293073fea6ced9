/** Events in the Open Cybersecurity Schema Framework, 1.8.0: the part of it that we write. Required attributes are required here. */

export const ocsfVersion = '1.8.0';

export interface OcsfEvent {
  readonly activity_id: number;
  readonly activity_name: string;
  readonly category_uid: number;
  readonly category_name: string;
  readonly class_uid: number;
  readonly class_name: string;
  readonly type_uid: number;
  readonly type_name: string;
  readonly severity_id: number;
  readonly severity: string;
  readonly metadata: OcsfMetadata;
  /** Milliseconds since 1970, UTC. */
  readonly time: number;
  readonly [attribute: string]: unknown;
}

export interface OcsfMetadata {
  readonly version: typeof ocsfVersion;
  readonly product: { readonly name: string; readonly vendor_name: string; readonly uid: string };
  /** The event's own id: proxy and number. */
  readonly uid: string;
  readonly sequence: number;
  readonly profiles: readonly string[];
  readonly log_name: string;
  readonly original_time: string;
  readonly logged_time?: number;
  readonly correlation_uid?: string;
  readonly event_code: string;
}

/** A class of OCSF and its activities, by their captions in the schema. */
export interface OcsfClass {
  readonly uid: number;
  readonly name: string;
  readonly categoryUid: number;
  readonly categoryName: string;
  readonly activities: Readonly<Record<number, string>>;
  /** Last part of its page at schema.ocsf.io. */
  readonly page: string;
}

export const datastoreActivity = {
  uid: 6005,
  name: 'Datastore Activity',
  categoryUid: 6,
  categoryName: 'Application Activity',
  page: 'datastore_activity',
  activities: {
    0: 'Unknown',
    1: 'Read',
    2: 'Update',
    3: 'Connect',
    4: 'Query',
    5: 'Write',
    6: 'Create',
    7: 'Delete',
    99: 'Other',
  },
} as const satisfies OcsfClass;

export const authentication = {
  uid: 3002,
  name: 'Authentication',
  categoryUid: 3,
  categoryName: 'Identity & Access Management',
  page: 'authentication',
  activities: { 1: 'Logon', 2: 'Logoff' },
} as const satisfies OcsfClass;

export const entityManagement = {
  uid: 3004,
  name: 'Entity Management',
  categoryUid: 3,
  categoryName: 'Identity & Access Management',
  page: 'entity_management',
  activities: { 1: 'Create', 3: 'Update' },
} as const satisfies OcsfClass;

export const apiActivity = {
  uid: 6003,
  name: 'API Activity',
  categoryUid: 6,
  categoryName: 'Application Activity',
  page: 'api_activity',
  activities: { 2: 'Read' },
} as const satisfies OcsfClass;

export const applicationLifecycle = {
  uid: 6002,
  name: 'Application Lifecycle',
  categoryUid: 6,
  categoryName: 'Application Activity',
  page: 'application_lifecycle',
  activities: { 3: 'Start', 4: 'Stop', 99: 'Other' },
} as const satisfies OcsfClass;

const severities = { 1: 'Informational', 2: 'Low', 3: 'Medium', 4: 'High' } as const;

/** The attributes that every event of a class has. */
export function classify(ocsfClass: OcsfClass, activity: number, severity: keyof typeof severities) {
  const name = ocsfClass.activities[activity] ?? 'Unknown';
  return {
    activity_id: activity,
    activity_name: name,
    category_uid: ocsfClass.categoryUid,
    category_name: ocsfClass.categoryName,
    class_uid: ocsfClass.uid,
    class_name: ocsfClass.name,
    type_uid: ocsfClass.uid * 100 + activity,
    type_name: `${ocsfClass.name}: ${name}`,
    severity_id: severity,
    severity: severities[severity],
  };
}
