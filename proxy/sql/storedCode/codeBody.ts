/** Bodies of functions and blocks, as far as their statements can be read. */
import type { BodyStatement, StatementBody } from '../parsing/bodies.ts';
import { asList, asNode, asText, entryOf, fieldsOf, namesOf } from '../tree.ts';

export interface CodeBody {
  readonly statements: readonly BodyStatement[];
  /** The function's, without its schema. */
  readonly name: string | undefined;
  /** Variables and parameters: names in its statements that may be no column. */
  readonly variables: readonly string[];
  /** It does more than its statements say: of another language, not to be parsed, or executing a text that may be any. */
  readonly isOpaque?: boolean;
  /** It executes texts that hold what PostgreSQL's own `textFunctions` put in. */
  readonly hasHoles?: boolean;
}

/** Those that executed texts are understood by: see parsing/executedText.ts. */
export const textFunctions: readonly string[] = ['format', 'quote_ident', 'quote_literal', 'quote_nullable'];

/** The bodies behind names of functions and symbols of operators, of the database and of the session's own transaction. */
export interface CodeBodies {
  named(names: readonly string[]): readonly CodeBody[];
  behindOperator(symbol: string): readonly CodeBody[];
  /** True where there may be triggers that the catalog does not show. */
  readonly mayTrigger?: boolean;
  /** True where there may be functions that neither the catalog nor what the session has sent shows. */
  readonly mayHide?: boolean;
}

/** What DO runs. */
export function readBlocks(bodies: readonly StatementBody[]): readonly CodeBody[] {
  return bodies.map((body) => ({
    name: undefined,
    statements: body.statements,
    variables: body.variables,
    isOpaque: isOpaque([body]),
    hasHoles: hasHoles([body]),
  }));
}

/** True where it, or a block within, does more than its statements say. */
export function isOpaque(bodies: readonly StatementBody[]): boolean {
  return bodies.some(
    (body) => !body.isReadable || body.runsAnything || blocksOf(body).some((inner) => isOpaque([inner])),
  );
}

function hasHoles(bodies: readonly StatementBody[]): boolean {
  return bodies.some((body) => body.hasHoles || hasHoles(blocksOf(body)));
}

/** What runs within: a function that is defined there is looked into where it is called. */
function blocksOf({ statements }: StatementBody): readonly StatementBody[] {
  return statements.flatMap(({ tree, bodies }) => (fieldsOf(tree, 'DoStmt') === undefined ? [] : bodies));
}

/** The functions that a statement defines, be it in a block, and those that these define when they are called. */
export function readDefinitions(tree: unknown, bodies: readonly StatementBody[]): readonly CodeBody[] {
  const own = readFunctionBody(tree, bodies);
  return own === undefined ? readInnerDefinitions(bodies) : [own, ...readInnerDefinitions(bodies)];
}

/** The functions that are defined within. */
export function readInnerDefinitions(bodies: readonly StatementBody[]): readonly CodeBody[] {
  return bodies.flatMap(({ statements }) =>
    statements.flatMap((statement) => readDefinitions(statement.tree, statement.bodies)),
  );
}

/** What a function does, from the tree of its CREATE FUNCTION; undefined where that is none. */
export function readFunctionBody(tree: unknown, bodies: readonly StatementBody[]): CodeBody | undefined {
  const fields = fieldsOf(tree, 'CreateFunctionStmt');
  if (fields === undefined) return undefined;
  const parameters = asList(fields['parameters']).flatMap(
    (node) => asText(asNode(fieldsOf(node, 'FunctionParameter'))['name']) ?? [],
  );
  const name = namesOf(fields['funcname']).at(-1);
  return {
    name,
    isOpaque: isOpaque(bodies),
    hasHoles: hasHoles(bodies),
    statements: [
      ...bodies.flatMap(({ statements }) => statements),
      ...readStandardBody(fields['sql_body']).map((statement) => ({ tree: statement, bodies: [] })),
    ],
    // `f.x` is the parameter x of f.
    variables: [...parameters, ...bodies.flatMap(({ variables }) => variables), ...(name ? [name] : [])],
  };
}

/** BEGIN ATOMIC …, a list of a list, or RETURN expression. */
function readStandardBody(node: unknown): Readonly<Record<string, unknown>>[] {
  const [tag, fields] = entryOf(node);
  if (tag === 'List') return asList(fields['items']).flatMap(readStandardBody);
  if (tag === '') return [];
  if (tag !== 'ReturnStmt') return [{ [tag]: fields }];
  return [{ SelectStmt: { targetList: [{ ResTarget: { val: fields['returnval'] } }], op: 'SETOP_NONE' } }];
}
