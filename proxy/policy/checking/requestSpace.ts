/**
 * All requests that there can be, as variables with few values each: the action, the environment, the groups, and each
 * attribute with the constants that policies compare it to, besides "another" and "absent". What a policy asks beyond
 * that is taken as a question that may be answered either way. So a policy that fits nothing here fits no real request.
 */
import type { Expr, PolicyJson, SchemaJson } from '@cedar-policy/cedar-wasm/nodejs';
import { widerGroup } from '../cedarRequest.ts';
import { dayNames } from '../circumstances/circumstances.ts';
import { conditionOf, constantsOf, type Entity, entitiesOf, pathOf } from './policyExpressions.ts';

/** A value that no policy names. */
const another: unique symbol = Symbol('another');
const absent: unique symbol = Symbol('absent');
type Value = string | number | boolean | typeof another | typeof absent;

/** What must be known before the answer is. */
export class Need {
  readonly variable: string;

  constructor(variable: string) {
    this.variable = variable;
  }
}

export type Known = boolean | Need;
export type Assignment = Map<string, Value>;

/** Strings of a request; see `cedarRequest`, which puts some of them into lower case. */
const texts: Readonly<Record<string, { readonly isOptional?: true; readonly isLowerCase?: true }>> = {
  'principal.email': {},
  'context.predicate': {},
  'context.object': { isOptional: true, isLowerCase: true },
  'context.functionName': { isOptional: true },
  'context.setting': { isOptional: true, isLowerCase: true },
  'context.value': { isOptional: true, isLowerCase: true },
  'context.why': { isOptional: true },
  'context.agent': { isOptional: true },
  // Of the action unmask alone, which always has them.
  'context.classification': { isOptional: true },
  'context.column': { isOptional: true },
  'context.relation.schema': { isOptional: true },
  'context.relation.name': {},
  'context.client.application': { isOptional: true },
  'context.time.zone': {},
  'context.time.utc.day': {},
  'context.time.local.day': {},
  'context.approval.id': {},
  'context.approval.reason': {},
};
const flags = new Set(['context.isConfig', 'context.temporary']);
/** Records that may be absent: a variable of their own says whether they are. */
const records = new Set(['context.relation', 'context.approval']);
/** What every request has, and is no attribute that is compared. */
const always = new Set([
  'context.client',
  'context.time',
  'context.time.at',
  'context.time.utc',
  'context.time.local',
  'context.approval.reviewers',
]);
const lockMode = 'context.lockMode';
const lockModes: readonly Value[] = [1, 2, 3, 4, 5, 6, 7, 8];
export const predicates: readonly string[] = ['none', 'absent', 'alwaysTrue', 'real'];
/** Actions that have a predicate other than `none`. */
const narrowed = ['update', 'delete'];
export const environments: readonly string[] = ['production', 'staging', 'development'];

export class RequestSpace {
  /** Each action of a request, with the groups of actions that it is in, itself included. */
  readonly #actions = new Map<string, ReadonlySet<string>>();
  /** By variable: the constants that policies compare it to. */
  readonly #constants = new Map<string, Set<string>>();
  readonly #conditions = new Map<PolicyJson, Expr>();
  /** Names of the questions that are left open; the same question has the same answer. */
  readonly #questions = new WeakMap<Expr, string>();

  constructor(schema: SchemaJson<string>, policies: readonly PolicyJson[]) {
    const { actions = {} } = schema[''] ?? {};
    for (const [id, { appliesTo }] of Object.entries(actions)) {
      if ((appliesTo?.principalTypes.length ?? 0) === 0) continue;
      const within = new Set([id]);
      for (const name of within) for (const parent of actions[name]?.memberOf ?? []) within.add(parent.id);
      this.#actions.set(id, within);
    }
    for (const policy of policies) {
      const condition = conditionOf(policy);
      this.#conditions.set(policy, condition);
      this.#collect(condition);
    }
  }

  /** Whether the policy applies to the requests that `known` describes, as far as that is told. */
  matches(policy: PolicyJson, known: Assignment): Known {
    return this.#decide(this.#conditions.get(policy) ?? conditionOf(policy), known);
  }

