/** How the two documents of a table's diff are addressed: by a path that names the table and a query that finds it. */

export interface DdlAddress {
  readonly connection: string;
  readonly schema: string;
  readonly table: string;
  readonly side: 'baseline' | 'live';
}

/** Path and query of a URI. The name ends in `.sql`, so that the editor colours the text as SQL. */
export function writeDdlAddress(address: DdlAddress): { readonly path: string; readonly query: string } {
  const { connection, schema, table, side } = address;
  const name = `${table.replace(/[/\\]/g, '_')}.sql`;
  return { path: `/${name}`, query: JSON.stringify([connection, schema, table, side]) };
}

/** Undefined for what writeDdlAddress has not written: anybody may make up a URI. */
export function readDdlAddress(query: string): DdlAddress | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(query);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts) || parts.length !== 4) return undefined;
  const [connection, schema, table, side] = parts as unknown[];
  if (typeof connection !== 'string' || typeof schema !== 'string' || typeof table !== 'string')
    return undefined;
  return side === 'baseline' || side === 'live' ? { connection, schema, table, side } : undefined;
}
