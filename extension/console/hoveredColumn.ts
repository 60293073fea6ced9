/** What a person points at in a statement, as far as its words tell: a column and the tables that it may be of, or a table. */

export interface NamedTable {
  readonly schema?: string;
  readonly table: string;
  /** What stands for it in the statement. */
  readonly alias?: string;
}

export interface HoveredName {
  /** As the server would read it: unquoted names in lower case. */
  readonly name: string;
  /** What stands before the point. */
  readonly qualifier?: string;
  readonly start: number;
  readonly end: number;
}

const name = String.raw`(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
const dotted = new RegExp(String.raw`${name}(?:\s*\.\s*${name})*`, 'gu');
const table = new RegExp(
  String.raw`(?:\b(?:from|join|update|into|table|using|only)|,)\s+(?:only\s+|lateral\s+)?(${name})(?:\s*\.\s*(${name}))?(?:\s+(?:as\s+)?(${name}))?`,
  'giu',
);
/** Words that follow a table without being its alias. */
const noAlias =
  /^(?:where|join|inner|left|right|full|cross|natural|on|using|set|values|select|group|order|limit|offset|having|union|except|intersect|returning|for|fetch|window|as|default|tablesample|with|when)$/i;
/** Comments, and texts in quotes, hold no names. */
const unread = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|\$([\p{L}_][\p{L}\p{N}_]*)?\$[\s\S]*?\$(?:\1)?\$/gu;

/** Blanks in place of what is not read: offsets stay. */
function readable(text: string): string {
  return text.replace(unread, (part) => ' '.repeat(part.length));
}

/** The name at an offset of a statement; undefined where there is none. */
export function nameAt(text: string, offset: number): HoveredName | undefined {
  for (const { index, 0: whole } of readable(text).matchAll(dotted)) {
    if (offset < index || offset >= index + whole.length) continue;
    const parts = [...whole.matchAll(new RegExp(name, 'gu'))];
    const at = parts.findIndex((part) => offset < index + part.index + part[0].length);
    const part = parts[at];
    if (part === undefined) return undefined;
    const qualifier = parts[at - 1]?.[0];
    const start = index + part.index;
    return {
      name: fold(part[0]),
      ...(qualifier !== undefined && { qualifier: fold(qualifier) }),
      start,
      end: start + part[0].length,
    };
  }
  return undefined;
}

/** The tables that a statement names where tables stand; rather more than fewer. */
export function tablesOf(text: string): NamedTable[] {
  const found = new Map<string, NamedTable>();
  for (const [, first = '', second, alias] of readable(text).matchAll(table)) {
    const named: NamedTable = {
      ...(second === undefined ? { table: fold(first) } : { schema: fold(first), table: fold(second) }),
      ...(alias !== undefined && !noAlias.test(alias) && { alias: fold(alias) }),
    };
    found.set(JSON.stringify(named), named);
  }
  return [...found.values()];
}

/** Those of the tables that a name with this qualifier may be a column of. */
export function tablesFor(tables: readonly NamedTable[], qualifier: string | undefined): NamedTable[] {
  const meant = tables.filter((each) => each.alias === qualifier || each.table === qualifier);
  return qualifier === undefined || meant.length === 0 ? [...tables] : meant;
}

/** Manual 4.1.1: unquoted names are folded to lower case. */
function fold(written: string): string {
  return written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written.toLowerCase();
}
