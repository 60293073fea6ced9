/** Statements that read and write rows: SELECT, INSERT, UPDATE, DELETE, MERGE, COPY, TRUNCATE, LOCK, CALL, DO. */

import type { RelationName } from '../facts.ts';
import { readSettingOfItsRow } from '../functions/functionCalls.ts';
import { type JudgedPredicate, mergePredicate, predicateOf } from '../predicates/predicate.ts';
import {
  asList,
  asNode,
  asNumber,
  asText,
  fieldsOf,
  type Node,
  namesOf,
  optionsOf,
  rangeVarFields,
  relationOf,
} from '../tree.ts';
import type { EffectWalk } from './effectWalk.ts';
import { languageTrust } from './languages.ts';
import type { NodeReaders } from './nodeReaders.ts';

/** Lock levels of row locks and DML are ROW SHARE (2) and ROW EXCLUSIVE (3): manual 13.3.1. */
const rowShareLock = 2;

export const dataReaders: NodeReaders = {
  SelectStmt(fields, walk) {
    if (readSettingOfItsRow(fields, walk)) {
      return 'all';
    }
    readInto(fields['intoClause'], 'table', walk);
    return ['intoClause'];
  },

  InsertStmt(fields, walk) {
    addWrite('insert', fields['relation'], walk);
    const conflict = asNode(fields['onConflictClause']);
    if (conflict['action'] === 'ONCONFLICT_UPDATE') {
      // Only rows that conflict with an inserted one: that is a predicate.
      addWrite('update', fields['relation'], walk, { predicate: 'real' });
    }
    return ['relation'];
  },

  UpdateStmt(fields, walk) {
    addWrite('update', fields['relation'], walk, predicateOf(fields, fields['fromClause']));
    return ['relation'];
  },

  DeleteStmt(fields, walk) {
    addWrite('delete', fields['relation'], walk, predicateOf(fields, fields['usingClause']));
    return ['relation'];
  },

  MergeStmt(fields, walk) {
    addWrite('merge', fields['relation'], walk);
    for (const item of asList(fields['mergeWhenClauses'])) {
      const clause = asNode(asNode(item)['MergeWhenClause']);
      const command = clause['commandType'];
      if (command === 'CMD_UPDATE' || command === 'CMD_DELETE') {
        const kind = command === 'CMD_UPDATE' ? 'update' : 'delete';
        addWrite(kind, fields['relation'], walk, { predicate: mergePredicate(fields, clause) });
      }
    }
    return ['relation'];
  },

  CopyStmt(fields, walk) {
    readCopy(fields, walk);
    if (fields['relation'] !== undefined) return ['relation'];
    if (fields['filename'] === undefined && fields['is_program'] !== true) walk.add('read');
    return [];
  },

  TruncateStmt(fields, walk) {
    const why =
      fields['behavior'] === 'DROP_CASCADE' ? 'empties also the tables that refer to it' : undefined;
    for (const relation of asList(fields['relations'])) {
      walk.addOn('truncate', relation, { object: 'table', why });
    }
    return 'all';
  },

  LockStmt(fields, walk) {
    for (const relation of asList(fields['relations'])) {
      walk.addOn('lock', relation, { lockMode: asNumber(fields['mode']) ?? 8 });
    }
    return 'all';
  },

  /** FOR UPDATE and its kin; the names in OF are aliases of this query. */
  LockingClause(_fields, walk) {
    walk.add('lock', { lockMode: rowShareLock, why: 'locks the rows that it reads' });
    return 'all';
  },

  CallStmt(fields, walk) {
    const call = asNode(fields['funccall']);
    const functionName = namesOf(call['funcname']).join('.');
    walk.functions.add(functionName);
    walk.add('call', { functionName, object: 'procedure', location: asNumber(call['location']) });
    walk.visitFields(call, ['funcname']);
    return 'all';
  },

  DoStmt(fields, walk) {
    const language = asText(asNode(asNode(optionsOf(fields['args']).get('language'))['String'])['sval']);
    const name = (language ?? 'plpgsql').toLowerCase();
    walk.add('procedural', { object: 'block', why: `runs a block of ${name}` });
    if (languageTrust(name) !== 'trusted') {
      walk.add('serverAccess', { object: 'language', why: `runs a block of ${name}, an untrusted language` });
    }
    return 'all';
  },

  CreateTableAsStmt(fields, walk) {
    const object = fields['objtype'] === 'OBJECT_MATVIEW' ? 'materialized view' : 'table';
    readInto(fields['into'], object, walk);
    return ['into'];
  },

  RefreshMatViewStmt(fields, walk) {
    walk.addOn('refresh', fields['relation'], { object: 'materialized view' });
    return 'all';
  },
};

function readInto(into: unknown, object: string, walk: EffectWalk): void {
  const target = asNode(into)['rel'];
  if (target !== undefined) {
    walk.addOn('create', target, { object });
    walk.visitFields(asNode(into), ['rel']);
  }
}

function addWrite(
  kind: 'insert' | 'update' | 'delete' | 'merge' | 'copyIn',
  target: unknown,
  walk: EffectWalk,
  judged: JudgedPredicate = { predicate: 'none' },
): void {
  walk.addOn(kind, target, { ...judged });
  const relation = relationOf(target);
  if (relation === undefined || !isSystemRelation(relation)) {
    return;
  }
  // pg_settings has a rule that turns an UPDATE into set_config; the others are the server's own books.
  const why =
    relation.name === 'pg_settings'
      ? 'changes settings by way of pg_settings'
      : `writes to the system table ${relation.name}`;
  walk.add('serverAccess', { relation, why, location: asNumber(rangeVarFields(target)['location']) });
}

/** Names that start with pg_ are the server's: they are found first where no schema is given. */
export function isSystemRelation(relation: RelationName): boolean {
  if (relation.schema === undefined) {
    return relation.name.startsWith('pg_');
  }
  return ['pg_catalog', 'information_schema', 'pg_toast'].includes(relation.schema);
}

function readCopy(fields: Node, walk: EffectWalk): void {
  const isFrom = fields['is_from'] === true;
  const relation = fields['relation'];
  if (fields['is_program'] === true) {
    walk.add('serverAccess', { object: 'program', why: 'runs a program on the server' });
  } else if (fields['filename'] !== undefined) {
    const why = isFrom ? 'reads a file of the server' : 'writes a file on the server';
    walk.add('serverAccess', { object: 'file', why });
  }
  if (relation === undefined) {
    return;
  }
  if (isFrom) {
    addWrite('copyIn', relation, walk);
  } else {
    walk.addOn('read', relation);
  }
}

/** True for the COPY that streams to or from the client. */
export function copiesWithClient(fields: Node): boolean {
  return fields['filename'] === undefined && fields['is_program'] !== true;
}

/** What an EXECUTE names, also inside EXPLAIN and CREATE TABLE AS. */
export function executedName(fields: unknown): string | undefined {
  return asText(fieldsOf(fields, 'ExecuteStmt')?.['name']);
}