  /** The values that are possible for a variable, given what is known; or what must be known first. */
  valuesOf(variable: string, known: Assignment): readonly Value[] | Need {
    const constants: Value[] = [...(this.#constants.get(variable) ?? [])];
    if (variable === 'action') return [...this.#actions.keys()];
    if (variable === lockMode) return [...lockModes, absent];
    if (variable === 'environment') return [...new Set([...environments, ...constants]), another];
    if (variable === 'subject' || variable === 'connection') return [...constants, another];
    if (variable === 'context.predicate') {
      const action = known.get('action');
      if (action === undefined) return new Need('action');
      return narrowed.includes(String(action)) ? predicates : ['none'];
    }
    if (variable.endsWith('.day')) return dayNames;
    const text = texts[variable];
    if (text === undefined) return [true, false];
    const possible = text.isLowerCase
      ? constants.filter((value) => value === String(value).toLowerCase())
      : constants;
    const others: readonly Value[] = text.isOptional ? [another, absent] : [another];
    return [...possible, ...others];
  }

  #decide(expression: Expr, known: Assignment): Known {
    const [operator, operands] = Object.entries(expression)[0] as [string, Record<string, Expr>];
    const side = (name: string) => operands[name] as Expr;
    switch (operator) {
      case 'Value':
        return (operands as unknown) === true;
      case '&&':
        return both(this.#decide(side('left'), known), () => this.#decide(side('right'), known));
      case '||':
        return not(
          both(not(this.#decide(side('left'), known)), () => not(this.#decide(side('right'), known))),
        );
      case '!':
        return not(this.#decide(side('arg'), known));
      case 'if-then-else': {
        const condition = this.#decide(side('if'), known);
        if (condition instanceof Need) return condition;
        return this.#decide(side(condition ? 'then' : 'else'), known);
      }
      case '!=':
        return not(this.#decide({ '==': operands } as unknown as Expr, known));
      default:
        return this.#decideAtom(operator, expression, operands, known);
    }
  }

  #decideAtom(operator: string, expression: Expr, operands: Record<string, Expr>, known: Assignment): Known {
    const open = () => this.#look(this.#question(expression), known) as Known;
    const { left, right } = operands as { left: Expr; right: Expr };
    const path = pathOf(operator === '.' ? expression : operator === 'contains' ? right : left);
    switch (operator) {
      case '.':
        return flags.has(path ?? '') ? (this.#look(path ?? '', known) as Known) : open();
      case 'has':
        return this.#has(path, (operands as { attr?: unknown })['attr'], known) ?? open();
      case '==':
      case 'in':
      case 'is': {
        const entities = operator === 'is' ? [] : entitiesOf(right);
        if (path === 'principal' || path === 'action' || path === 'resource') {
          if (operator === 'is') return this.#is(path, expression, known) ?? open();
          return entities === undefined ? open() : this.#isAnyOf(path, entities, operator === '==', known);
        }
        return operator === '==' ? (this.#equals(left, right, known) ?? open()) : open();
      }
      case 'contains': {
        const members = constantsOf(left);
        if (members === undefined || path === undefined || !(path in texts)) return open();
        const value = this.#look(path, known);
        return value instanceof Need ? value : members.includes(value as string);
      }
      case 'like':
        return this.#isLike(path, (operands as { pattern?: unknown })['pattern'], known) ?? open();
      case '<':
      case '<=':
      case '>':
      case '>=': {
        const limit = 'Value' in right ? right.Value : undefined;
        if (path !== lockMode || typeof limit !== 'number') return open();
        const value = this.#look(path, known);
        if (value instanceof Need) return value;
        return typeof value === 'number' && compare(operator, value, limit);
      }
      default:
        return open();
    }
  }

  #question(expression: Expr): string {
    const name = this.#questions.get(expression) ?? `question ${JSON.stringify(expression)}`;
    this.#questions.set(expression, name);
    return name;
  }

  #look(variable: string, known: Assignment): Value | Need {
    return known.get(variable) ?? new Need(variable);
  }

  #has(base: string | undefined, attributes: unknown, known: Assignment): Known | undefined {
    if (base === undefined) return undefined;
    let path = base;
    let answer: Known = true;
    for (const attribute of Array.isArray(attributes) ? attributes : [attributes]) {
      path = `${path}.${attribute}`;
      let has: Known;
      if (records.has(path)) has = this.#look(`has ${path}`, known) as Known;
      else if (path === lockMode || texts[path]?.isOptional) {
        const value = this.#look(path, known);
        has = value instanceof Need ? value : value !== absent;
      } else if (path in texts || flags.has(path) || always.has(path)) has = true;
      else return undefined;
      answer = both(answer, () => has);
    }
    return answer;
  }

  #is(path: string, expression: Expr, known: Assignment): Known | undefined {
    const { entity_type: type, in: within } = (expression as Extract<Expr, { is: unknown }>).is;
    const own = { principal: 'Identity', action: 'Action', resource: 'Connection' }[path];
    if (type !== own) return false;
    if (within === undefined) return true;
    const entities = entitiesOf(within);
    return entities && this.#isAnyOf(path, entities, false, known);
  }

  #isAnyOf(path: string, entities: readonly Entity[], isEquality: boolean, known: Assignment): Known {
    let answer: Known = false;
    for (const entity of entities) {
      const fits = this.#isWithin(path, entity, isEquality, known);
      if (fits === true) return true;
      if (fits instanceof Need) answer = fits;
    }
    return answer;
  }

  #isWithin(path: string, { type, id }: Entity, isEquality: boolean, known: Assignment): Known {
    const equals = (variable: string) => {
      const value = this.#look(variable, known);
      return value instanceof Need ? value : value === id;
    };
    if (path === 'action') {
      const action = this.#look('action', known);
      if (action instanceof Need) return action;
      return isEquality ? action === id : (this.#actions.get(String(action))?.has(id) ?? false);
    }
    if (path === 'principal' && type === 'Identity') return equals('subject');
    if (path === 'resource' && type === 'Connection') return equals('connection');
    if (isEquality) return false;
    if (path === 'resource' && type === 'Environment') return equals('environment');
    if (path !== 'principal' || type !== 'Group') return false;
    const groups = [id, ...Object.keys(widerGroup).filter((group) => widerGroup[group] === id)];
    const inOne = groups.map((group) => this.#look(`group ${group}`, known) as Known);
    return inOne.find((fits) => fits === true) ?? inOne.find((fits) => fits instanceof Need) ?? false;
  }

  #equals(left: Expr, right: Expr, known: Assignment): Known | undefined {
    const [path, constant] = [pathOf(left), pathOf(right)].includes(undefined)
      ? [
          pathOf(left) ?? pathOf(right),
          'Value' in right ? right.Value : 'Value' in left ? left.Value : undefined,
        ]
      : [undefined, undefined];
    const isKnown = path !== undefined && (path in texts || flags.has(path) || path === lockMode);
    if (!isKnown || constant === undefined || typeof constant === 'object') return undefined;
    const value = this.#look(path, known);
    return value instanceof Need ? value : value === constant;
  }

  #isLike(path: string | undefined, pattern: unknown, known: Assignment): Known | undefined {
    if (path === undefined || !(path in texts) || !Array.isArray(pattern)) return undefined;
    const parts = pattern as ('Wildcard' | { Literal: string })[];
    const isWritten = parts.some(
      (part) => part !== 'Wildcard' && part.Literal !== part.Literal.toLowerCase(),
    );
    if (texts[path]?.isLowerCase && isWritten) return false;
    const value = this.#look(path, known);
    if (value instanceof Need) return value;
    if (typeof value !== 'string') return value === absent ? false : undefined;
    const form = parts.map((part) => (part === 'Wildcard' ? '.*' : escapeForm(part.Literal))).join('');
    return new RegExp(`^${form}$`, 'su').test(value);
  }

  #collect(expression: unknown): void {
    if (typeof expression !== 'object' || expression === null) return;
    for (const [operator, operands] of Object.entries(expression)) {
      const { left, right } = (operands ?? {}) as { left?: Expr; right?: Expr };
      if (left !== undefined && right !== undefined) {
        for (const [one, other] of [
          [left, right],
          [right, left],
        ] as const)
          this.#collectFrom(one, other);
      }
      if (operator === 'is') this.#collectFrom(left as Expr, (operands as { in?: Expr }).in);
      this.#collect(operands);
    }
  }

  #collectFrom(place: Expr, compared: Expr | undefined): void {
    const path = pathOf(place);
    if (path === undefined || compared === undefined) return;
    for (const constant of constantsOf(compared) ?? []) this.#note(path, constant);
    for (const { type, id } of entitiesOf(compared) ?? []) {
      const variable = { Identity: 'subject', Connection: 'connection', Environment: 'environment' }[type];
      if (variable !== undefined) this.#note(variable, id);
    }
  }

  #note(variable: string, constant: string): void {
    this.#constants.set(variable, (this.#constants.get(variable) ?? new Set()).add(constant));
  }
}

function compare(operator: '<' | '<=' | '>' | '>=', value: number, limit: number): boolean {
  if (operator === '<') return value < limit;
  if (operator === '<=') return value <= limit;
  return operator === '>' ? value > limit : value >= limit;
}

function escapeForm(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function not(known: Known): Known {
  return known instanceof Need ? known : !known;
}

/** The right side is looked at even where the left is open: it may settle the matter. */
function both(left: Known, right: () => Known): Known {
  if (left === false) return false;
  const other = right();
  return other === false || !(left instanceof Need) ? other : left;
}
