/** Code that reads for a statement: what functions that it calls, and the block that it is, do with protected columns. */
import type { BodyStatement } from '../../parsing/bodies.ts';
import type { CodeBody } from '../../storedCode/codeBody.ts';
import { judgeCommand } from '../commands/command.ts';
import { countStep, createContext, recordViolation, type UseContext } from '../context.ts';
import { type Column, type Item, openScope, type Scope, type Shape } from '../scope.ts';
import { surveyStatement } from '../survey.ts';
import { readTag } from '../tree.ts';
import { change, isProtected, lose, nothing, type Source, unite, uniteAll, type Value } from '../value.ts';
import { isUnforeseen, refuseOpaque } from './opaqueCode.ts';

/**
 * What a call of that name gives, of a function of the database's own: nothing protected, where none of what its body reads gets
 * into a variable or a result. Otherwise it may be made of all that does: it may be returned, masked, but not be used to find, sort
 * or choose rows by. The rule of use holds in the body as outside: what breaks it there would show by an error, a notice, by
 * whether there is a result.
 */
export function readByCall(context: UseContext, names: readonly string[]): Value {
  const bodies = context.reach.code?.named(names) ?? [];
  return bodies.length === 0 ? nothing : uniteBodies(context, bodies, `${names.at(-1) ?? ''}()`);
}

/** The same for an operator that the database brings. */
export function readByOperator(context: UseContext, symbol: string | undefined): Value {
  const bodies = symbol === undefined ? [] : (context.reach.code?.behindOperator(symbol) ?? []);
  return bodies.length === 0 ? nothing : uniteBodies(context, bodies, `the operator ${symbol}`);
}

/** DO: the rule of use holds in it as outside, and it has no result in which a value could be masked. */
export function judgeBlock(context: UseContext): void {
  for (const body of context.reach.blocks) {
    const flowing = judgeBody(context, body, 'DO');
    for (const source of flowing) recordViolation(context, source, 'read into a variable by DO', undefined);
  }
}

/** CALL: the same. What its parameters give back may be of a type that is not masked. */
export function judgeProcedure(context: UseContext, names: readonly string[]): void {
  const name = `${names.at(-1) ?? ''}()`;
  for (const source of readByCall(context, names).sources) {
    recordViolation(context, source, `read into a variable by ${name}`, undefined);
  }
}

/**
 * A trigger's function gets rows of its table as NEW and OLD (manual 41.10.1), whoever's they are: what it reads of them may go back
 * into the same column, and nowhere else.
 */
export function judgeRowCode(context: UseContext, body: CodeBody, row: Item, name: string): void {
  judgeBody(context, body, name, row);
}

function uniteBodies(context: UseContext, bodies: readonly CodeBody[], name: string): Value {
  const sources = new Map<string, Source>();
  for (const body of bodies)
    for (const source of readSources(context, body, name)) sources.set(source.key, source);
  if (sources.size === 0) return nothing;
  const how = `used through ${name} in any way but in the result`;
  return change({ sources: [...sources.values()] }, { how, isTelling: true, size: Number.POSITIVE_INFINITY });
}

/** Found once for each judged statement; a function that calls itself adds nothing to what it does. */
function readSources(context: UseContext, body: CodeBody, name: string): readonly Source[] {
  const known = context.reach.judged.get(body);
  if (known !== undefined) return known;
  context.reach.judged.set(body, []);
  const sources = judgeBody(context, body, name);
  context.reach.judged.set(body, sources);
  return sources;
}

/** Refuses what breaks the rule of use in it, and gives the columns of what it reads into variables and results. */
function judgeBody(context: UseContext, body: CodeBody, name: string, row?: Item): readonly Source[] {
  countStep(context);
  if (isUnforeseen(context, body))
    refuseOpaque(context, name, 'holds code that cannot be read before it runs');
  const { catalog, classifications, isCodeKnown } = context;
  // Its names are looked up by a search_path that may be of its own.
  const reach = { ...context.reach, blocks: [] };
  const inner = createContext(catalog, classifications, isCodeKnown, undefined, false, reach);
  const statements = flatten(body.statements);
  const held = new Map<string, Held>(row === undefined ? [] : rowNames.map((own) => [own, row.columns]));
  const variables = [...new Set([...body.variables, ...held.keys()])];
  const isRow = row !== undefined;
  // What a variable holds shows in what is before it, too, in a loop: until nothing new gets into any.
  let flowing = judgeStatements(inner, statements, variables, held, isRow);
  for (let known = 0; known !== countHeld(held); ) {
    known = countHeld(held);
    flowing = judgeStatements(inner, statements, variables, held, isRow);
  }
  for (const [key, { location: _location, how, ...violation }] of inner.violations) {
    // Locations in it mean nothing outside.
    if (violation.isCode === true) context.violations.set(key, { ...violation, how });
    else context.violations.set(`${name}|${key}`, { ...violation, how: `${how} in ${name}` });
  }
  return flowing;
}

