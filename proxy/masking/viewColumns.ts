/** Which columns of a view show classified columns of what it reads: from pg_get_viewdef's text, erring towards classified. */
import type { CatalogRelation } from '../schema/catalog.ts';
import type { Classification } from './classification.ts';

/** What a view reads (pg_depend): a relation, and those of its columns that are classified, by name. */
export interface ViewSource {
  readonly relation: CatalogRelation;
  readonly classified: ReadonlyMap<string, Classification>;
}

interface Token {
  readonly kind: 'name' | 'keyword' | 'other';
  readonly text: string;
  readonly depth: number;
}

interface SelectItem {
  readonly name: string | undefined;
  readonly tokens: readonly Token[];
}

const tokenPattern =
  /"(?:[^"]|"")*"|E'(?:[^'\\]|''|\\[\s\S])*'|'(?:[^']|'')*'|[A-Z_][A-Z0-9_]*(?![\w$])|[\p{L}_][\p{L}\p{N}_$]*|\d[\w.]*|::|\S/gu;
const setWords = new Set(['UNION', 'INTERSECT', 'EXCEPT']);
const listEnds = new Set([
  'FROM',
  'WHERE',
  'GROUP',
  'HAVING',
  'WINDOW',
  'ORDER',
  'LIMIT',
  'OFFSET',
  'FETCH',
  'FOR',
  ...setWords,
]);

/**
 * The classified columns of a view, by name. A column counts as showing all columns that its expression names, in
 * subqueries and WITH queries too; what a counting expression names does not.
 */
export function deriveViewColumns(
  definition: string,
  sources: readonly ViewSource[],
): ReadonlyMap<string, Classification> {
  if (sources.every(({ classified }) => classified.size === 0)) return new Map();
  const tokens = tokenize(definition);
  const aliases = findAliases(tokens, sources);
  const lists = findSelectLists(tokens);
  const derived = new Map<string, Classification>();
  const renamed = findRenamed(tokens, sources);
  // Names given inside count where they are used, whatever the order they are written in.
  for (let before = -1; before !== derived.size; ) {
    before = derived.size;
    for (const { items, firstItems } of lists) {
      items.forEach((item, index) => {
        const name = firstItems[index]?.name ?? item.name;
        if (name === undefined || derived.has(name)) return;
        const classification = findRenamedIn(item, renamed) ?? classifyItem(item, sources, aliases, derived);
        if (classification !== undefined) derived.set(name, classification);
      });
    }
  }
  return derived;
}

/** PostgreSQL prints key words in capitals; names that are not all lower-case are quoted. */
function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let depth = 0;
  for (const [match] of text.matchAll(tokenPattern)) {
    if (match === ')') depth--;
    if (match.startsWith('"')) {
      tokens.push({ kind: 'name', text: match.slice(1, -1).replaceAll('""', '"'), depth });
    } else if (/^[A-Z_]*[A-Z][A-Z0-9_]*$/.test(match)) {
      tokens.push({ kind: 'keyword', text: match, depth });
    } else {
      tokens.push({
        kind: /^[\p{L}_]/u.test(match) && !match.endsWith("'") ? 'name' : 'other',
        text: match,
        depth,
      });
    }
    if (match === '(') depth++;
  }
  return tokens;
}

/** `customers c`, `shop.customers c` and `customers` alone: which relations a qualifier may mean. */
function findAliases(tokens: readonly Token[], sources: readonly ViewSource[]): Map<string, Set<string>> {
  const names = new Set(sources.map(({ relation }) => relation.name));
  const aliases = new Map<string, Set<string>>();
  tokens.forEach((token, index) => {
    if (token.kind !== 'name' || !names.has(token.text)) return;
    const next = tokens[index + 1];
    const alias = next?.kind === 'name' ? next.text : token.text;
    aliases.set(alias, (aliases.get(alias) ?? new Set()).add(token.text));
  });
  return aliases;
}

