/** With how many values of the asker's own a statement compares protected columns: rather more than fewer. */
import type { Lookups } from '../columnUse/expressions/lookup.ts';

export interface LookupCount {
  readonly kind: Exclude<Lookups, 'none'>;
  /** Its constants, each once. */
  readonly values: readonly string[];
  /** Numbers of its parameters, from 1; true for those that a function in FROM takes, which may make many of one. */
  readonly parameters: ReadonlyMap<number, boolean>;
  /** What functions and lists in FROM make beyond these; `unknown` where that cannot be told. */
  readonly made: number | 'unknown';
  /** It reads temporary tables of the session, whose rows may be values of the asker's own too. */
  readonly readsTemporary?: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Of what a function cuts into pieces, this many bytes at least make a value. */
const bytesPerPiece = 4;

/** Undefined where nothing protected is compared. @param tree as libpg-query gives it */
export function countLookups(kind: Lookups, tree: unknown): LookupCount | undefined {
  if (kind === 'none') return undefined;
  if (kind === 'columns') return { kind, values: [], parameters: new Map(), made: 0 };
  const counter = new Counter(kind === 'rows');
  counter.walk(tree, false);
  const { values, parameters, made } = counter;
  return { kind, values: [...values], parameters, made };
}

/** What a prepared statement looks up when it is executed: with the arguments of EXECUTE in place of its parameters. */
export function countArguments(prepared: LookupCount, execute: unknown): LookupCount {
  const given = countLookups('values', execute);
  return {
    ...prepared,
    values: [...new Set([...prepared.values, ...(given?.values ?? [])])],
    parameters: new Map(),
    made: prepared.made === 'unknown' ? 'unknown' : prepared.made + piecesOf(prepared, given),
  };
}

/** A function that takes a parameter apart takes the argument in its place. */
function piecesOf({ parameters }: LookupCount, given: LookupCount | undefined): number {
  if (![...parameters.values()].includes(true)) return 0;
  return (given?.values ?? []).reduce((sum, value) => sum + Math.ceil(value.length / bytesPerPiece), 0);
}

class Counter {
  readonly values = new Set<string>();
  readonly parameters = new Map<number, boolean>();
  readonly #isByRows: boolean;
  /** How many rows each list and function in FROM makes, where there are several: joined, they make the product. */
  readonly #sizes: number[] = [];
  #isUnknown = false;

  constructor(isByRows: boolean) {
    this.#isByRows = isByRows;
  }

  get made(): number | 'unknown' {
    if (this.#isUnknown) return 'unknown';
    const made = this.#sizes.reduce((product, size) => product * Math.max(size, 1), 1);
    return this.#sizes.length === 0 ? 0 : Math.min(made, Number.MAX_SAFE_INTEGER);
  }

  walk(node: unknown, isInFunction: boolean): void {
    if (Array.isArray(node)) {
      for (const child of node) this.walk(child, isInFunction);
      return;
    }
    if (typeof node !== 'object' || node === null) return;
    for (const [tag, value] of Object.entries(node as Fields)) {
      if (typeof value !== 'object' || value === null) continue;
      const fields = value as Fields;
      if (tag === 'A_Const') this.#noteConstant(fields, isInFunction);
      else if (tag === 'ParamRef') this.#noteParameter(Number(fields['number'] ?? 0), isInFunction);
      else if (tag === 'RangeFunction' && this.#isByRows) this.#walkFunction(fields);
      else {
        if (this.#isByRows && tag === 'SelectStmt') this.#noteList(fields['valuesLists']);
        if (this.#isByRows && tag === 'withClause' && fields['recursive'] === true) this.#isUnknown = true;
        this.walk(value, isInFunction);
      }
    }
  }

  #noteParameter(number: number, isInFunction: boolean): void {
    this.parameters.set(number, isInFunction || this.parameters.get(number) === true);
  }

  #noteConstant(fields: Fields, isInFunction: boolean): void {
    const text = textOf(fields);
    if (text === undefined) return;
    const elements = readArray(text);
    for (const element of elements ?? [text]) this.values.add(element);
    if (isInFunction && elements === undefined) this.#sizes.push(Math.ceil(text.length / bytesPerPiece));
  }

  #noteList(lists: unknown): void {
    if (Array.isArray(lists) && lists.length > 1) this.#sizes.push(lists.length);
  }

  #walkFunction(fields: Fields): void {
    if (!JSON.stringify(fields).includes('"generate_series"')) {
      this.walk(fields, true);
      return;
    }
    const size = sizeOfSeries(fields);
    if (size === undefined) this.#isUnknown = true;
    else this.#sizes.push(size);
  }
}

/** Of generate_series over constant whole numbers, alone in its place in FROM. */
function sizeOfSeries({ functions }: Fields): number | undefined {
  const call = (functions as { List?: { items?: { FuncCall?: { args?: unknown[] } }[] } }[] | undefined)?.[0]
    ?.List?.items?.[0]?.FuncCall;
  const bounds = (call?.args ?? []).map(readWholeNumber);
  const [from, to, step = 1] = bounds;
  if (from === undefined || to === undefined || bounds.includes(undefined) || step === 0) return undefined;
  return Math.max(0, Math.floor((to - from) / step) + 1);
}

function readWholeNumber(node: unknown): number | undefined {
  const { A_Const: constant } = (node ?? {}) as { A_Const?: { ival?: { ival?: number } } };
  return constant?.ival === undefined ? undefined : (constant.ival.ival ?? 0);
}

function textOf(fields: Fields): string | undefined {
  for (const [key, value] of Object.entries(fields)) {
    if (typeof value !== 'object' || value === null) continue;
    const text = (value as Fields)[key];
    if (key === 'sval' || key === 'ival' || key === 'fval' || key === 'bsval')
      return String(text ?? (key === 'ival' ? 0 : ''));
  }
  return undefined; // NULL, true, false
}

/** The elements of an array's text form, roughly; undefined where it has none. */
function readArray(text: string): readonly string[] | undefined {
  return /^\s*(?:\[[\d:]+\]=)?\{/.test(text) ? text.replace(/[{}]/g, '').split(',') : undefined;
}

/**
 * The values in one parameter, as `readBindParameters` gives it: several where it is an array.
 * @param isTaken true where a function takes it apart, so that any text may be many values
 */
export function readParameter(
  value: string,
  isTaken: boolean,
): { readonly values: readonly string[]; readonly made: number } {
  const elements = readArray(value) ?? readBinaryArray(value);
  if (elements !== undefined) return { values: elements, made: 0 };
  return { values: [value], made: isTaken ? Math.ceil(value.length / bytesPerPiece) : 0 };
}

/** `\x` and hex digits: dimensions, flags, type of the elements, size and lower bound of each, elements (array_send). */
function readBinaryArray(value: string): readonly string[] | undefined {
  if (!value.startsWith('\\x') || value.length < 2 + 2 * 20) return undefined;
  const bytes = Buffer.from(value.slice(2), 'hex');
  const dimensions = bytes.readInt32BE(0);
  const flags = bytes.readInt32BE(4);
  if (dimensions < 1 || dimensions > 6 || flags < 0 || flags > 1) return undefined;
  const elements: string[] = [];
  for (let at = 12 + 8 * dimensions; at + 4 <= bytes.length; ) {
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length < -1 || at + length > bytes.length) return undefined;
    if (length >= 0) elements.push(bytes.toString('hex', at, at + length));
    at += Math.max(length, 0);
  }
  return elements;
}
