/** Bodies of functions and blocks, as far as their statements can be read. */
import type { BodyStatement, StatementBody } from '../parsing/bodies.ts';
import { asList, asNode, asText, entryOf, fieldsOf, namesOf } from '../tree.ts';

export interface CodeBody {
  readonly statements: readonly BodyStatement[];
  /** The function's, without its schema. */
  readonly name: string | undefined;
  /** Variables and parameters: names in its statements that may be no column. */
  readonly variables: readonly string[];
  /** It does more than its statements say: of another language, or not to be parsed. */
  readonly isOpaque?: boolean;
}

/** The bodies behind names of functions and symbols of operators, of the database and of the session's own transaction. */
export interface CodeBodies {
  named(names: readonly string[]): readonly CodeBody[];
  behindOperator(symbol: string): readonly CodeBody[];
  /** True where there may be triggers that the catalog does not show. */
  readonly mayTrigger?: boolean;
}

/** What DO runs. */
export function readBlocks(bodies: readonly StatementBody[]): readonly CodeBody[] {
  return bodies.map(({ statements, variables, isReadable }) => ({
    name: undefined,
    statements,
    variables,
    isOpaque: !isReadable,
  }));
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
    isOpaque: bodies.some(({ isReadable }) => !isReadable),
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
