/** What one judgement of a statement's column use keeps: what it knows, what it found, how far it may go. */
import { PortcullisError } from '../../kit/errors.ts';
import type { Classifications, ColumnUseRight } from '../../masking/classification.ts';
import type { Catalog, CatalogRelation } from '../../schema/catalog.ts';
import type { UseViolation } from '../columnUse.ts';
import type { RelationName } from '../facts.ts';
import type { LineageSource } from '../lineage/outputLineage.ts';
import type { CodeBodies, CodeBody } from '../storedCode/codeBody.ts';
import type { Lookups } from './expressions/lookup.ts';
import type { Fields } from './tree.ts';
import { isProtected, type Source, type Value } from './value.ts';

/**
 * What a use asks of a column's right (DESIGN.md §4): `presence` (NULL test, count) is always there, `equality` and
 * `order` as classified, `content` (anything that lets a part of the value out) only where it is open.
 */
export type Need = 'presence' | 'equality' | 'order' | 'content';

/** The code that a statement may run. */
export interface CodeReach {
  /** Bodies of functions that it may call; absent where they are not looked into. */
  readonly code?: CodeBodies | undefined;
  /** Of bodies that were judged, the columns that what they return may be made of. */
  readonly judged: Map<CodeBody, readonly Source[]>;
  /** What it runs itself: DO. */
  readonly blocks: readonly CodeBody[];
}

export interface UseContext {
  readonly catalog: Catalog;
  readonly classifications: Classifications;
  /** What names without a schema mean, where that is known; others may mean any relation of that name. */
  readonly meant: ReadonlyMap<string, CatalogRelation>;
  readonly violations: Map<string, UseViolation>;
  readonly unknownRelations: Map<string, RelationName>;
  /** Relations with protected columns that the statement names anywhere. */
  readonly protectedRelations: Map<number, CatalogRelation>;
  writesClassified: boolean;
  readonly reach: CodeReach;
  /** What protected columns are compared with. */
  lookups: Lookups;
  /** False where code of the database that is not known may stand behind names and casts of PostgreSQL's own. */
  readonly isCodeKnown: boolean;
  /** False where what is as protected as another column may yet become readable by itself, or more may run on it than is known. */
  readonly mayCopy: boolean;
  /** The INSERT or UPDATE whose target may become as protected as what it writes; undefined where none may. */
  readonly carrier: Fields | undefined;
  /** Columns that become so. */
  readonly carries: Carry[];
  /** Nodes that may still be judged. */
  budget: number;
}

/** A column that nothing protects yet, and the protected ones that a statement copies into it. */
export interface Carry {
  readonly relation: number;
  readonly column: number;
  /** The table's name. */
  readonly table: string;
  readonly sources: readonly LineageSource[];
}

/**
 * How often nodes may be judged: a fixed number and some for each node of the tree. An honest statement needs each node
 * once, a recursive query some two to four times.
 */
const baseBudget = 100_000;
export const budgetPerNode = 8;

export function createContext(
  catalog: Catalog,
  classifications: Classifications,
  isCodeKnown: boolean,
  meant: ReadonlyMap<string, CatalogRelation> = new Map(),
  mayCopy = true,
  reach: CodeReach = { judged: new Map(), blocks: [] },
  carrier?: Fields,
): UseContext {
  return {
    reach,
    carrier,
    carries: [],
    isCodeKnown,
    mayCopy,
    meant,
    catalog,
    classifications,
    violations: new Map(),
    unknownRelations: new Map(),
    protectedRelations: new Map(),
    writesClassified: false,
    lookups: 'none',
    budget: baseBudget,
  };
}

/** Nested recursive queries are judged several times over: the budget keeps a hostile text from spinning. */
export function countStep(context: UseContext): void {
  context.budget -= 1;
  if (context.budget < 0) {
    throw new PortcullisError('STATEMENT_TOO_COMPLEX', { message: 'its queries nest too deeply' });
  }
}

/** Records a violation for each source whose right does not cover the need; what is changed may be returned only. */
export function requireUse(context: UseContext, value: Value, need: Need, how: string): void {
  if (!isProtected(value) || value.isFlagged || need === 'presence') return;
  for (const source of value.sources) {
    if (value.changed !== undefined) recordViolation(context, source, value.changed, value.location);
    // A whole row has no equality of its own: comparing it shows columns that nobody named.
    else if (value.isWholeRow || !covers(source.classification.use, need)) {
      recordViolation(context, source, how, value.location);
    }
  }
}

export function recordViolation(
  context: UseContext,
  source: Source,
  how: string,
  location: number | undefined,
): void {
  const key = `${source.key}|${how}|${location ?? ''}`;
  if (context.violations.has(key)) return;
  context.violations.set(key, {
    column: source.column,
    relation: source.relation,
    classification: source.classification.kind,
    use: source.classification.use,
    how,
    ...(location === undefined ? {} : { location }),
  });
}

function covers(right: ColumnUseRight, need: Need): boolean {
  switch (right) {
    case 'open':
      return true;
    case 'order':
      return need !== 'content';
    case 'equality':
      return need === 'equality' || need === 'presence';
    case 'none':
      return need === 'presence';
  }
}
