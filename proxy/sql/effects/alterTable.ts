/** What each command of an ALTER TABLE (VIEW, INDEX, SEQUENCE, TYPE, FOREIGN TABLE) is. */

import type { EffectKind } from '../facts.ts';
import { asText, type Node } from '../tree.ts';
import type { EffectDetails } from './effectWalk.ts';

/** Commands that add something and take nothing away. */
const additive: Readonly<Record<string, string>> = {
  AT_AddColumn: 'column',
  AT_AddConstraint: 'constraint',
  AT_AddIndex: 'index',
  AT_AddIndexConstraint: 'constraint',
  AT_AddIdentity: 'column',
  AT_ValidateConstraint: 'constraint',
  AT_AttachPartition: 'partition',
  AT_SetStatistics: 'column',
};

const dropping: Readonly<Record<string, string>> = {
  AT_DropColumn: 'column',
  AT_DropConstraint: 'constraint',
};

/** Commands about who may see or do what. */
const privilege: Readonly<Record<string, string>> = {
  AT_ChangeOwner: 'owner',
  AT_EnableRowSecurity: 'row security',
  AT_DisableRowSecurity: 'row security',
  AT_ForceRowSecurity: 'row security',
  AT_NoForceRowSecurity: 'row security',
};

/** @param object the altered object's kind in words, for the commands that have no better word. */
export function alterTableEffect(command: Node, object: string): { kind: EffectKind } & EffectDetails {
  const subtype = asText(command['subtype']) ?? '';
  const added = additive[subtype];
  if (added !== undefined) {
    return { kind: 'alterAdditive', object: added };
  }
  const dropped = dropping[subtype];
  if (dropped !== undefined) {
    const name = asText(command['name']) ?? '';
    return { kind: 'drop', object: dropped, why: `drops the ${dropped} ${name}` };
  }
  const guarded = privilege[subtype];
  if (guarded !== undefined) {
    return { kind: 'privilege', object: guarded };
  }
  return { kind: 'alter', object };
}
