/** COPY … TO STDOUT: the query that has its columns, and how it writes rows, as the statement says. */
import type { CopyFormat } from '../masking/copy/copyFormat.ts';
import type { StatementFacts } from './facts.ts';
import type { SqlParser } from './parser.ts';
import { asList, asNode, asText } from './tree.ts';

export interface CopyOut {
  /** A query whose columns are those that are copied, in order, from the same columns of the same tables. */
  readonly query: string;
  /** The query has generated columns too, which COPY leaves out unless they are listed (manual, COPY: Notes). */
  readonly hasGenerated: boolean;
  readonly format: CopyFormat;
  /** Why what it sends cannot be masked, in words that complete "it …"; undefined where it can. */
  readonly problem: string | undefined;
}

/** Undefined for any other statement. Throws PortcullisError as `SqlParser.scan` does. */
export function readCopyOut(facts: StatementFacts, parser: SqlParser): CopyOut | undefined {
  if (facts.role.kind !== 'copyOut') return undefined;
  const fields = asNode(asNode(facts.tree)['CopyStmt']);
  const relation = asNode(fields['relation']);
  const names = asList(fields['attlist']).map((node) => asText(asNode(asNode(node)['String'])['sval']) ?? '');
  const isTable = fields['relation'] !== undefined;
  return {
    query: isTable ? selectTable(relation, names) : findQuery(facts.text, parser),
    hasGenerated: isTable && names.length === 0,
    ...readOptions(asList(fields['options'])),
  };
}

/** COPY takes the rows of the table itself, without those of its children. */
function selectTable(relation: Readonly<Record<string, unknown>>, names: readonly string[]): string {
  const schema = asText(relation['schemaname']);
  const table = quote(asText(relation['relname']) ?? '');
  const columns = names.length === 0 ? '*' : names.map(quote).join(', ');
  return `SELECT ${columns} FROM ONLY ${schema === undefined ? '' : `${quote(schema)}.`}${table}`;
}

/** What stands between the first parenthesis and its partner: the grammar allows nothing else there. */
function findQuery(text: string, parser: SqlParser): string {
  const bytes = Buffer.from(text);
  let depth = 0;
  let start = 0;
  for (const token of parser.scan(text)) {
    const symbol = token.end - token.start === 1 ? bytes[token.start] : undefined;
    if (symbol === 0x28) {
      depth++;
      if (depth === 1) start = token.end;
    } else if (symbol === 0x29) {
      depth--;
      if (depth === 0) return bytes.subarray(start, token.start).toString();
    }
  }
  throw new Error('a COPY of a query without its query');
}

/** Encodings in which every byte below 128 is what it is in ASCII and masks can be written. */
const plainEncodings: ReadonlySet<string> = new Set(['utf8', 'unicode', 'sqlascii']);

/**
 * Texts for NULL that no value tells anything by: in text format a value that equals it cannot be told from NULL, so that any
 * text would be a way to ask whether a value is that.
 */
const plainNull = /^(?:\\N|null|\(null\)|n\/?a|nil|none|-)?$/i;

/** Options that say nothing of how rows are written. */
const otherOptions: ReadonlySet<string> = new Set(['freeze', 'log_verbosity']);

function readOptions(list: readonly unknown[]): { format: CopyFormat; problem: string | undefined } {
  const options = new Map<string, unknown>();
  for (const item of list) {
    const { defname, arg } = asNode(asNode(item)['DefElem']);
    options.set(asText(defname) ?? '', arg ?? true);
  }
  const problems: string[] = [];
  const text = (name: string): string | undefined => {
    const value = options.get(name);
    options.delete(name);
    if (value === undefined) return undefined;
    const found = asText(asNode(asNode(value)['String'])['sval']);
    if (found === undefined && asNode(value)['String'] === undefined)
      problems.push(`has an option ${name} that is not understood`);
    return found ?? '';
  };
  const byte = (name: string, usual: number): number => {
    const value = text(name);
    if (value === undefined) return usual;
    if (!/^[\x01-\x7f]$/.test(value)) problems.push(`has an option ${name} that is no single character`);
    return value.charCodeAt(0) || usual;
  };

  const kind = text('format') ?? 'text';
  if (kind !== 'text' && kind !== 'csv' && kind !== 'binary')
    problems.push(`has a format that is not known: ${kind}`);
  const encoding = text('encoding');
  if (encoding !== undefined && !plainEncodings.has(encoding.toLowerCase().replace(/[^a-z0-9]/g, '')))
    problems.push(`is encoded as ${encoding}: only UTF8 can be masked`);
  const nullText = text('null') ?? (kind === 'csv' ? '' : '\\N');
  if (kind === 'text' && !plainNull.test(nullText))
    problems.push('writes NULL as a text that a value may be: choose another, or CSV');
  const delimiter = byte('delimiter', kind === 'csv' ? 0x2c : 0x09);
  const quoteByte = byte('quote', 0x22);
  const escapeByte = byte('escape', quoteByte);
  const hasHeader = readFlag(options.get('header'));
  const forceQuote = readForceQuote(options.get('force_quote'));
  for (const name of options.keys()) {
    if (name !== 'header' && name !== 'force_quote' && !otherOptions.has(name))
      problems.push(`has an option that is not known: ${name}`);
  }
  const format: CopyFormat = {
    kind: kind === 'csv' || kind === 'binary' ? kind : 'text',
    delimiter,
    quote: quoteByte,
    escapeByte,
    nullText,
    hasHeader,
    forceQuote,
  };
  return { format, problem: problems[0] };
}

/** As defGetBoolean reads it (commands/define.c); what is no flag the server refuses. */
function readFlag(value: unknown): boolean {
  if (value === undefined || value === true) return value === true;
  const { Boolean: flag, Integer: number, String: word } = asNode(value);
  if (flag !== undefined) return asNode(flag)['boolval'] === true;
  if (number !== undefined) return asNode(number)['ival'] === 1;
  return ['true', 'on'].includes((asText(asNode(word)['sval']) ?? '').toLowerCase());
}

function readForceQuote(value: unknown): 'all' | readonly string[] {
  if (asNode(value)['A_Star'] !== undefined) return 'all';
  const items = asList(asNode(asNode(value)['List'])['items']);
  return items.map((item) => asText(asNode(asNode(item)['String'])['sval']) ?? '');
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
