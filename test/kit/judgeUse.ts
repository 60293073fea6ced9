/** Judges a text's column use with the real grammar, for tests. */
import { loadModule, parseSync } from 'libpg-query';
import { type ColumnUse, type JudgeOptions, judgeColumnUse } from '../../proxy/sql/columnUse.ts';
import type { buildCatalog } from './catalog.ts';
import { shop } from './shopCatalog.ts';

type Against = Pick<ReturnType<typeof buildCatalog>, 'catalog' | 'classifications'>;

await loadModule();

/** Judges the first statement of `text` against the shop, or another catalog. */
export function judgeUse(text: string, against: Against = shop, options: JudgeOptions = {}): ColumnUse {
  const parsed: { stmts?: readonly { stmt?: unknown }[] } = parseSync(text);
  return judgeTree(parsed.stmts?.[0]?.stmt, text, against, options);
}

/** Judges a tree as it is. */
export function judgeTree(
  tree: unknown,
  text = '',
  against: Against = shop,
  options: JudgeOptions = {},
): ColumnUse {
  return judgeColumnUse({ tree, text, offset: 0 }, against.catalog, against.classifications, options);
}

/** The violations as `relation.column how`. */
export function listUses(text: string, against?: Against): string[] {
  return judgeUse(text, against).violations.map(
    ({ relation, column, how }) => `${relation}.${column} ${how}`,
  );
}
