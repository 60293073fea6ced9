/** Code that reads for a statement: what functions that it calls, and the block that it is, do with protected columns. */
import type { BodyStatement } from '../parsing/bodies.ts';
import type { CodeBody } from '../storedCode/codeBody.ts';
import { judgeCommand } from './columnUseCommand.ts';
import { countStep, createContext, recordViolation, type UseContext } from './columnUseContext.ts';
import { type Item, openScope, type Scope } from './columnUseScope.ts';
import { surveyStatement } from './columnUseSurvey.ts';
import { readTag } from './columnUseTree.ts';
import { change, nothing, type Source, type Value } from './columnUseValue.ts';

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
function judgeBody(context: UseContext, body: CodeBody, name: string): readonly Source[] {
  countStep(context);
  const { catalog, classifications, isCodeKnown } = context;
  // Its names are looked up by a search_path that may be of its own.
  const reach = { ...context.reach, blocks: [] };
  const inner = createContext(catalog, classifications, isCodeKnown, undefined, false, reach);
  const flowing: Source[] = [];
  const scope = openVariables(body.variables);
  for (const { tree } of flatten(body.statements)) {
    const root = readTag(tree);
    if (root === undefined || !surveyStatement(inner, tree).needsJudging) continue;
    const shape = judgeCommand(inner, root, scope);
    for (const { value } of shape?.columns ?? []) flowing.push(...value.sources);
  }
  for (const [key, { location: _location, how, ...violation }] of inner.violations) {
    // Locations in it mean nothing outside.
    context.violations.set(`${name}|${key}`, { ...violation, how: `${how} in ${name}` });
  }
  return flowing;
}

/** Blocks within it run as well; a function that it defines is judged where it is called. */
function flatten(statements: readonly BodyStatement[]): readonly BodyStatement[] {
  return statements.flatMap(({ tree, bodies }) => [
    { tree, bodies: [] },
    ...(readTag(tree)?.tag === 'DoStmt' ? bodies.flatMap((body) => flatten(body.statements)) : []),
  ]);
}

/** Names that stand for values: as `name`, and `name.field` where it is a row. What flows into one was found there. */
function openVariables(names: readonly string[]): Scope {
  const scope = openScope(undefined);
  for (const name of names) {
    scope.columns.push({ name, value: nothing, isCertain: true });
    const item: Item = {
      columns: [],
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
