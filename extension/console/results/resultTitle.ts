/** A short title for a result: the tables that its statement names. A guess for the eye; nothing is decided by it. */

const namesShown = 3;
/** Longer texts are not worth the time of a parser that only finds a title. */
const longestText = 20_000;

/** `customers, orders`; empty where the text cannot be read. */
export async function titleOf(sql: string): Promise<string> {
  if (sql.length > longestText) return '';
  try {
    const module = await import('node-sql-parser/build/postgresql');
    // A CommonJS package: bundled it is the namespace itself, run from source its default export.
    const { Parser } = 'Parser' in module ? module : (module as { default: typeof module }).default;
    // Entries look like `select::public::customers`.
    const tables = new Parser().tableList(sql, { database: 'postgresql' }).map((entry) => {
      const [, schema, table] = entry.split('::');
      return schema === undefined || schema === 'null' || schema === 'public' ? table : `${schema}.${table}`;
    });
    const names = [...new Set(tables.filter((name) => name !== undefined))];
    return names.length > namesShown ? `${names.slice(0, namesShown).join(', ')}, …` : names.join(', ');
  } catch {
    return '';
  }
}
