/** OCSF's published schema, release 1.8.0, as a validator: attributes, types, enumerations, required ones, constraints. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = fileURLToPath(new URL('../../../../shared/vectors/ocsf-1.8.0.json', import.meta.url));

/** The schema is not copied into the project: where it is not, the tests that need it say so. */
export const hasOcsfSchema = existsSync(path);

interface Attribute {
  readonly requirement?: 'required' | 'recommended' | 'optional';
  readonly enum?: Readonly<Record<string, { readonly caption: string }>> | undefined;
  readonly type?: string;
  readonly is_array?: boolean;
  readonly profile?: string | null;
  readonly '@deprecated'?: unknown;
}

type Attributes = Record<string, Attribute>;

interface Definition {
  readonly uid?: number;
  readonly caption?: string;
  readonly name?: string;
  readonly category?: string;
  readonly extends?: string;
  readonly attributes: Record<string, unknown>;
  readonly constraints?: Readonly<Record<string, readonly string[]>>;
}

interface ValueType {
  readonly type?: string;
  readonly regex?: string;
  readonly max_len?: number;
  readonly range?: readonly [number, number];
}

export class OcsfSchema {
  readonly #files = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Definition>;
  readonly #dictionary = this.#file('dictionary.json') as unknown as {
    attributes: Attributes;
    types: { attributes: Record<string, ValueType> };
  };
  readonly #objects = this.#byName('objects/');
  readonly #classes = this.#byName('events/');

  /** Everything that is wrong with an event, in words; nothing where it is valid. */
  validate(event: Readonly<Record<string, unknown>>): string[] {
    const profiles = (event['metadata'] as { profiles?: string[] } | undefined)?.profiles ?? [];
    const found = [...this.#classes.values()].find((one) => this.#classUid(one) === event['class_uid']);
    if (found === undefined) return [`no class has the uid ${event['class_uid']}`];
    const { attributes, constraints } = this.#resolve(found, this.#classes, profiles);
    // Base event's; those of a class are made from its uid and category, and checked below.
    for (const name of ['class_uid', 'category_uid'])
      attributes[name] = { ...attributes[name], enum: undefined };
    const errors = this.#checkObject('', event, attributes, constraints, profiles);
    const activity = event['activity_id'] as number;
    if (event['type_uid'] !== (event['class_uid'] as number) * 100 + activity) {
      errors.push('type_uid is not class_uid * 100 + activity_id');
    }
    if (event['class_name'] !== found.caption) errors.push(`class_name is not ${found.caption}`);
    const category = this.#category(found);
    if (event['category_uid'] !== category.uid) errors.push(`category_uid is not ${category.uid}`);
    if (event['category_name'] !== category.caption) errors.push(`category_name is not ${category.caption}`);
    return errors;
  }

  #file(name: string): Definition {
    const found = this.#files[name];
    if (found === undefined) throw new Error(`the schema has no ${name}`);
    return found;
  }

  #byName(folder: string): Map<string, Definition> {
    const entries = Object.entries(this.#files).filter(([name]) => name.startsWith(folder));
    return new Map(
      entries.map(([name, value]) => [
        value.name ?? name.split('/').at(-1)?.replace('.json', '') ?? '',
        value,
      ]),
    );
  }

  #category(definition: Definition): { uid: number; caption: string } {
    const { category, extends: parent } = definition;
    if (category !== undefined) {
      const categories = this.#file('categories.json').attributes as Record<
        string,
        { uid: number; caption: string }
      >;
      return categories[category] ?? { uid: -1, caption: 'none' };
    }
    return this.#category(this.#classes.get(parent ?? '') ?? this.#file('events/base_event.json'));
  }

  /** Schema: a class's uid is that of its category * 1000 + its own. */
  #classUid(definition: Definition): number | undefined {
    const { uid } = definition;
    return uid === undefined || definition.name === 'base_event'
      ? undefined
      : this.#category(definition).uid * 1000 + uid;
  }

  #resolve(definition: Definition, among: Map<string, Definition>, profiles: readonly string[]) {
    const chain: Definition[] = [];
    for (let at: Definition | undefined = definition; at !== undefined; ) {
      chain.unshift(at);
      at = at.extends === undefined ? undefined : among.get(at.extends);
    }
    const attributes: Attributes = {};
    let constraints: Definition['constraints'];
    for (const one of chain) {
      constraints = one.constraints ?? constraints;
      for (const [name, value] of Object.entries(one.attributes)) {
        if (name === '$include') this.#include(value as readonly string[], profiles, attributes);
        else merge(attributes, name, value as Attribute);
      }
    }
    return { attributes, constraints };
  }

  /** A profile's attributes are there only where the event names the profile. */
  #include(files: readonly string[], profiles: readonly string[], attributes: Attributes): void {
    for (const file of files) {
      const own = this.#file(file) as Definition & { meta?: string };
      if (own.meta === 'profile' && !profiles.includes(own.name ?? '')) continue;
      for (const [name, value] of Object.entries(own.attributes)) merge(attributes, name, value as Attribute);
    }
  }

  #checkObject(
    at: string,
    value: Readonly<Record<string, unknown>>,
    attributes: Attributes,
    constraints: Definition['constraints'],
    profiles: readonly string[],
  ): string[] {
    const errors: string[] = [];
    for (const [name, own] of Object.entries(attributes)) {
      const isOfOther = typeof own.profile === 'string' && !profiles.includes(own.profile);
      if (own.requirement === 'required' && !isOfOther && value[name] === undefined) {
        errors.push(`${at}${name} is required`);
      }
    }
    for (const [name, member] of Object.entries(value)) {
      const own = attributes[name];
      if (own === undefined) errors.push(`${at}${name} is no attribute`);
      else
        errors.push(
          ...this.#checkAttribute(
            `${at}${name}`,
            member,
            { ...this.#dictionary.attributes[name], ...own },
            profiles,
          ),
        );
    }
    const { at_least_one: some, just_one: one } = constraints ?? {};
    const count = (names: readonly string[]) => names.filter((name) => value[name] !== undefined).length;
    if (some !== undefined && count(some) === 0) errors.push(`${at} has none of ${some.join(', ')}`);
    if (one !== undefined && count(one) !== 1) errors.push(`${at} has not just one of ${one.join(', ')}`);
    errors.push(...this.#checkSiblings(at, value, attributes));
    return errors;
  }

  /** `x` beside `x_id` is the caption of its value. */
  #checkSiblings(at: string, value: Readonly<Record<string, unknown>>, attributes: Attributes): string[] {
    return Object.entries(value).flatMap(([name, id]) => {
      const enumeration = { ...this.#dictionary.attributes[name]?.enum, ...attributes[name]?.enum };
      const sibling = name.replace(/_id$/, '');
      const caption = enumeration[String(id)]?.caption;
      if (sibling === name || value[sibling] === undefined || caption === undefined || id === 99) return [];
      return value[sibling] === caption ? [] : [`${at}${sibling} is not ${caption}`];
    });
  }

  #checkAttribute(at: string, value: unknown, own: Attribute, profiles: readonly string[]): string[] {
    if (own['@deprecated'] !== undefined) return [`${at} is deprecated`];
    if (own.is_array === true) {
      if (!Array.isArray(value)) return [`${at} is no array`];
      return value.flatMap((item, i) => this.#checkValue(`${at}[${i}]`, item, own, profiles));
    }
    return this.#checkValue(at, value, own, profiles);
  }

  #checkValue(at: string, value: unknown, own: Attribute, profiles: readonly string[]): string[] {
    const type = own.type ?? '';
    if (own.enum !== undefined && own.enum[String(value)] === undefined) {
      return [`${at} cannot be ${JSON.stringify(value)}`];
    }
    if (this.#dictionary.types.attributes[type] !== undefined) return this.#checkPlain(at, value, type);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at} is no object`];
    if (type === 'object') return []; // anything
    const definition = this.#objects.get(type);
    if (definition === undefined) return [`${at} is of the unknown type ${type}`];
    const { attributes, constraints } = this.#resolve(definition, this.#objects, profiles);
    return this.#checkObject(`${at}.`, value as Record<string, unknown>, attributes, constraints, profiles);
  }

  #checkPlain(at: string, value: unknown, name: string): string[] {
    const type = this.#dictionary.types.attributes[name] ?? {};
    const base = type.type ?? name;
    const isGood =
      base === 'json_t' ||
      (base === 'string_t' && typeof value === 'string') ||
      (base === 'boolean_t' && typeof value === 'boolean') ||
      ((base === 'integer_t' || base === 'long_t') && Number.isSafeInteger(value)) ||
      (base === 'float_t' && typeof value === 'number');
    if (!isGood) return [`${at} is no ${name}: ${JSON.stringify(value)}`];
    if (type.regex !== undefined && !new RegExp(type.regex).test(String(value))) {
      return [`${at} does not match ${name}: ${value}`];
    }
    if (type.max_len !== undefined && String(value).length > type.max_len) return [`${at} is too long`];
    const [low = -Infinity, high = Infinity] = type.range ?? [];
    return (value as number) < low || (value as number) > high ? [`${at} is out of range`] : [];
  }
}

function merge(attributes: Attributes, name: string, own: Attribute): void {
  const before = attributes[name];
  attributes[name] = { ...before, ...own, ...(own.enum && { enum: { ...before?.enum, ...own.enum } }) };
}
