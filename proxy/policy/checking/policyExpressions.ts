/** Reads the expressions of policies as Cedar gives them in JSON. */
import type { Expr, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';

export interface Entity {
  readonly type: string;
  readonly id: string;
}

/** Scope and conditions of a policy as one expression. */
export function conditionOf({ principal, action, resource, conditions }: PolicyJson): Expr {
  const parts: Expr[] = [];
  for (const [variable, constraint] of Object.entries({ principal, action, resource })) {
    const left = { Var: variable } as Expr;
    const { op, entity, entities, entity_type, in: within } = constraint as Record<string, unknown>;
    const value = (uid: unknown) => ({ Value: { __entity: uid } }) as Expr;
    if (op === '==') parts.push({ '==': { left, right: value(entity) } });
    if (op === 'in') {
      parts.push({
        in: {
          left,
          right: entities === undefined ? value(entity) : { Set: (entities as unknown[]).map(value) },
        },
      });
    }
    if (op === 'is') {
      const inside = within === undefined ? {} : { in: value((within as { entity: unknown }).entity) };
      parts.push({ is: { left, entity_type: String(entity_type), ...inside } });
    }
  }
  parts.push(...conditions.map(({ kind, body }): Expr => (kind === 'when' ? body : { '!': { arg: body } })));
  return parts.reduce<Expr>((left, right) => ({ '&&': { left, right } }), { Value: true });
}

/** `context.relation.name`; undefined where the expression is no attribute of the request. */
export function pathOf(expression: Expr): string | undefined {
  if ('Var' in expression) return String(expression.Var);
  if (!('.' in expression)) return undefined;
  const { left, attr } = expression['.'] as { left: Expr; attr: string };
  const base = pathOf(left);
  return base === undefined ? undefined : `${base}.${attr}`;
}

/** Strings that are written out, one or several; undefined where it is anything else. */
export function constantsOf(expression: Expr): readonly string[] | undefined {
  const items = ('Set' in expression ? expression.Set : [expression]) as Expr[];
  const values = items.map((item) => ('Value' in item ? item.Value : undefined));
  return values.every((value) => typeof value === 'string') ? values : undefined;
}

export function entitiesOf(expression: Expr): readonly Entity[] | undefined {
  const items = ('Set' in expression ? expression.Set : [expression]) as Expr[];
  const entities = items.map((item) => {
    const value = 'Value' in item ? item.Value : undefined;
    return typeof value === 'object' && value !== null && '__entity' in value
      ? (value.__entity as Entity)
      : undefined;
  });
  return entities.every((entity) => entity !== undefined) ? entities : undefined;
}
