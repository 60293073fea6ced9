/** What a statement may do to the meaning of names that come after it, told by its effects: rather more than less. */
import type { Effect, StatementFacts } from '../../sql/facts.ts';

/**
 * - `none`: names mean what they meant
 * - `transaction`: it may take back what moved them in the same transaction
 * - `path`: they may be looked for in other schemas: a setting, a role
 * - `session`: it may make, drop or rename what this session alone sees, or change the path, too
 * - `everyone`: it may do so to what other sessions see
 */
export type NameMove = 'none' | 'transaction' | 'path' | 'session' | 'everyone';

const strength: readonly NameMove[] = ['none', 'transaction', 'path', 'session', 'everyone'];

/** Kinds that leave names alone. What code behind them does is an effect of its own. */
const leavesNames: ReadonlySet<Effect['kind']> = new Set([
  'read',
  'insert',
  'update',
  'delete',
  'merge',
  'copyIn',
  'truncate',
  'sequence',
  'lock',
  'notify',
  'maintenance',
  'comment',
  'delay',
]);

/** Objects of `session` effects that have nothing to do with names of relations. */
const harmlessObjects: ReadonlySet<string> = new Set([
  'prepared statement',
  'cursor',
  'channel',
  'plans',
  'sequences',
]);

/** Settings that decide what a name means: `"$user"` and USAGE of schemas go by the role (manual 5.10.3). */
const pathSettings: ReadonlySet<string> = new Set(['search_path', 'role', 'session_authorization']);

/** RESET ALL, RESET SESSION AUTHORIZATION. */
const pathObjects: ReadonlySet<string> = new Set(['all settings', 'session authorization']);

export function readNameMove({ effects }: Pick<StatementFacts, 'effects'>): NameMove {
  return strongestMove(effects.map(moveOf));
}

export function strongestMove(moves: readonly NameMove[]): NameMove {
  return strength.findLast((move) => moves.includes(move)) ?? 'none';
}

function moveOf({ kind, object, setting, temporary }: Effect): NameMove {
  if (leavesNames.has(kind)) return 'none';
  if (kind === 'session') {
    if (setting !== undefined) return pathSettings.has(setting) ? 'path' : 'none';
    if (object !== undefined && pathObjects.has(object)) return 'path';
    return object !== undefined && harmlessObjects.has(object) ? 'none' : 'session'; // DISCARD drops tables
  }
  // COMMIT PREPARED brings what another session has made.
  if (kind === 'transaction') return object === 'prepared transaction' ? 'everyone' : 'transaction';
  return temporary === true ? 'session' : 'everyone';
}
