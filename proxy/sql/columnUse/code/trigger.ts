/** Triggers that are made, and functions of triggers that are made anew: on tables with protected columns they see all rows. */
import { describeFunction } from '../../functions/functionManifest.ts';
import type { CodeBody } from '../../storedCode/codeBody.ts';
import { recordViolation, type UseContext } from '../context.ts';
import { listProtected, readRelation } from '../queries/relation.ts';
import type { Item } from '../scope.ts';
import { type Fields, isFields, readNames } from '../tree.ts';
import { judgeRowCode } from './body.ts';
import { judgeUnknown } from './opaqueCode.ts';

/** PostgreSQL's own that neither copy nor tell anything (manual 9.30). */
const harmless: ReadonlySet<string> = new Set(['suppress_redundant_updates_trigger']);

/** CREATE TRIGGER; its WHEN is judged as any expression of a utility statement. */
export function judgeTrigger(context: UseContext, fields: Fields): void {
  const names = readNames(fields['funcname']);
  if (!isFields(fields['relation']) || harmless.has(names.at(-1) ?? '')) return;
  const row = readRelation(context, fields['relation'], undefined, true);
  const isOwn = describeFunction(undefined, names.at(-1) ?? '') === undefined;
  if (isOwn) judgeUnknown(context, names.join('.'), context.reach.code?.mayHide === true);
  judgeRow(context, row, context.reach.code?.named(names) ?? [], `${names.at(-1) ?? ''}()`);
}

/** CREATE OR REPLACE FUNCTION … RETURNS trigger: triggers that are there will call it. */
export function judgeTriggerFunction(context: UseContext, fields: Fields): void {
  const returns = isFields(fields['returnType'])
    ? readNames(fields['returnType']['names']).at(-1)
    : undefined;
  if (returns !== 'trigger') return;
  const name = readNames(fields['funcname']).at(-1) ?? '';
  const { catalog } = context;
  let isJudged = false;
  for (const { oid, schema, name: relname } of catalog.relations.values()) {
    const isCalled =
      context.reach.code?.mayTrigger === true ||
      catalog.code.triggersOn(oid).some(({ calls }) => calls.name === name);
    if (!isCalled) continue;
    const row = readRelation(context, { relname, schemaname: schema }, undefined, true);
    // What it does by itself is the same for all.
    if (listProtected(row, []).length === 0 && isJudged) continue;
    isJudged = true;
    judgeRow(context, row, context.reach.blocks, `${name}()`);
  }
}

function judgeRow(context: UseContext, row: Item, bodies: readonly CodeBody[], name: string): void {
  const columns = listProtected(row, []);
  const how = `seen by ${name}, a function of triggers`;
  for (const body of bodies) judgeRowCode(context, body, row, how);
  if (bodies.length > 0 && !bodies.some(({ isOpaque }) => isOpaque === true)) return;
  // Of another language, or not there yet: nobody can tell what it does with them.
  for (const source of columns.flatMap(({ value }) => value.sources)) {
    recordViolation(context, source, `${how} that cannot be looked into`, undefined);
  }
}
