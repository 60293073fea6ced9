/** Every statement of the grammar is read by something, and what is not known is not trusted. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { EffectWalk } from '../../../proxy/sql/effects/effectWalk.ts';
import { nodeReaders } from '../../../proxy/sql/effects/nodeReaders.ts';
import { readFacts } from '../../../proxy/sql/readFacts.ts';

/** Tags that exist only after PostgreSQL has analysed a statement, or in PL/pgSQL's own use of the grammar. */
const neverRaw = new Set(['RawStmt', 'SetOperationStmt', 'PLAssignStmt']);

describe('the table of tags', () => {
  it('has every statement of the grammar', () => {
    const types = createRequire(import.meta.url)
      .resolve('@pgsql/types/package.json')
      .replace('package.json', 'types.d.ts');
    const tags = [...readFileSync(types, 'utf8').matchAll(/^ {4}(\w+Stmt): \1;$/gm)].map(
      (match) => match[1] ?? '',
    );
    expect(tags.length).toBeGreaterThan(110);
    expect(tags.filter((tag) => !nodeReaders.has(tag) && !neverRaw.has(tag))).toEqual([]);
  });
});

describe('a node of a later grammar', () => {
  it('is an unknown effect, and what it holds still counts', () => {
    const walk = new EffectWalk();
    walk.visit({
      SelectStmt: {
        targetList: [
          { NewStmt: { query: { DeleteStmt: { relation: { relname: 't', relpersistence: 'p' } } } } },
        ],
      },
    });
    expect(walk.effects.map(({ kind }) => kind).sort()).toEqual(['delete', 'unknown']);
  });

  it('as a whole statement is an unknown effect', () => {
    const statement = {
      tree: { FlushEverythingStmt: {} },
      offset: 0,
      length: 5,
      fingerprint: '',
      bodies: [],
    };
    const [facts] = readFacts({ statements: [statement] }, 'FLUSH');
    expect(facts?.effects.map(({ kind }) => kind)).toEqual(['unknown']);
    expect(facts?.readOnly).toBe(false);
  });
});
