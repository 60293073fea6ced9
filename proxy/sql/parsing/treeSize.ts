/** Measures and trims trees that are handed between threads. */
import type { ParsedMessage, ParsedStatement } from '../parser.ts';
import { asList, entryOf, isNode } from '../tree.ts';

/** Depth of nested objects and lists, counted no further than just past `limit`. Does not recurse. */
export function depthOf(value: unknown, limit: number): number {
  let depth = 0;
  let level: object[] = typeof value === 'object' && value !== null ? [value] : [];
  while (level.length > 0 && depth <= limit) {
    depth++;
    const next: object[] = [];
    for (const item of level) {
      for (const child of Object.values(item)) {
        if (typeof child === 'object' && child !== null) {
          next.push(child as object);
        }
      }
    }
    level = next;
  }
  return depth;
}

/** Rows kept of a VALUES list whatever they hold, so that its shape can still be told. */
const rowsKept = 1;

/**
 * The same message without the rows of long top-level INSERT … VALUES lists that hold nothing but constants and parameters:
 * they name no relation, no column and no function, and they are most of the tree of a bulk load.
 */
export function withoutConstantRows(message: ParsedMessage): ParsedMessage {
  return { statements: message.statements.map(trimStatement) };
}

function trimStatement(statement: ParsedStatement): ParsedStatement {
  const [tag, insert] = entryOf(statement.tree);
  const [sourceTag, source] = entryOf(insert['selectStmt']);
  const rows = asList(source['valuesLists']);
  if (tag !== 'InsertStmt' || sourceTag !== 'SelectStmt' || rows.length <= rowsKept) {
    return statement;
  }
  const kept = rows.filter((row, index) => index < rowsKept || !isConstantRow(row));
  const selectStmt = { SelectStmt: { ...source, valuesLists: kept } };
  return { ...statement, tree: { InsertStmt: { ...insert, selectStmt } } };
}

function isConstantRow(row: unknown): boolean {
  const [tag, list] = entryOf(row);
  return (
    tag === 'List' &&
    asList(list['items']).every((item) => {
      const [kind] = isNode(item) ? entryOf(item) : [''];
      return kind === 'A_Const' || kind === 'ParamRef' || kind === 'SetToDefault';
    })
  );
}