/** Judges each; adds to what the variables hold, and gives the columns that flow anywhere. */
function judgeStatements(
  inner: UseContext,
  statements: readonly BodyStatement[],
  variables: readonly string[],
  held: Map<string, Held>,
  isRow: boolean,
): Source[] {
  const flowing: Source[] = [];
  const scope = openVariables(variables, held);
  for (const { tree, targets = [], isExecuted } of statements) {
    const root = readTag(tree);
    if (root === undefined || !(surveyStatement(inner, tree).needsJudging || held.size > 0)) continue;
    const shape = judgeCommand(inner, root, scope);
    if (shape === undefined) continue;
    flowing.push(...uniteColumns(shape.columns).sources);
    if (isRow) refuseOtherPlaces(inner, shape, targets);
    if (isExecuted === true) refuseExecuted(inner, shape);
    keep(shape, targets, held);
  }
  return flowing;
}

const rowNames: readonly string[] = ['new', 'old'];

/** `NEW.a := x` reads as the row (a, x): what x is made of stays where it is. A variable keeps what it holds in sight. */
function refuseOtherPlaces(inner: UseContext, { columns }: Shape, targets: readonly string[]): void {
  const isIntoRow = targets.some((name) => rowNames.includes(name));
  if (targets.length > 0 && !isIntoRow) return;
  const place = isIntoRow ? columns[0] : undefined;
  const values = isIntoRow ? columns.slice(1) : columns;
  const own = new Set(place?.value.sources.map(({ key }) => key));
  for (const source of uniteColumns(values).sources) {
    if (!own.has(source.key)) recordViolation(inner, source, 'taken out of its column', undefined);
  }
}

/** What a text is made of, or gets as its parameters, goes wherever it says. */
function refuseExecuted(inner: UseContext, { columns }: Shape): void {
  for (const source of uniteColumns(columns).sources) {
    recordViolation(inner, source, 'put into a text that is executed', undefined);
  }
}

function countHeld(held: ReadonlyMap<string, Held>): number {
  return [...held.values()].reduce((sum, columns) => sum + columns.length, 0);
}

/** What a variable holds: a value, or a row whose fields are known. */
type Held = readonly Column[];

/** Column by column into as many variables; all columns into one, as a row. */
function keep({ columns, isOrdered }: Shape, targets: readonly string[], held: Map<string, Held>): void {
  const isAligned = isOrdered && columns.length === targets.length;
  targets.forEach((name, index) => {
    const got = isAligned ? columns.slice(index, index + 1) : columns;
    if (!isProtected(uniteColumns(got))) return;
    const known = held.get(name) ?? [];
    const fresh = got.map((column) => ({ ...column, value: lose(column.value, 'kept in a variable') }));
    const isNew = fresh.some(({ name: field, value }) => {
      const own = known.filter((column) => column.name === field);
      return describe(unite(uniteColumns(own), value)) !== describe(uniteColumns(own));
    });
    if (isNew) held.set(name, [...known, ...fresh]);
  });
}

function uniteColumns(columns: readonly Column[]): Value {
  return uniteAll(columns.map(({ value }) => value));
}

function describe({ sources, changed }: Value): string {
  return `${sources.length} ${changed !== undefined}`;
}

/** Blocks within it run as well; a function that it defines is judged where it is called. */
function flatten(statements: readonly BodyStatement[]): readonly BodyStatement[] {
  return statements.flatMap((statement) => [
    statement,
    ...(readTag(statement.tree)?.tag === 'DoStmt'
      ? statement.bodies.flatMap((body) => flatten(body.statements))
      : []),
  ]);
}

/** Names that stand for values: as `name`, and `name.field` where it is a row. */
function openVariables(names: readonly string[], held: ReadonlyMap<string, Held>): Scope {
  const scope = openScope(undefined);
  for (const name of names) {
    const columns = held.get(name) ?? [];
    const value = uniteColumns(columns);
    scope.columns.push({ name, value, isCertain: true });
    const item: Item = {
      columns,
      isOrdered: false,
      isOpaque: true,
      name,
      isAlias: true,
      schema: undefined,
    };
    scope.items.push(item);
  }
  return scope;
}
