/** Statements that define, change and drop objects (DDL), as far as they are no matter of privilege or of the server. */

import type { EffectKind } from '../facts.ts';
import { asList, asNode, asText, fieldsOf, type Node, namesOf, optionsOf, relationOf } from '../tree.ts';
import { alterTableEffect } from './alterTable.ts';
import type { EffectDetails, EffectWalk } from './effectWalk.ts';
import { languageTrust } from './languages.ts';
import type { NodeReader, NodeReaders } from './nodeReaders.ts';
import { nameOfObject, objectWord, relationFrom, relationOfObject } from './objectNames.ts';

/** Objects whose change or removal is a matter of who may do what. */
const privilegeObjects = new Set(['OBJECT_POLICY', 'OBJECT_ROLE', 'OBJECT_DEFACL']);

/** Objects that reach outside of the database. */
const serverObjects = new Set([
  'OBJECT_ACCESS_METHOD',
  'OBJECT_EXTENSION',
  'OBJECT_FDW',
  'OBJECT_FOREIGN_SERVER',
  'OBJECT_LANGUAGE',
  'OBJECT_PUBLICATION',
  'OBJECT_SUBSCRIPTION',
  'OBJECT_TABLESPACE',
  'OBJECT_USER_MAPPING',
]);

/** A reader that adds one effect and lets the walk visit the rest of the node, except the relation named. */
function simply(kind: EffectKind, object: string, relationKey?: string): NodeReader {
  return (fields, walk) => {
    if (relationKey !== undefined && fields[relationKey] !== undefined) {
      walk.addOn(kind, fields[relationKey], { object });
      return [relationKey];
    }
    walk.add(kind, { object });
    return [];
  };
}

export const definitionReaders: NodeReaders = {
  CreateStmt: simply('create', 'table', 'relation'),
  ViewStmt: simply('create', 'view', 'view'),
  IndexStmt: simply('create', 'index', 'relation'),
  CreateSeqStmt: simply('create', 'sequence', 'sequence'),
  CreateTrigStmt: simply('create', 'trigger', 'relation'),
  RuleStmt: simply('create', 'rule', 'relation'),
  CreateDomainStmt: simply('create', 'domain'),
  CreateEnumStmt: simply('create', 'type'),
  CreateRangeStmt: simply('create', 'type'),
  CompositeTypeStmt: simply('create', 'type', 'typevar'),
  CreateCastStmt: simply('create', 'cast'),
  CreateConversionStmt: simply('create', 'conversion'),
  CreateEventTrigStmt: simply('create', 'event trigger'),
  CreateOpClassStmt: simply('create', 'operator class'),
  CreateOpFamilyStmt: simply('create', 'operator family'),
  CreateTransformStmt: simply('create', 'transform'),
  AlterDatabaseStmt: simply('alter', 'database'),
  AlterDatabaseRefreshCollStmt: simply('alter', 'database'),
  AlterDomainStmt: simply('alter', 'domain'),
  AlterEventTrigStmt: simply('alter', 'event trigger'),
  AlterOpFamilyStmt: simply('alter', 'operator family'),
  AlterOperatorStmt: simply('alter', 'operator'),
  AlterStatsStmt: simply('alter', 'statistics'),
  AlterCollationStmt: simply('alter', 'collation'),
  AlterTSConfigurationStmt: simply('alter', 'text search configuration'),
  AlterTSDictionaryStmt: simply('alter', 'text search dictionary'),
  AlterTableMoveAllStmt: simply('alter', 'tablespace'),
  AlterTypeStmt: simply('alter', 'type'),
  DropdbStmt: simply('drop', 'database'),

  /** AUTHORIZATION makes somebody else the owner of all that is in it. */
  CreateSchemaStmt(fields, walk) {
    walk.add('create', { object: 'schema' });
    addOwner(fields['authrole'], 'schema', walk);
    return [];
  },

  CreatedbStmt(fields, walk) {
    walk.add('create', { object: 'database' });
    if (optionsOf(fields['options']).has('owner')) {
      walk.add('privilege', { object: 'owner', why: 'makes a role the owner of the database' });
    }
    return [];
  },

  VacuumStmt(fields, walk) {
    return addForEach(
      'maintenance',
      asList(fields['rels']).map((item) => fieldsOf(item, 'VacuumRelation')?.['relation']),
      walk,
    );
  },
  ClusterStmt: simply('maintenance', 'table', 'relation'),
  CheckPointStmt: simply('maintenance', 'server'),

  ReindexStmt(fields, walk) {
    const object = objectWord(fields['kind']);
    if (fields['relation'] === undefined) {
      walk.add('maintenance', { object });
    } else {
      walk.addOn('maintenance', fields['relation'], { object });
    }
    return 'all';
  },

  CreateStatsStmt(_fields, walk) {
    walk.add('create', { object: 'statistics' });
    return [];
  },

  DefineStmt(fields, walk) {
    walk.add('create', { object: objectWord(fields['kind']) });
    return [];
  },

  CommentStmt(fields, walk) {
    const relation = relationOfObject(fields['objtype'], fields['object']);
    if (relation !== undefined) {
      walk.noteRelation(relation);
    }
    walk.add('comment', { object: objectWord(fields['objtype']), relation });
    return 'all';
  },

  /** ALTER SEQUENCE sets the next value, among others; OWNED BY moves it under another table. */
  AlterSeqStmt(fields, walk) {
    walk.addOn('sequence', fields['sequence'], { object: 'sequence' });
    if (optionsOf(fields['options']).has('owned_by')) {
      walk.addOn('alter', fields['sequence'], { object: 'sequence' });
    }
    return ['sequence'];
  },

  AlterEnumStmt(fields, walk) {
    walk.add(fields['oldVal'] === undefined ? 'alterAdditive' : 'alter', { object: 'type' });
    return 'all';
  },

  AlterTableStmt(fields, walk) {
    const object = objectWord(fields['objtype']);
    for (const item of asList(fields['cmds'])) {
      const command = asNode(asNode(item)['AlterTableCmd']);
      const { kind, ...details } = alterTableEffect(command, object);
      walk.addOn(kind, fields['relation'], details);
      walk.visitFields(command);
    }
    return 'all';
  },

  RenameStmt(fields, walk) {
    addAlter(fields['renameType'], fields, walk, { why: 'renames it' });
    return 'all';
  },

  AlterObjectSchemaStmt(fields, walk) {
    addAlter(fields['objectType'], fields, walk, { why: 'moves it to another schema' });
    return 'all';
  },

  AlterObjectDependsStmt(fields, walk) {
    addAlter(fields['objectType'], fields, walk, {});
    return 'all';
  },

  DropStmt(fields, walk) {
    readDrop(fields, walk);
    return 'all';
  },

  CreateFunctionStmt(fields, walk) {
    readCreateFunction(fields, walk);
    return ['funcname'];
  },

  AlterFunctionStmt(fields, walk) {
    const object = objectWord(fields['objtype']);
    walk.add('alter', { object });
    if (asList(fields['actions']).some(isSecurityDefiner)) {
      walk.add('privilege', { object, why: 'lets whoever calls it act as its owner (SECURITY DEFINER)' });
    }
    return ['func'];
  },
};

