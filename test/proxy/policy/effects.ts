/** Builders for policy tests: identities, connections, and facts made of effects alone. */
import type { Identity } from '../../../proxy/identity/identity.ts';
import type { ConnectionInfo } from '../../../proxy/policy/decision.ts';
import type { Effect, EffectKind, StatementFacts } from '../../../proxy/sql/facts.ts';

export function effect(kind: EffectKind, more: Partial<Effect> = {}): Effect {
  return { kind, predicate: 'none', ...more };
}

export function factsOf(effects: readonly Effect[], more: Partial<StatementFacts> = {}): StatementFacts {
  return {
    text: 'a statement',
    offset: 0,
    node: 'SelectStmt',
    fingerprint: '0000000000000000',
    effects,
    relations: [],
    functions: [],
    role: { kind: 'plain' },
    readOnly: false,
    tree: {},
    ...more,
  };
}

export function personIn(...groups: readonly string[]): Identity {
  const name = groups.join('-') || 'nobody';
  return { subject: `local|${name}`, email: `${name}@example.com`, groups };
}

export function agentOf(human: Identity): Identity {
  return { ...human, agent: { name: 'helper' } };
}

export function demoIn(environment: string): ConnectionInfo {
  return { name: 'demo', environment };
}