/** `customers c(a, b)`: classified columns under the names that a column alias gives them, which go by position. */
function findRenamed(tokens: readonly Token[], sources: readonly ViewSource[]): Map<string, Classification> {
  const renamed = new Map<string, Classification>();
  tokens.forEach((token, index) => {
    if (token.kind !== 'name' || tokens[index + 1]?.kind !== 'name' || tokens[index + 2]?.text !== '(')
      return;
    for (const { relation, classified } of sources) {
      if (relation.name !== token.text) continue;
      for (const [position, column] of relation.columns.entries()) {
        const name = tokens[index + 3 + 2 * position];
        const classification = classified.get(column.name);
        if (name?.kind !== 'name') break;
        if (classification !== undefined) renamed.set(name.text, classification);
        if (tokens[index + 4 + 2 * position]?.text !== ',') break;
      }
    }
  });
  return renamed;
}

function findRenamedIn(
  item: SelectItem,
  renamed: ReadonlyMap<string, Classification>,
): Classification | undefined {
  if (renamed.size === 0) return undefined;
  const name = item.tokens.find((token) => token.kind === 'name' && renamed.has(token.text));
  return name && renamed.get(name.text);
}

interface SelectList {
  readonly items: readonly SelectItem[];
  /** Of the first list of a UNION and the like: its names are the result's. */
  readonly firstItems: readonly SelectItem[];
}

function findSelectLists(tokens: readonly Token[]): SelectList[] {
  const lists: SelectList[] = [];
  /** The first list of the query that is open at a depth. */
  const openLists = new Map<number, readonly SelectItem[]>();
  let isAfterSet = false;
  tokens.forEach((token, index) => {
    if (token.kind === 'keyword' && setWords.has(token.text)) isAfterSet = true;
    if (token.kind !== 'keyword' || token.text !== 'SELECT') return;
    const items = readItems(tokens, index + 1, token.depth);
    const first = isAfterSet ? (openLists.get(token.depth) ?? openLists.get(token.depth - 1)) : undefined;
    if (first === undefined) openLists.set(token.depth, items);
    lists.push({ items, firstItems: first ?? items });
    isAfterSet = false;
  });
  return lists;
}

function readItems(tokens: readonly Token[], start: number, depth: number): SelectItem[] {
  const items: SelectItem[] = [];
  let current: Token[] = [];
  const close = () => {
    if (current.length > 0) items.push({ name: nameOf(current, depth), tokens: current });
    current = [];
  };
  for (const token of tokens.slice(start)) {
    const isOwn = token.depth === depth;
    if (token.depth < depth || (isOwn && token.kind === 'keyword' && listEnds.has(token.text))) break;
    if (isOwn && token.text === ';') break;
    if (isOwn && token.text === ',') close();
    else current.push(token);
  }
  close();
  return items;
}

/** The alias, or the column's own name: expressions always get an alias printed. */
function nameOf(tokens: readonly Token[], depth: number): string | undefined {
  return tokens.findLast((token) => token.kind === 'name' && token.depth === depth)?.text;
}

function classifyItem(
  item: SelectItem,
  sources: readonly ViewSource[],
  aliases: ReadonlyMap<string, ReadonlySet<string>>,
  derived: ReadonlyMap<string, Classification>,
): Classification | undefined {
  if (item.tokens[0]?.text === 'count' && item.tokens[1]?.text === '(') return undefined;
  const { tokens } = item;
  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1]?.text;
    const previous = tokens[index - 1]?.text;
    const isStar = token.text === '*' && previous === '.';
    if (token.kind !== 'name' && !isStar) continue;
    if (next === '.' || next === '(' || previous === '::' || previous === 'AS') continue;
    const qualifier = previous === '.' ? tokens[index - 2]?.text : undefined;
    const meant = qualifier === undefined ? undefined : aliases.get(qualifier);
    const found = findClassified(isStar ? undefined : token.text, meant, sources, derived);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A name that the relation meant does not have was given by a column alias, `t(a, b)`: it may be any of its columns. */
function findClassified(
  name: string | undefined,
  meant: ReadonlySet<string> | undefined,
  sources: readonly ViewSource[],
  derived: ReadonlyMap<string, Classification>,
): Classification | undefined {
  for (const { relation, classified } of sources) {
    if (meant !== undefined && !meant.has(relation.name)) continue;
    const isUnknown =
      name === undefined || (meant !== undefined && !relation.columns.some((column) => column.name === name));
    const found = isUnknown ? classified.values().next().value : classified.get(name);
    if (found !== undefined) return found;
  }
  return meant === undefined && name !== undefined ? derived.get(name) : undefined;
}
