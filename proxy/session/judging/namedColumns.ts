/** Which columns a statement names, as far as its tree tells without names being resolved: rather more than fewer. */

/** `all`: by a star, a whole row, a whole table, or a tree that is not there. */
export type NamedColumns = ReadonlySet<string> | 'all';

type Fields = Readonly<Record<string, unknown>>;

export function readNamedColumns(tree: unknown): NamedColumns {
  if (typeof tree !== 'object' || tree === null) return 'all';
  const names = new Set<string>();
  /** Of tables and what stands in for them: a reference to one of these is its whole row. */
  const tables = new Set<string>();
  let isAll = false;
  const waiting: unknown[] = [tree];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (Array.isArray(node)) {
      waiting.push(...node);
      continue;
    }
    if (typeof node !== 'object' || node === null) continue;
    for (const [tag, value] of Object.entries(node as Fields)) {
      if (typeof value !== 'object' || value === null) continue;
      const fields = value as Fields;
      // COPY names a table, and EXECUTE what is not in this tree; NATURAL joins by whatever is in both.
      if (tag === 'A_Star' || tag === 'CopyStmt' || tag === 'ExecuteStmt' || fields['isNatural'] === true) {
        isAll = true;
      } else if (tag === 'RangeVar' || tag === 'relation') {
        if (typeof fields['relname'] === 'string') tables.add(fields['relname']);
      } else if (tag === 'String' && typeof fields['sval'] === 'string') {
        names.add(fields['sval']);
      } else if (tag === 'alias' && typeof fields['aliasname'] === 'string') {
        tables.add(fields['aliasname']);
      }
      waiting.push(value);
    }
  }
  const isWhole = isAll || referencesOf(tree).some((name) => tables.has(name));
  return isWhole ? 'all' : names;
}

/** Last names of column references. */
function referencesOf(tree: unknown): string[] {
  const found: string[] = [];
  const waiting: unknown[] = [tree];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (typeof node !== 'object' || node === null) continue;
    for (const [tag, value] of Object.entries(node as Fields)) {
      const fields = tag === 'ColumnRef' ? (value as { fields?: unknown[] }).fields : undefined;
      const last = fields?.at(-1) as { String?: { sval?: string } } | undefined;
      if (last?.String?.sval !== undefined) found.push(last.String.sval);
      if (typeof value === 'object' && value !== null) waiting.push(value);
    }
  }
  return found;
}
