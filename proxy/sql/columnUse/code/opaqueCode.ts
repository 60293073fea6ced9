/** Code that cannot be looked into counts as reading every protected column: it is not run while there is one. */
import type { Effect, OpaqueCode } from '../../facts.ts';
import { type CodeBody, textFunctions } from '../../storedCode/codeBody.ts';
import { recordViolation, type UseContext } from '../context.ts';
import { isSystemSchema } from '../queries/systemRelations.ts';
import { readByCall } from './body.ts';

/** What is known of the code that a statement runs: StatementFacts, as far as they matter here. */
export interface RunCode {
  readonly effects?: readonly Effect[];
  readonly opaqueCode?: readonly OpaqueCode[];
  readonly storedCalls?: readonly string[];
}

const functionObjects: ReadonlySet<string> = new Set([
  'function',
  'procedure',
  'routine',
  'aggregate',
  'extension',
]);

/** Refuses what the statement runs and nobody can read: by the catalog, or made meanwhile. */
export function judgeRunCode(
  context: UseContext,
  { effects = [], opaqueCode = [], storedCalls = [] }: RunCode,
): void {
  for (const { name, why } of opaqueCode) refuseOpaque(context, name, why);
  const mayHide =
    context.reach.code?.mayHide === true ||
    effects.some(({ kind, object }) => kind === 'create' && functionObjects.has(object ?? ''));
  for (const { isAssumed, functionName } of effects) {
    if (isAssumed === true && functionName !== undefined) judgeUnknown(context, functionName, mayHide);
  }
  // What a table's own expressions give is stored, where nothing protects it.
  for (const name of storedCalls) {
    for (const source of readByCall(context, name.split('.')).sources) {
      recordViolation(context, source, `read by ${name}() for a default or a check`, undefined);
    }
  }
}

/** True where a body does more than its statements say. */
export function isUnforeseen(context: UseContext, { isOpaque, hasHoles }: CodeBody): boolean {
  return isOpaque === true || (hasHoles === true && textFunctions.some((name) => mayBeOwn(context, name)));
}

/** Records that `name` is run, and may read anything. */
export function refuseOpaque(context: UseContext, name: string, why: string): void {
  if (!holdsProtected(context)) return;
  const key = `opaque|${name.replace(/\(\)$/, '')}`;
  if (context.violations.has(key)) return;
  context.violations.set(key, {
    column: '*',
    relation: name,
    classification: undefined,
    use: 'none',
    how: why,
    isCode: true,
  });
}

/** A function or an operator that the catalog does not know: it may be there by now, or have been made in this transaction. */
export function judgeUnknown(context: UseContext, name: string, mayHide: boolean): void {
  const { code } = context.reach;
  if (code === undefined || !holdsProtected(context)) return;
  if (name.startsWith('operator ')) {
    if (mayHide || !context.isCodeKnown) refuseOpaque(context, name, 'is not known yet');
    return;
  }
  const names = name.split('.');
  if (code.named(names).length > 0 || isExtensions(context, names.at(-1) ?? '')) return;
  if (mayHide) refuseOpaque(context, names.at(-1) ?? name, 'is not known yet');
  else context.unknownRelations.set(`function ${name}`, { name });
}

/** The catalog knows it, and has no body of it to read. */
function isExtensions({ catalog }: UseContext, name: string): boolean {
  return catalog.code.functionsNamed(name).length > 0;
}

/** True where that name may be of somebody's own function. */
function mayBeOwn({ catalog, reach }: UseContext, name: string): boolean {
  const { code } = reach;
  return catalog.userFunctions.has(name) || code?.mayHide === true || (code?.named([name]) ?? []).length > 0;
}

function holdsProtected({ catalog, classifications }: UseContext): boolean {
  for (const { oid, schema } of catalog.relations.values()) {
    if (isSystemSchema(schema)) continue;
    for (const { use } of classifications.inRelation(oid)?.values() ?? []) if (use !== 'open') return true;
  }
  return false;
}
