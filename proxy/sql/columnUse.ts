/** Whether a statement uses protected columns only in ways that masking by RowDescription's origin still covers. */
import { PortcullisError } from '../kit/errors.ts';
import type { ClassificationKind, Classifications, ColumnUseRight } from '../masking/classification.ts';
import type { Catalog, CatalogRelation } from '../schema/catalog.ts';
import { judgeRunCode, type RunCode } from './columnUse/code/opaqueCode.ts';
import { judgeCommand } from './columnUse/commands/command.ts';
import { type Carry, createContext } from './columnUse/context.ts';
import type { Shape } from './columnUse/scope.ts';
import { surveyStatement } from './columnUse/survey.ts';
import { type Fields, readTag, readText, type Tagged } from './columnUse/tree.ts';
import type { Value } from './columnUse/value.ts';
import type { RelationName } from './facts.ts';
import { describeOutput, type OutputColumn, type OutputLineage } from './lineage/outputLineage.ts';
import { countLookups, type LookupCount } from './lookups/countLookups.ts';
import type { StatementBody } from './parsing/bodies.ts';
import { type CodeBodies, readBlocks } from './storedCode/codeBody.ts';

export type { Carry } from './columnUse/context.ts';

/** One refused use of one protected column. `how` completes "… cannot be …", of code "it …". */
export interface UseViolation {
  readonly column: string;
  readonly relation: string;
  /** Absent where the column cannot be known (a prepared statement that is copied into a table). */
  readonly classification: ClassificationKind | undefined;
  readonly use: ColumnUseRight;
  readonly how: string;
  /** Byte offset in the message's text. */
  readonly location?: number;
  /** `relation` is the name of code that cannot be looked into. */
  readonly isCode?: boolean;
}

export interface ColumnUse {
  /** It names a relation with classified columns or one that the catalog does not know, or runs what we cannot see into. */
  readonly touchesClassified: boolean;
  /** Uses that are refused, in the order found; none means that the statement may run. */
  readonly violations: readonly UseViolation[];
  /** It writes values of its own into classified columns, so that its literals are as protected as they are. */
  readonly writesClassified: boolean;
  /**
   * Relations, and columns (their `schema` is the relation's name or alias), that the catalog does not know: load it again,
   * then judge again with `isReloaded`.
   */
  readonly unknownRelations: readonly RelationName[];
  /**
   * Where the columns of its query come from: of the rows that it returns, that its cursor will give (DECLARE) or that its
   * name will return (PREPARE). Undefined where nothing protected is in them, or it does nothing of the kind.
   */
  readonly output: OutputLineage | undefined;
  /** The cursor that it declares or reads from. */
  readonly cursor: string | undefined;
  /** The values that it compares protected columns with; undefined where it does not. */
  readonly lookups: LookupCount | undefined;
  /** Columns that become protected by what it copies into them: where it runs, they are so from before that. */
  readonly carries: readonly Carry[];
}

export interface JudgeOptions {
  /**
   * The catalog was loaded after the statement came, so a relation that it does not know does not exist, and the server
   * will say so.
   */
  readonly isReloaded?: boolean;
  /** False where functions, operators or casts may have been made that the catalog does not show yet. */
  readonly isCodeKnown?: boolean;
  /** What names without a schema mean, as far as search_path tells. */
  readonly meant?: ReadonlyMap<string, CatalogRelation>;
  /** False where protected values may not even be copied to where they are protected as well. */
  readonly mayCopy?: boolean;
  /** True where columns that nothing protects may become protected by what is copied into them. */
  readonly mayCarry?: boolean;
  /** Bodies of the functions that it may call: without them, what these return counts as nothing protected. */
  readonly code?: CodeBodies;
  /** Names the state of catalog and classifications, for `output.ground`. */
  readonly ground?: string;
}

/** The parts of StatementFacts that are read. Locations in the tree count from the message's start. */
export interface JudgedStatement extends RunCode {
  readonly tree: unknown;
  readonly text: string;
  readonly offset: number;
  readonly bodies?: readonly StatementBody[] | undefined;
}

/** What is judged when it runs. A rule or a prepared statement runs when more may be there. */
const runsAtOnce: ReadonlySet<string> = new Set([
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
  'ExplainStmt',
]);

/** What names code and does not run it. Functions of triggers are judged as what they are. */
const definesOnly: ReadonlySet<string> = new Set([
  'AlterFunctionStmt',
  'CreateCastStmt',
  'CreateFunctionStmt',
  'CreateOpClassStmt',
  'DefineStmt',
]);

/**
 * Judges how a statement uses classified columns: the rule of use (DESIGN.md §4). A protected column may be returned, as it
 * is or changed by what cannot fail on any value (columnUse/expressions/totalCalls.ts), for then it comes masked: by the origin in
 * RowDescription, or by the lineage in `output`. It may be compared as far as its right goes (`equality`: =, <>, IN, = ANY,
 * IS DISTINCT FROM, joins, GROUP BY, DISTINCT, counts, NULL tests). Every other use, and every use that is not understood,
 * is a violation.
 *
 * @throws PortcullisError STATEMENT_TOO_COMPLEX where the statement nests too deeply to be judged
 */
