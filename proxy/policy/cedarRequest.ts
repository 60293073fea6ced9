/** Puts an effect, an identity and a connection into the words of the Cedar schema. */
import type { CedarValueJson, EntityJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs';
import type { Identity } from '../identity/identity.ts';
import type { Effect, RelationName } from '../sql/facts.ts';
import {
  approvalRecord,
  type Circumstances,
  clientRecord,
  currentMoment,
  momentRecord,
  noCircumstances,
} from './circumstances/circumstances.ts';
import type { ContextUse } from './circumstances/contextUse.ts';
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

const noUse: ContextUse = new Set();
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
  circumstances: Circumstances = noCircumstances,
  use: ContextUse = noUse,
): CedarRequest {
  const context = contextOf(identity, effect, isTagged);
  const { estimatedRows, classifications } = effect;
  if (use.has('estimatedRows') && estimatedRows !== undefined) context['estimatedRows'] = estimatedRows;
  if (use.has('classifications') && classifications !== undefined) {
    context['classifications'] = [...classifications];
  }
  addSurroundings(context, circumstances, use);
  return requestFor(identity, connection, effect.kind, context);
}

/** The request to see a column in clear. */
export function unmaskRequest(
  identity: Identity,
  connection: ConnectionInfo,
  { classification, relation, column }: AskedColumn,
  circumstances: Circumstances,
  use: ContextUse,
  minutes?: number,
): CedarRequest {
  const { schema, name } = relation;
  const context: Record<string, CedarValueJson> = {
    predicate: 'none',
    isConfig: false,
    temporary: false,
    classification,
    relation: { schema, name },
    column,
    ...(minutes !== undefined && { minutes }),
    ...(identity.agent !== undefined && { agent: identity.agent.name }),
  };
  addSurroundings(context, circumstances, use);
  return requestFor(identity, connection, 'unmask', context);
}

function addSurroundings(
  context: Record<string, CedarValueJson>,
  { client, moment, approval }: Circumstances,
  use: ContextUse,
): void {
  if (use.has('client')) context['client'] = clientRecord(client);
  if (use.has('time')) context['time'] = momentRecord(moment ?? currentMoment());
  if (use.has('approval') && approval !== undefined) context['approval'] = approvalRecord(approval);
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

/**
 * Everything of a request that an answer can depend on, given what policies look at, as a key: same key, same answer. Of
 * approvals it says nothing: each is used once.
 */
export function requestKey(
  identity: Identity,
  connection: ConnectionInfo,
  effect: Effect,
  isTagged: IsTagged,
  circumstances: Circumstances,
  use: ContextUse,
): string {
  const parts: unknown[] = [
    identity.subject,
    identity.email,
    identity.groups,
    connection.name,
    connection.environment,
    effect.kind,
    contextOf(identity, effect, isTagged),
  ];
  if (use.size > 0) {
    const { client, moment } = circumstances;
    if (use.has('estimatedRows')) parts.push({ estimatedRows: effect.estimatedRows });
    if (use.has('classifications')) parts.push({ classifications: effect.classifications });
    if (use.has('client')) parts.push({ client });
    if (use.has('time')) parts.push({ moment });
  }
  return JSON.stringify(parts);
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
