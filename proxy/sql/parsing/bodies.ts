/** Parses what statements carry as strings: the bodies of DO and of CREATE FUNCTION in SQL and PL/pgSQL. */

import { asList, asNode, asText, entryOf, isNode, type Node, optionsOf } from '../tree.ts';
import { isRowless, readExecutedText } from './executedText.ts';
import { GrammarError, type ParserInstance } from './parserInstance.ts';

export interface StatementBody {
  /** Lower case; `plpgsql` where DO names none. */
  readonly language: string;
  /** The statements and expressions in it (expressions as SELECTs). Locations in them mean nothing outside. */
  readonly statements: readonly BodyStatement[];
  /** Names of its variables and parameters, in PL/pgSQL. */
  readonly variables: readonly string[];
  /** False where it could not be read: an unknown language, or a text that our grammar refuses. */
  readonly isReadable: boolean;
  /** True where it executes a text that is not constant. */
  readonly isDynamic: boolean;
  /** True where nobody can tell what such a text does: it may read and write any rows. */
  readonly runsAnything: boolean;
  /** True where it is known by what PostgreSQL's own format(), quote_ident() and their like put into it. */
  readonly hasHoles: boolean;
}

export interface BodyStatement {
  readonly tree: Node;
  /** Variables that get what it reads, in PL/pgSQL: INTO, FOR … IN, an assignment, a default. */
  readonly targets?: readonly string[];
  /** It makes a text that is executed, or a parameter of one. */
  readonly isExecuted?: boolean;
  readonly bodies: readonly StatementBody[];
}

/** Bodies within bodies (`DO` that executes a constant `CREATE FUNCTION …`) deeper than this count as unreadable. */
const depthLimit = 3;

/**
 * The bodies of one statement.
 * @param text the statement alone, as PL/pgSQL's parser wants it.
 */
export function parseBodies(
  instance: ParserInstance,
  tree: Node,
  text: string,
  depth = 0,
): readonly StatementBody[] {
  const [tag, statement] = entryOf(tree);
  if (tag === 'DoStmt') {
    return [parseBody(instance, optionsOf(statement['args']), 'plpgsql', text, depth)];
  }
  if (tag === 'CreateFunctionStmt') {
    const options = optionsOf(statement['options']);
    // Without AS the body is standard SQL (BEGIN ATOMIC or RETURN), and part of the tree.
    return options.has('as') ? [parseBody(instance, options, 'sql', text, depth)] : [];
  }
  return [];
}

function parseBody(
  instance: ParserInstance,
  options: ReadonlyMap<string, unknown>,
  fallback: string,
  text: string,
  depth: number,
): StatementBody {
  const language = (stringOf(options.get('language')) ?? fallback).toLowerCase();
  const body = new BodyReader(instance, depth);
  try {
    if (language === 'sql') {
      body.readMessage(stringOf(options.get('as')) ?? '');
    } else if (language === 'plpgsql') {
      body.readPlpgsql(instance.parsePlpgsql(text), '');
    } else {
      body.isReadable = false;
    }
  } catch (error) {
    if (!(error instanceof GrammarError)) {
      throw error;
    }
    body.isReadable = false;
  }
  const { statements, variables, isReadable, isDynamic, runsAnything, hasHoles } = body;
  return { language, statements, variables, isReadable, isDynamic, runsAnything, hasHoles };
}

/** `{String: {sval}}`, or the first of `{List: {items: [{String}]}}`. */
function stringOf(value: unknown): string | undefined {
  const node = asNode(value);
  const list = asNode(node['List'])['items'];
  return list === undefined ? asText(asNode(node['String'])['sval']) : stringOf(asList(list)[0]);
}

class BodyReader {
  readonly statements: BodyStatement[] = [];
  readonly variables: string[] = [];
  isReadable = true;
  isDynamic = false;
  runsAnything = false;
  hasHoles = false;
  readonly #instance: ParserInstance;
  readonly #depth: number;

  constructor(instance: ParserInstance, depth: number) {
    this.#instance = instance;
    this.#depth = depth;
  }

