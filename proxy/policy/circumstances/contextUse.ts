/** Which parts of the context a set of policies looks at: what none of them does need not be known, or told apart. */
import type { PolicyJson, SchemaJson } from '@cedar-policy/cedar-wasm/nodejs';

/** Parts of the context that change without the statement or the person, or take work to find out. */
const changingParts = ['estimatedRows', 'classifications', 'client', 'time', 'approval'] as const;
export type ChangingPart = (typeof changingParts)[number];

export type ContextUse = ReadonlySet<ChangingPart>;

/**
 * The schema of requests to policies that look at no more than `use`: what is looked at by none of them is left out, which
 * is a third of the work of asking.
 */
export function narrowSchema(schema: SchemaJson<string>, use: ContextUse): SchemaJson<string> {
  const own = schema[''];
  if (own === undefined || changingParts.every((part) => use.has(part))) return schema;
  const commonTypes = Object.entries(own.commonTypes ?? {}).map(([name, type]) => {
    if (!contextTypes.includes(name) || !('attributes' in type)) return [name, type] as const;
    const kept = Object.entries(type.attributes).filter(
      ([key]) => !changingParts.some((part) => part === key && !use.has(part)),
    );
    return [name, { ...type, attributes: Object.fromEntries(kept) }] as const;
  });
  return { ...schema, '': { ...own, commonTypes: Object.fromEntries(commonTypes) } };
}

/** The types of contexts in schema.cedarschema. */
const contextTypes: readonly string[] = ['EffectContext', 'UnmaskContext'];

/** Read once, when policies are loaded. A context that is looked at as a whole is looked at in all its parts. */
export function contextUseOf(policies: readonly { readonly json: PolicyJson }[]): ContextUse {
  const found = new Set<ChangingPart>();
  for (const { json } of policies) {
    for (const { body } of json.conditions) collect(body, found);
  }
  return found;
}

function collect(expression: unknown, found: Set<ChangingPart>): void {
  if (typeof expression !== 'object' || expression === null) return;
  for (const [operator, operands] of Object.entries(expression)) {
    // A constant is no expression, whatever it looks like.
    if (operator === 'Value') continue;
    if (operator === 'Var') {
      if (operands === 'context') for (const part of changingParts) found.add(part);
      continue;
    }
    const attribute = operator === '.' || operator === 'has' ? attributeOfContext(operands) : undefined;
    if (attribute === undefined) {
      collect(operands, found);
      continue;
    }
    const part = changingParts.find((one) => one === attribute);
    if (part !== undefined) found.add(part);
  }
}

/** `has` names several attributes at once where they lie within each other: `context has approval.reason`. */
function attributeOfContext(operands: unknown): string | undefined {
  const { left, attr } = operands as { left?: { Var?: unknown }; attr?: unknown };
  if (left?.Var !== 'context') return undefined;
  const name: unknown = Array.isArray(attr) ? attr[0] : attr;
  return typeof name === 'string' ? name : undefined;
}
