import { describe, expect, it } from 'vitest';
import { filesToCheck, marksByFile } from '../../../extension/guardrails/policyProblems.ts';

const place = { line: 3, column: 4, endColumn: 9 };

describe('what the proxy finds in policy files', () => {
  it('becomes marks of each file, in sentences, with what helps', () => {
    const marks = marksByFile([
      {
        file: 'a.cedar',
        severity: 'error',
        ...place,
        message: 'unrecognized action',
        hint: 'Did you mean `read`?',
      },
      { file: 'b.cedar', severity: 'warning', ...place, message: '"x" never applies' },
      { file: 'a.cedar', severity: 'warning', ...place, message: 'odd.' },
    ]);
    expect([...marks]).toEqual([
      [
        'a.cedar',
        [
          { severity: 'error', ...place, message: 'Unrecognized action.\nDid you mean `read`?' },
          { severity: 'warning', ...place, message: 'Odd.' },
        ],
      ],
      ['b.cedar', [{ severity: 'warning', ...place, message: '"x" never applies.' }]],
    ]);
  });

  it('can be seen also where it has no width', () => {
    const [mark] = marksByFile([
      { file: 'a', severity: 'error', line: 0, column: 7, endColumn: 7, message: 'm' },
    ]).get('a') as readonly { column: number; endColumn: number }[];
    expect([mark?.column, mark?.endColumn]).toEqual([7, 8]);
  });
});

describe('the files that are checked', () => {
  it('are those of the folder, with what is open and not saved in place of what is saved', () => {
    const saved = new Map([
      ['b.cedar', 'saved b'],
      ['a.cedar', 'saved a'],
    ]);
    const open = new Map([
      ['b.cedar', 'open b'],
      ['new.cedar', 'open new'],
    ]);
    expect(filesToCheck(saved, open)).toEqual([
      { name: 'a.cedar', text: 'saved a' },
      { name: 'b.cedar', text: 'open b' },
      { name: 'new.cedar', text: 'open new' },
    ]);
  });
});
