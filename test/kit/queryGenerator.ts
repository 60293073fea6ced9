/** Makes queries at random over the tables of the soundness test, with every way to rename, nest, join and derive columns. */
import type { Random } from './random.ts';

/** A FROM item in the making: how it is called and the columns that it has. */
interface MadeItem {
  readonly name: string;
  readonly columns: readonly string[];
}

/** The tables that the generated queries read, with their columns in order. */
export const generatedTables: Readonly<Record<string, readonly string[]>> = {
  a: ['id', 'e', 'p', 's'],
  b: ['id', 'e', 'q', 's'],
  d: ['s', 'e', 'id'],
  va: ['id', 'e', 's'],
  part: ['id', 'e', 's'],
};

const names = ['id', 'e', 'p', 's', 'q', 'a', 'b', 'x', 'y'];
const maxDepth = 3;

export class QueryGenerator {
  readonly #random: Random;
  #serial = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A query with the columns that it returns, so far as they have names. */
  makeQuery(
    depth = 0,
    outer: readonly MadeItem[] = [],
    ctes: readonly MadeItem[] = [],
  ): MadeItem & { text: string } {
    const kind = this.#random.next();
    if (depth < maxDepth && kind < 0.12) return this.#makeSetOperation(depth, outer, ctes);
    if (depth < maxDepth && kind < 0.3) return this.#makeWith(depth, outer, ctes);
    return this.#makeSelect(depth, outer, ctes);
  }

