/** Puts an effect, an identity and a connection into the words of the Cedar schema. */
import type { CedarValueJson, EntityJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs';
import type { Identity } from '../identity/identity.ts';
import type { Effect, RelationName } from '../sql/facts.ts';
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

/** Whether the policy says that a table holds configuration, besides what its name says. */
export type IsTagged = (relation: RelationName) => boolean;

const untagged: IsTagged = () => false;

/** A protected column, as the action `unmask` is asked of it. */
export interface AskedColumn {
  readonly classification: string;
  readonly relation: { readonly schema: string; readonly name: string };
  readonly column: string;
}

/** The request for one effect; see schema.cedarschema for what its parts mean. */
export function cedarRequest(
  identity: Identity,
  connection: ConnectionInfo,
  effect: Effect,
  isTagged: IsTagged = untagged,
): CedarRequest {
  return requestFor(identity, connection, effect.kind, contextOf(identity, effect, isTagged));
}

/** The request to see a column in clear. */
export function unmaskRequest(
  identity: Identity,
  connection: ConnectionInfo,
  { classification, relation, column }: AskedColumn,
): CedarRequest {
  const { schema, name } = relation;
  return requestFor(identity, connection, 'unmask', {
    predicate: 'none',
    isConfig: false,
    temporary: false,
    classification,
    relation: { schema, name },
    column,
    ...(identity.agent !== undefined && { agent: identity.agent.name }),
  });
}

function requestFor(
  identity: Identity,
  connection: ConnectionInfo,
  action: string,
  context: Record<string, CedarValueJson>,
): CedarRequest {
  const principal = { type: 'Identity', id: identity.subject };
  const resource = { type: 'Connection', id: connection.name };
  return {
    principal,
    action: { type: 'Action', id: action },
    resource,
    context,
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
export function requestKey(
  identity: Identity,
  connection: ConnectionInfo,
  effect: Effect,
  isTagged: IsTagged = untagged,
): string {
  return JSON.stringify([
    identity.subject,
    identity.email,
    identity.groups,
    connection.name,
    connection.environment,
    effect.kind,
    contextOf(identity, effect, isTagged),
  ]);
}

function groupsOf(identity: Identity): TypeAndId[] {
  return [...new Set(identity.groups)].map((id) => ({ type: 'Group', id }));
}

function contextOf(identity: Identity, effect: Effect, isTagged: IsTagged): Record<string, CedarValueJson> {
  const { relation, object, functionName, setting, value, lockMode, why } = effect;
  const context: Record<string, CedarValueJson> = {
    predicate: effect.predicate,
    isConfig: relation !== undefined && (isConfigTable(relation.name) || isTagged(relation)),
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