/** A role that the statement names; CURRENT_USER and its kin are whoever runs it. */
function addOwner(role: unknown, object: string, walk: EffectWalk): void {
  const name = asText(asNode(role)['rolename']);
  if (name !== undefined) {
    walk.add('privilege', { object: 'owner', why: `makes ${name} the owner of the ${object}` });
  }
}

function addForEach(kind: EffectKind, relations: readonly unknown[], walk: EffectWalk): 'all' {
  const named = relations.filter((relation) => relation !== undefined);
  for (const relation of named) {
    walk.addOn(kind, relation, { object: 'table' });
  }
  if (named.length === 0) {
    walk.add(kind, { object: 'database' });
  }
  return 'all';
}

/** ALTER … RENAME and its kin: of a relation where the node has one, else of the object it names. */
function addAlter(objectType: unknown, fields: Node, walk: EffectWalk, details: EffectDetails): void {
  const type = asText(objectType) ?? '';
  const kind = privilegeObjects.has(type) ? 'privilege' : serverObjects.has(type) ? 'serverAccess' : 'alter';
  const object = objectWord(type);
  if (relationOf(fields['relation']) === undefined) {
    walk.add(kind, { object, ...details });
  } else {
    walk.addOn(kind, fields['relation'], { object, ...details });
  }
}

function readDrop(fields: Node, walk: EffectWalk): void {
  const type = asText(fields['removeType']) ?? '';
  const object = objectWord(type);
  const cascades = fields['behavior'] === 'DROP_CASCADE' ? 'drops also what depends on it' : undefined;
  for (const item of asList(fields['objects'])) {
    const relation = relationOfObject(type, item);
    if (relation !== undefined) {
      walk.noteRelation(relation);
    }
    const temporary = relation?.schema === 'pg_temp' ? true : undefined;
    const functionName = /FUNCTION|PROCEDURE|ROUTINE|AGGREGATE/.test(type) ? nameOfObject(item) : undefined;
    walk.add('drop', { object, relation, temporary, functionName, why: cascades });
    if (privilegeObjects.has(type)) {
      walk.add('privilege', { object, relation });
    }
    if (serverObjects.has(type)) {
      walk.add('serverAccess', { object, why: `drops a ${object}` });
    }
  }
}

function readCreateFunction(fields: Node, walk: EffectWalk): void {
  const object = fields['is_procedure'] === true ? 'procedure' : 'function';
  const options = optionsOf(fields['options']);
  const name = relationFrom(namesOf(fields['funcname']));
  const functionName = name?.schema === undefined ? name?.name : `${name.schema}.${name.name}`;
  const language = (asText(asNode(asNode(options.get('language'))['String'])['sval']) ?? 'sql').toLowerCase();
  walk.add('create', { object, functionName });
  if (languageTrust(language) !== 'trusted') {
    walk.add('serverAccess', {
      object,
      functionName,
      why: `is written in ${language}, an untrusted language`,
    });
  }
  if (asList(fields['options']).some(isSecurityDefiner)) {
    const why = 'lets whoever calls it act as its owner (SECURITY DEFINER)';
    walk.add('privilege', { object, functionName, why });
  }
}

function isSecurityDefiner(option: unknown): boolean {
  const fields = fieldsOf(option, 'DefElem');
  const value = asNode(asNode(fields?.['arg'])['Boolean'])['boolval'];
  return fields?.['defname'] === 'security' && value === true;
}