  #makeSelect(
    depth: number,
    outer: readonly MadeItem[],
    ctes: readonly MadeItem[],
    width?: number,
  ): MadeItem & { text: string } {
    const items: MadeItem[] = [];
    const from = this.#makeFrom(depth, items, outer, ctes);
    const seen = [...items, ...outer];
    const columns: string[] = [];
    const targets: string[] = [];
    if (width === undefined && this.#chance(0.2)) {
      targets.push(this.#makeStar(items));
      columns.push(...items.flatMap((item) => item.columns));
    }
    const count = width ?? 1 + this.#random.below(3);
    for (let i = 0; i < count; i += 1) {
      const expression = this.#makeExpression(depth, seen, ctes);
      const alias = this.#random.pick(names);
      const hasAlias = this.#chance(0.6);
      targets.push(hasAlias ? `${expression} AS ${alias}` : expression);
      columns.push(hasAlias ? alias : (/^(?:\w+\.)?([a-z]\w*)$/.exec(expression)?.[1] ?? 'x'));
    }
    let text = `SELECT ${this.#chance(0.1) ? 'DISTINCT ' : ''}${targets.join(', ')} FROM ${from}`;
    if (this.#chance(0.3)) text += ` WHERE ${this.#makeCondition(depth, seen, ctes)}`;
    if (this.#chance(0.06)) {
      text += ` GROUP BY ${this.#chance(0.5) ? 'ROLLUP ' : ''}(${targets.map((_, i) => i + 1).join(', ')})`;
    } else if (this.#chance(0.1)) text += ` ORDER BY ${1 + this.#random.below(2)}`;
    return { name: '', columns, text };
  }

  #makeFrom(depth: number, items: MadeItem[], outer: readonly MadeItem[], ctes: readonly MadeItem[]): string {
    let text = this.#makeItem(depth, items, outer, ctes, false);
    for (let more = this.#random.below(3); more > 0; more -= 1) {
      const kind = this.#random.next();
      if (kind < 0.25) text += `, ${this.#makeItem(depth, items, outer, ctes, true)}`;
      else {
        const join = this.#random.pick(['JOIN', 'LEFT JOIN', 'FULL JOIN', 'RIGHT JOIN']);
        const right = this.#makeItem(depth, items, outer, ctes, join === 'JOIN' || join === 'LEFT JOIN');
        if (kind < 0.4) text += ` NATURAL ${join} ${right}`;
        else if (kind < 0.7)
          text += ` ${join} ${right} USING (${this.#random.pick(['id', 'e', 's', 'id, e'])})${this.#chance(0.3) ? ` AS j${this.#serial}` : ''}`;
        else text += ` ${join} ${right} ON true`;
      }
      if (this.#chance(0.12)) {
        const alias = this.#name();
        const renamed = this.#chance(0.5) ? ['x', 'y'] : [];
        const columns = [...renamed, ...items.flatMap((item) => item.columns).slice(renamed.length)];
        text = `(${text.includes(',') ? `a CROSS JOIN b` : text}) AS ${alias}${renamed.length > 0 ? '(x, y)' : ''}`;
        items.splice(0, items.length, { name: alias, columns });
        if (!text.includes('JOIN')) break;
      }
    }
    return text;
  }

  #makeItem(
    depth: number,
    items: MadeItem[],
    outer: readonly MadeItem[],
    ctes: readonly MadeItem[],
    mayBeLateral: boolean,
  ): string {
    const alias = this.#name();
    const [before] = items;
    if (mayBeLateral && before !== undefined && this.#chance(0.08)) {
      items.push({ name: alias, columns: ['key', 'value'] });
      return `jsonb_each_text(to_jsonb(${before.name})) ${alias}`;
    }
    if (depth < maxDepth && this.#chance(0.3)) {
      const isLateral = mayBeLateral && this.#chance(0.4);
      const query = this.makeQuery(depth + 1, isLateral ? [...items, ...outer] : outer, ctes);
      items.push({ name: alias, columns: query.columns });
      return `${isLateral ? 'LATERAL ' : ''}(${query.text}) AS ${alias}`;
    }
    const cte = ctes.length > 0 && this.#chance(0.5) ? this.#random.pick(ctes) : undefined;
    const table = cte?.name ?? this.#random.pick(Object.keys(generatedTables));
    const columns = cte?.columns ?? generatedTables[table] ?? [];
    if (this.#chance(0.15)) {
      const renamed = ['s', 'x', ...columns.slice(2)];
      items.push({ name: alias, columns: renamed });
      return `${table} AS ${alias}(s, x)`;
    }
    const isAliased = this.#chance(0.7) || items.some((item) => item.name === table);
    items.push({ name: isAliased ? alias : table, columns });
    return isAliased ? `${table} ${alias}` : table;
  }

  #makeSetOperation(
    depth: number,
    outer: readonly MadeItem[],
    ctes: readonly MadeItem[],
  ): MadeItem & { text: string } {
    const width = 1 + this.#random.below(2);
    const left = this.#makeSelect(depth + 1, outer, ctes, width);
    const right = this.#makeSelect(depth + 1, outer, ctes, width);
    const operation = this.#random.pick(['UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT']);
    return { name: '', columns: left.columns, text: `(${left.text}) ${operation} (${right.text})` };
  }

  #makeWith(
    depth: number,
    outer: readonly MadeItem[],
    ctes: readonly MadeItem[],
  ): MadeItem & { text: string } {
    const inner = this.makeQuery(depth + 1, outer, ctes);
    // A WITH query may take a table's name.
    const name = this.#chance(0.3)
      ? this.#random.pick(Object.keys(generatedTables))
      : `w${this.#random.below(3)}`;
    const isRecursive = this.#chance(0.2);
    const body = isRecursive ? `(${inner.text}) UNION SELECT * FROM ${name} WHERE false` : inner.text;
    const hint = this.#chance(0.3) ? 'MATERIALIZED ' : '';
    const query = this.#makeSelect(depth + 1, outer, [{ name, columns: inner.columns }, ...ctes]);
    const keyword = isRecursive ? 'WITH RECURSIVE' : 'WITH';
    return { name: '', columns: query.columns, text: `${keyword} ${name} AS ${hint}(${body}) ${query.text}` };
  }

  #makeStar(items: readonly MadeItem[]): string {
    const item = this.#random.pick(items);
    return this.#random.pick(['*', '*', `${item.name}.*`, `(${item.name}).*`]);
  }

  #makeReference(seen: readonly MadeItem[]): string {
    const item = this.#random.pick(seen);
    const column = item.columns.length > 0 ? this.#random.pick(item.columns) : 'id';
    const kind = this.#random.next();
    if (kind < 0.5) return `${item.name}.${column}`;
    if (kind < 0.8) return column;
    if (kind < 0.88) return `(${item.name}).${column}`;
    if (kind < 0.92) return item.name;
    return `${item.name}.${this.#random.pick([...names, 'to_jsonb', 'row_to_json'])}`;
  }

  #makeExpression(depth: number, seen: readonly MadeItem[], ctes: readonly MadeItem[]): string {
    const reference = this.#makeReference(seen);
    if (this.#chance(0.72)) return reference;
    const other = this.#makeReference(seen);
    return this.#random.pick([
      () => `lower(${reference}::text)`,
      () => `coalesce(${reference}, ${other})`,
      () => `${reference}::text`,
      () => `${reference}::varchar(40)`,
      () => `${reference} COLLATE "C"`,
      () => `(${reference} = ${other})`,
      () => `CASE WHEN ${reference} = ${other} THEN 1 ELSE 2 END`,
      () => `CASE WHEN ${reference} IS NULL THEN ${other} END`,
      () => `(${reference} IS NULL)`,
      () => `count(${reference}) OVER (PARTITION BY ${other})`,
      () => `first_value(${reference}) OVER ()`,
      () => `ROW(${reference}, ${other})`,
      () => `to_jsonb(${reference})`,
      () => `ARRAY[${reference}]`,
      () => `(ARRAY[${reference}, ${other}])[1]`,
      () => `${reference} || ${other}`,
      () => `nullif(${reference}, ${other})`,
      () => `upper(${reference}::text)`,
      () => `concat(${reference}, '-', ${other})`,
      () => `coalesce(${reference}::text, ${other}::text, '')`,
      () => `(${reference}::text || ${other}::text)`,
      () => `string_agg(${reference}::text, ',') OVER ()`,
      () => `max(${reference}::text) OVER (PARTITION BY ${other})`,
      () => `json_build_array(${reference}, ${other})::text`,
      () => `row_to_json(${this.#random.pick(seen).name})::text`,
      () => `unnest(ARRAY[${reference}::text, ${other}::text])`,
      () => (depth < maxDepth ? `(SELECT max(${reference}::text))` : '1'),
      () => (depth < maxDepth ? `(${this.#makeSelect(depth + 1, seen, ctes, 1).text} LIMIT 1)` : '1'),
      () => (depth < maxDepth ? `EXISTS (${this.makeQuery(depth + 1, seen, ctes).text})` : 'true'),
      () => (depth < maxDepth ? `ARRAY(${this.#makeSelect(depth + 1, seen, ctes, 1).text})` : 'true'),
      () =>
        depth < maxDepth ? `${reference} IN (${this.#makeSelect(depth + 1, seen, ctes, 1).text})` : 'true',
    ])();
  }

  #makeCondition(depth: number, seen: readonly MadeItem[], ctes: readonly MadeItem[]): string {
    const reference = this.#makeReference(seen);
    const other = this.#makeReference(seen);
    return this.#random.pick([
      () => `${reference} = ${other}`,
      () => `${reference} IS NOT NULL`,
      () => `${reference} IS DISTINCT FROM ${other}`,
      () => `${reference}::text LIKE '%'`,
      () => (depth < maxDepth ? `EXISTS (${this.makeQuery(depth + 1, seen, ctes).text})` : 'true'),
      () => `(${reference}, 1) = (${other}, 1)`,
      () => `left(${reference}::text, 1) = '秘'`,
      () => `length(concat(${reference}, ${other})) > 4`,
    ])();
  }

  #name(): string {
    this.#serial += 1;
    // Aliases that collide with columns and tables, now and then.
    return this.#chance(0.15) ? this.#random.pick(['e', 's', 'a', 'x']) : `t${this.#serial}`;
  }

  #chance(share: number): boolean {
    return this.#random.next() < share;
  }
}