  readMessage(text: string): void {
    if (text.trim() === '') {
      return;
    }
    if (this.#depth >= depthLimit) {
      this.isReadable = false;
      return;
    }
    const buffer = Buffer.from(text);
    for (const raw of this.#instance.parse(text)) {
      const start = raw.stmt_location ?? 0;
      const own = buffer.subarray(start, raw.stmt_len === undefined ? undefined : start + raw.stmt_len);
      const bodies = parseBodies(this.#instance, raw.stmt, own.toString(), this.#depth + 1);
      this.statements.push({ tree: raw.stmt, bodies });
    }
  }

  /** Visits every object of libpg_query's PL/pgSQL tree and reads each expression in it. */
  readPlpgsql(value: unknown, key: string): void {
    if (Array.isArray(value)) {
      for (const item of value) {
        this.readPlpgsql(item, key);
      }
      return;
    }
    if (!isNode(value)) {
      return;
    }
    for (const [name, child] of Object.entries(value)) {
      if (key === 'datums' && typeof asNode(child)['refname'] === 'string') {
        this.variables.push(String(asNode(child)['refname']));
      }
      if (name === 'label' && typeof child === 'string') this.variables.push(child); // `label.variable`
      if (name === 'PLpgSQL_expr') {
        this.#readExpression(asNode(child), key === 'dynquery');
      } else if (name === 'PLpgSQL_stmt_dynexecute' || name === 'PLpgSQL_stmt_dynfors') {
        const { query, params, ...rest } = asNode(child);
        const before = this.statements.length;
        this.readPlpgsql(query, 'dynquery');
        // The first makes the text; those after it are what it says.
        this.#mark(before + 1, { targets: targetsOf(name, asNode(child)) });
        this.#readParameters(params);
        this.readPlpgsql(rest, name);
      } else if (name === 'PLpgSQL_stmt_commit' || name === 'PLpgSQL_stmt_rollback') {
        const kind = name.endsWith('commit') ? 'TRANS_STMT_COMMIT' : 'TRANS_STMT_ROLLBACK';
        this.statements.push({ tree: { TransactionStmt: { kind } }, bodies: [] });
      } else {
        const before = this.statements.length;
        // A loop's own query is not always before what it runs.
        const { body, ...rest } = asNode(child);
        const { params, ...others } = rest;
        const isExecuting = rest['dynquery'] !== undefined;
        this.readPlpgsql(isExecuting ? others : isNode(child) ? rest : child, name);
        if (isExecuting) this.#readParameters(params);
        const own = this.statements[before];
        const targets = own === undefined ? [] : targetsOf(name, asNode(child));
        if (own !== undefined && targets.length > 0) this.statements[before] = { ...own, targets };
        this.readPlpgsql(body, 'body');
      }
    }
  }

  #readExpression(expression: Node, isExecuted: boolean): void {
    const query = asText(expression['query']) ?? '';
    const mode = Number(expression['parseMode'] ?? 0);
    const text = asStatement(query, mode);
    const before = this.statements.length;
    this.readMessage(text);
    if (!isExecuted) {
      return;
    }
    const executed = readExecutedText(this.statements[before]?.tree);
    this.#mark(before, { isExecuted: true });
    if (executed !== undefined && !executed.hasHoles) {
      this.readMessage(executed.text);
      return;
    }
    this.isDynamic = true;
    if (executed !== undefined && this.#isRowless(executed.text)) this.hasHoles = true;
    else this.runsAnything = true;
  }

  /** USING: values for the parameters of an executed text. */
  #readParameters(params: unknown): void {
    const before = this.statements.length;
    this.readPlpgsql(params, 'params');
    this.#mark(before, { isExecuted: true });
  }

  /** Says more of the statements from there on. */
  #mark(from: number, more: Pick<BodyStatement, 'targets' | 'isExecuted'>): void {
    for (let index = from; index < this.statements.length; index++) {
      const own = this.statements[index];
      if (own !== undefined) this.statements[index] = { ...own, ...more };
    }
  }

  #isRowless(text: string): boolean {
    try {
      return this.#instance.parse(text).every(({ stmt }) => isRowless(stmt));
    } catch (error) {
      if (error instanceof GrammarError) return false;
      throw error;
    }
  }
}

/** The variables that the first query within a node of PL/pgSQL's tree writes into. */
function targetsOf(tag: string, fields: Node): readonly string[] {
  if (tag === 'PLpgSQL_var') {
    return fields['default_val'] === undefined ? [] : [asText(fields['refname']) ?? ''];
  }
  if (tag === 'PLpgSQL_stmt_assign') {
    const query = asText(asNode(asNode(fields['expr'])['PLpgSQL_expr'])['query']) ?? '';
    const [, quoted, plain] = /^\s*(?:"([^"]+)"|([^\s."[:=]+))/.exec(query) ?? [];
    return [quoted ?? plain?.toLowerCase() ?? ''];
  }
  const [kind, target] = entryOf(fields['target'] ?? fields['var']);
  if (kind !== 'PLpgSQL_row') return kind === '' ? [] : [asText(target['refname']) ?? ''];
  return asList(target['fields']).map((field) => asText(asNode(field)['name']) ?? '');
}

/** RawParseMode of PostgreSQL's parser.h: 0 a statement, 1 a type name, 2 an expression, 3 to 5 an assignment. */
function asStatement(query: string, mode: number): string {
  if (mode === 0) {
    return query;
  }
  if (mode === 1) {
    return `SELECT NULL::${query}`;
  }
  if (mode === 2) {
    return `SELECT ${query}`;
  }
  const split = /^([^:=]*)(?::=|=)([\s\S]*)$/.exec(query);
  return split === null ? `SELECT ${query}` : `SELECT ${split[1]}, ${split[2]}`;
}
