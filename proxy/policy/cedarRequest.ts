/** Puts an effect, an identity and a connection into the words of the Cedar schema. */
import type { CedarValueJson, EntityJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs';
import type { Identity } from '../identity/identity.ts';
import type { Effect } from '../sql/facts.ts';
import type { ConnectionInfo } from './decision.ts';
import { isConfigTable } from './isConfigTable.ts';

export interface CedarRequest {
  readonly principal: TypeAndId;
  readonly action: TypeAndId;
  readonly resource: TypeAndId;
  readonly context: Record<string, CedarValueJson>;
  readonly entities: EntityJson[];
}

/** Groups that are part of another: reviewers and admins are developers who may also do more (DESIGN.md §5). */
export const widerGroup: Readonly<Record<string, string>> = { reviewers: 'developers', admins: 'developers' };

/** The request for one effect; see schema.cedarschema for what its parts mean. */
export function cedarRequest(identity: Identity, connection: ConnectionInfo, effect: Effect): CedarRequest {
  const principal = { type: 'Identity', id: identity.subject };
  const resource = { type: 'Connection', id: connection.name };
  return {
    principal,
    action: { type: 'Action', id: effect.kind },
    resource,
    context: contextOf(identity, effect),
    entities: [
      { uid: principal, attrs: { email: identity.email }, parents: groupsOf(identity) },
      { uid: resource, attrs: {}, parents: [{ type: 'Environment', id: connection.environment }] },
      ...Object.entries(widerGroup).map(([group, wider]) => ({
        uid: { type: 'Group', id: group },
        attrs: {},
        parents: [{ type: 'Group', id: wider }],
      })),
    ],
  };
}

/** Everything of a request that an answer can depend on, as a key: same key, same answer. */
export function requestKey(identity: Identity, connection: ConnectionInfo, effect: Effect): string {
  return JSON.stringify([
    identity.subject,
    identity.email,
    identity.groups,
    connection.name,
    connection.environment,
    effect.kind,
    contextOf(identity, effect),
  ]);
}

function groupsOf(identity: Identity): TypeAndId[] {
  return [...new Set(identity.groups)].map((id) => ({ type: 'Group', id }));
}

function contextOf(identity: Identity, effect: Effect): Record<string, CedarValueJson> {
  const { relation, object, functionName, setting, value, lockMode, why } = effect;
  const context: Record<string, CedarValueJson> = {
    predicate: effect.predicate,
    isConfig: relation !== undefined && isConfigTable(relation.name),
    temporary: effect.temporary === true,
  };
  const optional: Record<string, CedarValueJson | undefined> = {
    object: object?.toLowerCase(),
    relation: relation === undefined ? undefined : relationRecord(relation),
    functionName,
    setting: setting?.toLowerCase(),
    value: value?.trim().toLowerCase(),
    lockMode,
    why,
    agent: identity.agent?.name,
  };
  for (const key in optional) {
    const part = optional[key];
    if (part !== undefined) {
      context[key] = part;
    }
  }
  return context;
}

function relationRecord({ schema, name }: { schema?: string; name: string }): CedarValueJson {
  return schema === undefined ? { name } : { schema, name };
}
