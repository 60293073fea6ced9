/** Names of database objects as the tree carries them: the object kind in words, and which relation a name is in. */
import type { RelationName } from '../facts.ts';
import { asText, entryOf, fieldsOf, namesOf } from '../tree.ts';

/** `OBJECT_FOREIGN_TABLE` → `foreign table`; the few that read badly are named here. */
const objectWords: Readonly<Record<string, string>> = {
  OBJECT_MATVIEW: 'materialized view',
  OBJECT_FDW: 'foreign data wrapper',
  OBJECT_TABCONSTRAINT: 'constraint',
  OBJECT_DOMCONSTRAINT: 'domain constraint',
  OBJECT_DEFACL: 'default privileges',
  OBJECT_LARGEOBJECT: 'large object',
  OBJECT_STATISTIC_EXT: 'statistics',
  OBJECT_TSCONFIGURATION: 'text search configuration',
  OBJECT_TSDICTIONARY: 'text search dictionary',
  OBJECT_TSPARSER: 'text search parser',
  OBJECT_TSTEMPLATE: 'text search template',
  OBJECT_PARAMETER_ACL: 'parameter',
  OBJECT_OPCLASS: 'operator class',
  OBJECT_OPFAMILY: 'operator family',
};

export function objectWord(objectType: unknown): string {
  const type = asText(objectType) ?? '';
  return (
    objectWords[type] ??
    type
      .replace(/^(REINDEX_)?OBJECT_/, '')
      .replaceAll('_', ' ')
      .toLowerCase()
  );
}

const relationObjects = new Set([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_INDEX',
  'OBJECT_SEQUENCE',
  'OBJECT_FOREIGN_TABLE',
]);

/** Objects whose name is a relation's followed by their own. */
const partsOfRelations = new Set([
  'OBJECT_TRIGGER',
  'OBJECT_RULE',
  'OBJECT_POLICY',
  'OBJECT_COLUMN',
  'OBJECT_TABCONSTRAINT',
]);

/** The relation that an object is, or is a part of; undefined for others. */
export function relationOfObject(objectType: unknown, object: unknown): RelationName | undefined {
  const type = asText(objectType) ?? '';
  const names = namesOf(fieldsOf(object, 'List')?.['items']);
  if (relationObjects.has(type)) {
    return relationFrom(names);
  }
  return partsOfRelations.has(type) ? relationFrom(names.slice(0, -1)) : undefined;
}

/** `[name]`, `[schema, name]` or `[catalog, schema, name]`. */
export function relationFrom(names: readonly string[]): RelationName | undefined {
  const name = names.at(-1);
  const schema = names.at(-2);
  if (name === undefined) {
    return undefined;
  }
  return schema === undefined ? { name } : { schema, name };
}

/** The name of any object for a finding, as far as the tree tells it. */
export function nameOfObject(object: unknown): string | undefined {
  const [tag, fields] = entryOf(object);
  const names =
    tag === 'String'
      ? [asText(fields['sval']) ?? '']
      : namesOf(fields['items'] ?? fields['objname'] ?? fields['names']);
  return names.length === 0 ? undefined : names.join('.');
}
