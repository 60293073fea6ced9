/** Statements that concern the session: settings, transactions, prepared statements, cursors, EXPLAIN, notifications. */

import type { Effect } from '../facts.ts';
import { readSetting } from '../settings.ts';
import { asList, asNode, asText, entryOf, fieldsOf, type Node, optionsOf } from '../tree.ts';
import type { EffectWalk } from './effectWalk.ts';
import type { NodeReaders } from './nodeReaders.ts';

export const sessionReaders: NodeReaders = {
  VariableSetStmt(fields, walk) {
    readSet(fields, walk);
    return 'all';
  },

  VariableShowStmt(fields, walk) {
    walk.add('read', { setting: asText(fields['name'])?.toLowerCase() });
    return 'all';
  },

  TransactionStmt(fields, walk) {
    const kind = asText(fields['kind']) ?? '';
    const isTwoPhase = kind.endsWith('_PREPARED') || kind === 'TRANS_STMT_PREPARE';
    walk.add('transaction', isTwoPhase ? { object: 'prepared transaction' } : {});
    addTransactionModes(fields['options'], walk);
    return 'all';
  },

  ConstraintsSetStmt(_fields, walk) {
    walk.add('transaction', { object: 'constraints' });
    return 'all';
  },

  DiscardStmt(fields, walk) {
    const target = (asText(fields['target']) ?? 'DISCARD_ALL').replace('DISCARD_', '').toLowerCase();
    walk.add('session', { object: target });
    return 'all';
  },

  PrepareStmt(_fields, walk) {
    walk.add('session', { object: 'prepared statement' });
    return [];
  },

  ExecuteStmt(_fields, walk) {
    walk.add('session', { object: 'prepared statement' });
    return [];
  },

  DeallocateStmt(_fields, walk) {
    walk.add('session', { object: 'prepared statement' });
    return 'all';
  },

  DeclareCursorStmt(_fields, walk) {
    walk.add('session', { object: 'cursor' });
    return [];
  },

  ClosePortalStmt(_fields, walk) {
    walk.add('session', { object: 'cursor' });
    return 'all';
  },

  FetchStmt(_fields, walk) {
    walk.add('read', { object: 'cursor' });
    return 'all';
  },

  ListenStmt(_fields, walk) {
    walk.add('session', { object: 'channel' });
    return 'all';
  },

  UnlistenStmt(_fields, walk) {
    walk.add('session', { object: 'channel' });
    return 'all';
  },

  NotifyStmt(_fields, walk) {
    walk.add('notify', { object: 'channel' });
    return 'all';
  },

  ExplainStmt(fields, walk) {
    readExplain(fields, walk);
    return 'all';
  },
};

function readSet(fields: Node, walk: EffectWalk): void {
  const kind = asText(fields['kind']);
  const name = asText(fields['name']) ?? '';
  if (kind === 'VAR_RESET_ALL') {
    walk.add('session', { object: 'all settings' });
  } else if (kind === 'VAR_SET_MULTI') {
    if (name === 'TRANSACTION SNAPSHOT') {
      walk.add('transaction', { object: 'snapshot' });
    } else {
      addTransactionModes(fields['args'], walk, name === 'SESSION CHARACTERISTICS' ? 'default_' : '');
    }
  } else if (name.toLowerCase() === 'session_authorization' && kind !== 'VAR_SET_VALUE') {
    // Back to the role that the session has logged in with; DISCARD ALL does it too (manual, DISCARD).
    walk.add('session', { object: 'session authorization' });
  } else {
    for (const effect of readSetting(
      name,
      kind === 'VAR_SET_VALUE' ? settingValue(fields['args']) : undefined,
    )) {
      walk.add(effect.kind, effect);
    }
  }
}

/** READ WRITE, ISOLATION LEVEL and DEFERRABLE are settings of the transaction, or with SESSION CHARACTERISTICS of later ones. */
function addTransactionModes(modes: unknown, walk: EffectWalk, prefix = ''): void {
  for (const [mode, arg] of optionsOf(modes)) {
    const constant = asNode(asNode(arg)['A_Const']);
    const text = asText(asNode(constant['sval'])['sval']);
    const value = text ?? (asNode(constant['ival'])['ival'] === 1 ? 'on' : 'off');
    walk.add('session', { setting: `${prefix}${mode}`, value });
  }
}

/** The value as `SHOW` would give it: constants joined by commas; undefined where it holds anything else. */
export function settingValue(args: unknown): string | undefined {
  const parts = asList(args).map((item) => {
    const [tag, fields] = entryOf(item);
    const constant =
      tag === 'TypeCast' ? asNode(fieldsOf(fields['arg'], 'A_Const')) : tag === 'A_Const' ? fields : {};
    return constantValue(constant);
  });
  return parts.includes(undefined) ? undefined : parts.join(', ');
}

function constantValue(constant: Node): string | undefined {
  if (constant['ival'] !== undefined) {
    return String(asNode(constant['ival'])['ival'] ?? 0);
  }
  if (constant['boolval'] !== undefined) {
    return asNode(constant['boolval'])['boolval'] === true ? 'true' : 'false';
  }
  return (
    asText(asNode(constant['sval'])['sval']) ??
    asText(asNode(constant['fval'])['fval']) ??
    (constant['sval'] === undefined ? undefined : '')
  );
}

/**
 * With ANALYZE the statement explained runs. Without it, it is only planned: but planning folds calls of functions that
 * are declared immutable or stable, so that those whose effects are not known still count.
 */
function readExplain(fields: Node, walk: EffectWalk): void {
  const inner = walk.fork();
  inner.visit(fields['query']);
  walk.add('read');
  walk.merge(inner, (effect) => runsAnalyzed(fields) || isPlanned(effect));
}

function isPlanned(effect: Effect): boolean {
  return effect.kind === 'read' || effect.kind === 'procedural' || effect.kind === 'unknown';
}

/** True for EXPLAIN (ANALYZE …) unless it is switched off; the last of several counts. */
function runsAnalyzed(fields: Node): boolean {
  const options = optionsOf(fields['options']);
  if (!options.has('analyze')) {
    return false;
  }
  const arg = asNode(options.get('analyze'));
  const text = asText(asNode(arg['String'])['sval'])?.toLowerCase();
  const isZero = arg['Integer'] !== undefined && (asNode(arg['Integer'])['ival'] ?? 0) === 0;
  return !(isZero || text === 'off' || text === 'false');
}
