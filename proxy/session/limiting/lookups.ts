/** What one run of a statement looks up in protected columns, with the values that it is given. */
import { type LookupCount, readParameter } from '../../sql/lookups/countLookups.ts';

/** Its parameters as `readBindParameters` gives them; undefined where they are not known. */
export type Parameters = readonly (string | null)[] | undefined;

/** Values that are made rather than given have no text of their own: they are told apart by where they come from. */
export interface TakenLookups {
  readonly values: readonly string[];
  /** How many are made, by what makes them. */
  readonly made: readonly { readonly by: string; readonly count: number }[];
}

/**
 * @param text of the statement
 * @param temporaryRows how many rows the session has put into temporary tables
 * @returns undefined where nobody can tell how many they are
 */
export function takeLookups(
  { values, parameters, made, readsTemporary }: LookupCount,
  text: string,
  given: Parameters,
  temporaryRows: number,
): TakenLookups | undefined {
  if (made === 'unknown') return undefined;
  const all = [...values];
  const makers = [{ by: text, count: made }];
  for (const [number, isTaken] of parameters) {
    const value = given?.[number - 1];
    if (value === null) continue;
    if (value === undefined) {
      // PREPARE has none yet; each EXECUTE brings its own.
      if (given !== undefined) makers.push({ by: `${text} $${number}`, count: 1 });
      continue;
    }
    const read = readParameter(value, isTaken);
    all.push(...read.values);
    makers.push({ by: `${text} $${number} ${value}`, count: read.made });
  }
  if (readsTemporary === true) makers.push({ by: 'temporary', count: temporaryRows });
  return { values: all, made: makers.filter(({ count }) => count > 0) };
}
