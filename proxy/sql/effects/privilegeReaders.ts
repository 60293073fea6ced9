/** Statements about who may do what: grants, roles, ownership, default privileges, row security, security labels. */

import { readSetting } from '../settings.ts';
import { asList, asNode, asText, type Node, relationOf } from '../tree.ts';
import type { EffectWalk } from './effectWalk.ts';
import type { NodeReader, NodeReaders } from './nodeReaders.ts';
import { objectWord, relationOfObject } from './objectNames.ts';
import { settingValue } from './sessionReaders.ts';

function simply(object: string, why?: string): NodeReader {
  return (_fields, walk) => {
    walk.add('privilege', { object, why });
    return [];
  };
}

export const privilegeReaders: NodeReaders = {
  CreateRoleStmt: simply('role'),
  AlterRoleStmt: simply('role'),
  DropRoleStmt: simply('role'),
  GrantRoleStmt: simply('role'),
  ReassignOwnedStmt: simply('owner', 'gives everything that a role owns to another'),

  DropOwnedStmt(_fields, walk) {
    walk.add('privilege', { object: 'owner', why: 'takes away every privilege of a role' });
    walk.add('drop', { object: 'owned objects', why: 'drops everything that a role owns' });
    return 'all';
  },

  GrantStmt(fields, walk) {
    const object =
      fields['targtype'] === 'ACL_TARGET_DEFAULTS' ? 'default privileges' : objectWord(fields['objtype']);
    const why = fields['grant_option'] === true ? 'lets the grantee grant it further' : undefined;
    addOnObjects(asList(fields['objects']), object, why, walk);
    return ['objects'];
  },

  AlterDefaultPrivilegesStmt(_fields, walk) {
    walk.add('privilege', { object: 'default privileges' });
    return 'all';
  },

  AlterRoleSetStmt(fields, walk) {
    addStoredSetting('role', fields, walk);
    return 'all';
  },

  AlterDatabaseSetStmt(fields, walk) {
    addStoredSetting('database', fields, walk);
    return 'all';
  },

  AlterOwnerStmt(fields, walk) {
    const object = objectWord(fields['objectType']);
    const details = { object, why: 'changes the owner' };
    if (relationOf(fields['relation']) === undefined) {
      walk.add('privilege', details);
    } else {
      walk.addOn('privilege', fields['relation'], details);
    }
    return 'all';
  },

  CreatePolicyStmt(fields, walk) {
    walk.addOn('privilege', fields['table'], { object: 'policy' });
    return ['table'];
  },

  AlterPolicyStmt(fields, walk) {
    walk.addOn('privilege', fields['table'], { object: 'policy' });
    return ['table'];
  },

  SecLabelStmt(fields, walk) {
    const relation = relationOfObject(fields['objtype'], fields['object']);
    if (relation !== undefined) {
      walk.noteRelation(relation);
    }
    walk.add('privilege', { object: 'security label', relation });
    return 'all';
  },
};

function addOnObjects(
  objects: readonly unknown[],
  object: string,
  why: string | undefined,
  walk: EffectWalk,
): void {
  const relations = objects.filter((item) => asNode(item)['RangeVar'] !== undefined);
  for (const relation of relations) {
    walk.addOn('privilege', relation, { object, why });
  }
  if (relations.length === 0) {
    walk.add('privilege', { object, why });
  }
}

/** `ALTER ROLE … SET` and `ALTER DATABASE … SET`: a SET that every later session of others starts with. */
function addStoredSetting(object: string, fields: Node, walk: EffectWalk): void {
  const set = asNode(fields['setstmt']);
  const setting = asText(set['name'])?.toLowerCase();
  walk.add('privilege', {
    object,
    setting,
    value: storedValue(set),
    why: `changes the settings that sessions of this ${object} start with`,
  });
  for (const effect of readSetting(setting ?? '', undefined)) {
    if (effect.kind === 'serverAccess') {
      walk.add('serverAccess', effect);
    }
  }
}

/** Empty where it is not constant, or what the session has (FROM CURRENT); undefined where nothing is stored any more. */
function storedValue(set: Node): string | undefined {
  const kind = asText(set['kind']);
  if (kind === 'VAR_SET_CURRENT') return '';
  return kind === 'VAR_SET_VALUE' ? (settingValue(set['args']) ?? '') : undefined;
}
