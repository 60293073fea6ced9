/** An effect as the subject of a sentence: `DROP TABLE customers`, `UPDATE orders without WHERE`. */
import type { Effect, EffectKind } from '../sql/facts.ts';
import { oneLine, quoteRelation } from './quoteName.ts';

/** Lock modes by level, PostgreSQL manual 13.3.1. */
const lockModes = [
  'ACCESS SHARE',
  'ROW SHARE',
  'ROW EXCLUSIVE',
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
];

const describers: Readonly<Record<EffectKind, (effect: Effect) => string>> = {
  read: (effect) => (effect.relation === undefined ? 'reading' : `reading ${target(effect)}`),
  session: describeSession,
  transaction: () => 'transaction control',
  insert: (effect) => `INSERT INTO ${target(effect)}`,
  update: (effect) => `UPDATE ${target(effect)}${describePredicate(effect)}`,
  delete: (effect) => `DELETE FROM ${target(effect)}${describePredicate(effect)}`,
  merge: (effect) => `MERGE INTO ${target(effect)}`,
  copyIn: (effect) => `COPY ${target(effect)} FROM STDIN`,
  call: (effect) => `CALL ${called(effect)}`,
  sequence: (effect) =>
    joined('changing', effect.relation === undefined ? 'a sequence' : target(effect), by(effect)),
  create: (effect) => command('CREATE', effect),
  alterAdditive: (effect) => command('ALTER', effect),
  comment: (effect) => command('COMMENT ON', effect),
  refresh: (effect) => command('REFRESH', effect),
  drop: (effect) => command('DROP', effect),
  truncate: (effect) => joined('TRUNCATE', named(effect)),
  alter: (effect) => command('ALTER', effect),
  privilege: (effect) =>
    joined('changing privileges', effect.object ? `(${words(effect.object)})` : '', on(effect)),
  procedural: describeProcedural,
  serverAccess: describeServerAccess,
  lock: describeLock,
  notify: () => 'NOTIFY',
  maintenance: (effect) => joined('maintenance', on(effect)),
  delay: (effect) => `calling ${called(effect)}`,
  unknown: () => 'this statement',
};

/** @returns a phrase in one line that fits before "is denied" and "needs approval". */
export function describeEffect(effect: Effect): string {
  return describers[effect.kind](effect);
}

function describePredicate({ predicate }: Effect): string {
  switch (predicate) {
    case 'real':
      return '';
    case 'alwaysTrue':
      return ' with a WHERE that is always true';
    default:
      return ' without WHERE';
  }
}

function describeSession(effect: Effect): string {
  return effect.setting === undefined ? 'changing the session' : `SET ${words(effect.setting)}`;
}

function describeProcedural(effect: Effect): string {
  if (effect.functionName !== undefined) {
    return `calling ${called(effect)}`;
  }
  return effect.object === 'block' ? 'DO' : 'code whose effects are not known';
}

function describeServerAccess(effect: Effect): string {
  if (effect.functionName !== undefined) {
    return `calling ${called(effect)}`;
  }
  if (effect.setting !== undefined) {
    return `SET ${words(effect.setting)}`;
  }
  if (effect.relation !== undefined) {
    return `access to the server by way of ${target(effect)}`;
  }
  return effect.object === undefined
    ? 'access to the server'
    : `access to the server (${words(effect.object)})`;
}

function describeLock(effect: Effect): string {
  if (effect.functionName !== undefined) {
    return `calling ${called(effect)}`;
  }
  const mode = lockModes[(effect.lockMode ?? lockModes.length) - 1] ?? 'ACCESS EXCLUSIVE';
  return effect.relation === undefined ? `a ${mode} lock` : `LOCK TABLE ${target(effect)} IN ${mode} MODE`;
}

function command(verb: string, effect: Effect): string {
  return joined(verb, effect.object === undefined ? '' : words(effect.object).toUpperCase(), named(effect));
}

function on(effect: Effect): string {
  return effect.relation === undefined ? '' : `on ${target(effect)}`;
}

function by(effect: Effect): string {
  return effect.functionName === undefined ? '' : `with ${called(effect)}`;
}

function named(effect: Effect): string {
  return effect.relation === undefined ? '' : target(effect);
}

function target({ relation }: Effect): string {
  return relation === undefined ? 'a relation' : quoteRelation(relation);
}

function called({ functionName }: Effect): string {
  return functionName === undefined ? 'a function' : words(functionName);
}

function words(text: string): string {
  return oneLine(text, 100);
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}
