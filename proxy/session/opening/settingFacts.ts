/** A setting given at the start of a session, as the facts of the SET statement that it stands for. */
import type { StatementFacts } from '../../sql/facts.ts';
import { readSetting } from '../../sql/settings.ts';

export function settingFacts(name: string, value: string): StatementFacts {
  return {
    text: `SET ${name}`,
    offset: 0,
    node: 'VariableSetStmt',
    fingerprint: '',
    effects: readSetting(name, value),
    relations: [],
    functions: [],
    role: { kind: 'plain' },
    readOnly: true,
    tree: {},
  };
}