export function judgeColumnUse(
  statement: JudgedStatement,
  catalog: Catalog,
  classifications: Classifications,
  options: JudgeOptions = {},
): ColumnUse {
  const root = readTag(statement.tree);
  if (root === undefined) {
    throw new PortcullisError('STATEMENT_NOT_UNDERSTOOD', { message: 'it has no parse tree' });
  }
  const { isCodeKnown, meant } = options;
  const mayCopy = options.mayCopy !== false && runsAtOnce.has(root.tag);
  const blocks = readBlocks(statement.bodies ?? []);
  const reach = { code: options.code, judged: new Map(), blocks };
  const carrier = options.mayCarry === true ? findCarrier(root) : undefined;
  const context = createContext(
    catalog,
    classifications,
    isCodeKnown !== false,
    meant,
    mayCopy,
    reach,
    carrier,
  );
  const { survey, shape } = guardDepth(() => {
    const found = surveyStatement(context, statement.tree);
    return { survey: found, shape: found.needsJudging ? judgeCommand(context, root) : undefined };
  });
  if (!definesOnly.has(root.tag)) judgeRunCode(context, statement);
  const isUnsure = context.unknownRelations.size > 0 && options.isReloaded !== true;
  return {
    touchesClassified: context.protectedRelations.size > 0 || survey.isOpaque || isUnsure,
    violations: [...context.violations.values()],
    writesClassified: context.writesClassified,
    unknownRelations: [...context.unknownRelations.values()],
    output: shape && describeShape(shape, options.ground),
    cursor: readText(root.fields['portalname']),
    lookups: countLookups(context.lookups, statement.tree),
    carries: context.carries,
  };
}

/** A write that gives nothing back and whose rows nothing else in the statement reads. */
function findCarrier({ tag, fields }: Tagged): Fields | undefined {
  const isWrite = tag === 'InsertStmt' || tag === 'UpdateStmt';
  const givesBack = 'returningList' in fields || 'returningClause' in fields || 'withClause' in fields;
  return isWrite && !givesBack ? fields : undefined;
}

function describeShape({ columns, isOrdered }: Shape, ground: string | undefined): OutputLineage | undefined {
  const described = columns.map(({ value }) => describeValue(value));
  return describeOutput(described, isOrdered, ground);
}

function describeValue({ sources, lost, changed, isAggregated }: Value): OutputColumn {
  const how = isAggregated === true ? 'aggregated' : changed === undefined ? 'copied' : 'transformed';
  return { sources, how, keepsOrigin: lost === undefined && changed === undefined };
}

/** The most violations that the detail lists. */
const listed = 10;

/**
 * The error for a statement with violations: the first in the message, all of them in the detail, and in the hint what
 * the column may be used for.
 *
 * @param text the message's text, which the violations' byte offsets refer to; the position counts its characters
 */
export function useError(violations: readonly UseViolation[], text: string): PortcullisError {
  const first = violations[0];
  if (first === undefined) throw new TypeError('useError needs at least one violation');
  return new PortcullisError(
    'COLUMN_USE_REFUSED',
    { message: describeViolation(first) },
    {
      hint: offerWay(first),
      detail: violations.length > 1 ? listViolations(violations) : undefined,
      position: first.location === undefined ? undefined : countCharacters(text, first.location) + 1,
    },
  );
}

function describeViolation({ relation, column, classification, how, isCode }: UseViolation): string {
  if (isCode === true) return `${relation} may read protected columns and is not run: it ${how}`;
  if (classification === undefined) return `what "${relation}" returns is not known and cannot be ${how}`;
  return `${relation}.${column} is protected (${classification}) and cannot be ${how}`;
}

function listViolations(violations: readonly UseViolation[]): string {
  const lines = violations.slice(0, listed).map((violation) => `${describeViolation(violation)}.`);
  const more = violations.length - lines.length;
  return [...lines, ...(more > 0 ? [`And ${more} more.`] : [])].join('\n');
}

function offerWay({ relation, column, classification, use, isCode }: UseViolation): string {
  if (isCode === true) return 'Write what it does as plain statements: these are judged by what they do.';
  if (classification === undefined) return 'Write the query itself instead of EXECUTE.';
  const name = `${relation}.${column}`;
  switch (use) {
    case 'none':
      return `Select ${name} plainly (it comes masked), test it for NULL or count it.`;
    case 'order':
      return `Select ${name} plainly (it comes masked), compare it with =, IN, < or >, sort by it, search its beginning with LIKE 'abc%', join, group or count by it.`;
    default:
      return `Select ${name} plainly (it comes masked), compare it with =, <> or IN, join, group or count by it, or test it for NULL.`;
  }
}

/** Characters in the first `bytes` bytes of the text's UTF-8: PostgreSQL counts code points. */
function countCharacters(text: string, bytes: number): number {
  let count = 0;
  let used = 0;
  for (const character of text) {
    if (used >= bytes) break;
    used += Buffer.byteLength(character);
    count += 1;
  }
  return count;
}

/** A tree as deep as the stack is a statement that nobody reads; the parser's own limit is not far above. */
function guardDepth<T>(judge: () => T): T {
  try {
    return judge();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new PortcullisError(
      'STATEMENT_TOO_COMPLEX',
      { message: 'its expressions nest too deeply' },
      { cause: error },
    );
  }
}
