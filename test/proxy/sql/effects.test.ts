/** What statements do, one line of the corpus each. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Analyser, loadAnalyser } from '../../../proxy/sql/analyser.ts';
import type { StatementFacts } from '../../../proxy/sql/facts.ts';
import {
  alwaysTrueConditions,
  definitionCases,
  type EffectCase,
  harmlessTwins,
  hiddenCases,
  privilegeCases,
  readCases,
  realConditions,
  serverCases,
  sessionCases,
  writeCases,
} from './effectCorpus.ts';

let analyser: Analyser;

beforeAll(async () => {
  analyser = await loadAnalyser();
});

afterAll(async () => {
  await analyser.close();
});

function factsOf(sql: string): StatementFacts {
  const [facts, ...more] = analyser.analyse(sql);
  if (facts === undefined || more.length > 0) {
    throw new Error(`not one statement: ${sql}`);
  }
  return facts;
}

function kindsOf(sql: string): string {
  const kinds = factsOf(sql).effects.map(({ kind, predicate }) =>
    predicate === 'none' ? kind : `${kind}:${predicate}`,
  );
  return [...new Set(kinds)].sort().join(' ');
}

const groups: readonly (readonly [string, readonly EffectCase[]])[] = [
  ['a statement that only reads is a read', readCases],
  ['a statement that concerns the session changes nothing else', sessionCases],
  ['a statement that writes rows says how far it reaches', writeCases],
  ['a definition is told from a destruction', definitionCases],
  ['a statement about who may do what is a matter of privilege', privilegeCases],
  ['a statement that reaches the server itself is server access', serverCases],
  ['an effect counts wherever it hides', hiddenCases],
  ['text that only looks dangerous is not', harmlessTwins],
];

describe.each(groups)('%s', (_promise, cases) => {
  it.each(cases)('%s', (sql, expected) => {
    expect(kindsOf(sql)).toBe(expected.split(' ').sort().join(' '));
  });
});

describe('the reach of a condition', () => {
  it.each(alwaysTrueConditions)('WHERE %s narrows nothing', (condition) => {
    expect(kindsOf(`DELETE FROM t WHERE ${condition}`)).toContain('delete:alwaysTrue');
    expect(kindsOf(`UPDATE t SET a = 1 WHERE ${condition}`)).toContain('update:alwaysTrue');
  });

  it.each(realConditions)('WHERE %s narrows', (condition) => {
    expect(kindsOf(`DELETE FROM t WHERE ${condition}`)).toContain('delete:real');
  });

  it('a self join narrows nothing', () => {
    expect(kindsOf('DELETE FROM t USING t AS other WHERE t.id = other.id')).toContain('delete:alwaysTrue');
    expect(kindsOf('UPDATE t SET a = 1 FROM t x JOIN u ON true WHERE x.id = t.id')).toContain('alwaysTrue');
    expect(kindsOf('DELETE FROM t USING u WHERE t.id = u.id')).toContain('delete:real');
    expect(kindsOf('DELETE FROM now.t USING old.t x WHERE t.id = x.id')).toContain('delete:real');
  });

  it('a condition on other relations alone narrows nothing', () => {
    expect(kindsOf('DELETE FROM t USING u WHERE u.id = 5')).toContain('delete:alwaysTrue');
    expect(kindsOf('DELETE FROM t USING t x WHERE x.id = 5')).toContain('delete:alwaysTrue');
    expect(kindsOf('DELETE FROM t USING (SELECT 1 AS a) s WHERE s.a = 1')).toContain('delete:alwaysTrue');
    expect(kindsOf('UPDATE t SET a = 1 FROM u WHERE u.id = 5 AND t.id = u.id')).toContain('update:real');
    expect(kindsOf('UPDATE t AS z SET a = 1 FROM u WHERE z.id = 5')).toContain('update:real');
    expect(kindsOf('MERGE INTO t USING u ON u.id = 5 WHEN MATCHED THEN DELETE')).toContain(
      'delete:alwaysTrue',
    );
  });
});

describe('names', () => {
  const relations = (sql: string) =>
    factsOf(sql).relations.map(({ schema, name }) => (schema === undefined ? name : `${schema}.${name}`));

  it('every relation counts once, wherever it is named', () => {
    expect(relations('SELECT * FROM a, s.b JOIN ONLY c USING (x) WHERE y IN (SELECT z FROM a)')).toEqual([
      'a',
      's.b',
      'c',
    ]);
    expect(relations('CREATE TABLE n (x int REFERENCES r) INHERITS (p)')).toEqual(['n', 'r', 'p']);
    expect(relations('DROP TABLE a, s.b')).toEqual(['a', 's.b']);
    expect(relations('GRANT SELECT ON a TO PUBLIC')).toEqual(['a']);
  });

  it('a WITH name hides a table of that name exactly as far as PostgreSQL lets it', () => {
    expect(relations('WITH t AS (SELECT 1) SELECT * FROM t')).toEqual([]);
    expect(relations('WITH t AS (SELECT * FROM t) SELECT * FROM t')).toEqual(['t']);
    expect(relations('WITH RECURSIVE t AS (SELECT * FROM t) SELECT * FROM t')).toEqual([]);
    expect(relations('WITH a AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM b')).toEqual([]);
    expect(relations('WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a')).toEqual(['b']);
    expect(relations('WITH t AS (SELECT 1) SELECT * FROM public.t')).toEqual(['public.t']);
    expect(relations('SELECT * FROM (WITH t AS (SELECT 1) SELECT * FROM t) x, t')).toEqual(['t']);
    expect(relations('WITH t AS (SELECT 1) DELETE FROM t')).toEqual(['t']);
  });

  it('functions are named as the text names them', () => {
    expect(factsOf('SELECT lower(x), app.f(y), extract(year FROM z)').functions).toEqual([
      'lower',
      'app.f',
      'extract',
    ]);
  });

  it('names in attribute notation are told, since they may be calls', () => {
    expect(factsOf('SELECT (u).secret, u.mail, plain FROM u').attributeNames).toEqual(['secret', 'mail']);
  });
});

describe('facts for the session', () => {
  it('says what has to be remembered of prepared statements', () => {
    const facts = factsOf('PREPARE "Q" AS DELETE FROM t WHERE id = $1');
    expect(facts.role).toMatchObject({
      kind: 'prepare',
      name: 'Q',
      inner: { node: 'DeleteStmt', readOnly: false },
    });
    expect(factsOf('EXECUTE q').role).toEqual({ kind: 'execute', name: 'q' });
    expect(factsOf('EXPLAIN ANALYZE EXECUTE q').role).toEqual({ kind: 'execute', name: 'q' });
    expect(factsOf('CREATE TABLE x AS EXECUTE q').role).toEqual({ kind: 'execute', name: 'q' });
    expect(factsOf('EXPLAIN ANALYZE CREATE TABLE x AS EXECUTE q').role).toEqual({
      kind: 'execute',
      name: 'q',
    });
    expect(factsOf('DEALLOCATE q').role).toEqual({ kind: 'deallocate', name: 'q' });
    expect(factsOf('DEALLOCATE ALL').role).toEqual({ kind: 'deallocate', name: undefined });
    expect(factsOf('DISCARD ALL').role).toEqual({ kind: 'deallocate', name: undefined });
    expect(factsOf('DISCARD PLANS').role).toEqual({ kind: 'plain' });
  });

  it('tells COPY with the client from COPY on the server', () => {
    expect(factsOf('COPY t FROM STDIN').role).toEqual({ kind: 'copyIn' });
    expect(factsOf('COPY (SELECT 1) TO STDOUT').role).toEqual({ kind: 'copyOut' });
    expect(factsOf("COPY t TO '/x'").role).toEqual({ kind: 'plain' });
  });

  it('is read-only only where nothing can change', () => {
    const readOnly = [
      'SELECT 1',
      'BEGIN',
      'SET a.b = 1',
      'LOCK t IN ACCESS SHARE MODE',
      'SHOW ALL',
      'EXPLAIN DELETE FROM t',
    ];
    for (const sql of readOnly) {
      expect(factsOf(sql).readOnly, sql).toBe(true);
    }
    const changing = [
      'SELECT f()',
      'SELECT * FROM t FOR SHARE',
      'LOCK t',
      'INSERT INTO t VALUES (1)',
      'SELECT pg_sleep(1)',
    ];
    for (const sql of changing) {
      expect(factsOf(sql).readOnly, sql).toBe(false);
    }
  });

  it('carries settings with their values', () => {
    const [effect] = factsOf("SET Client_Encoding TO 'SJIS'").effects;
    expect(effect).toMatchObject({ kind: 'session', setting: 'client_encoding', value: 'SJIS' });
    expect(factsOf("SET NAMES 'LATIN1'").effects[0]).toMatchObject({
      setting: 'client_encoding',
      value: 'LATIN1',
    });
    // Encodings by their bare names, as the server reads them: asyncpg quotes the quotes too.
    for (const spelt of ["'utf-8'", "'''utf-8'''", "'U T_F 8'"]) {
      const [found] = factsOf(`SET client_encoding = ${spelt}`).effects;
      expect(found?.value?.toLowerCase(), spelt).toBe('utf8');
    }
    expect(factsOf("SET client_encoding = 'utf\u00e98'").effects[0]).toMatchObject({ value: 'utf\u00e98' });
    expect(factsOf('SET standard_conforming_strings = off').effects[0]).toMatchObject({ value: 'off' });
    expect(factsOf('SET TRANSACTION READ WRITE').effects[0]).toMatchObject({
      setting: 'transaction_read_only',
      value: 'off',
    });
    expect(factsOf('BEGIN READ ONLY').effects[1]).toMatchObject({
      setting: 'transaction_read_only',
      value: 'on',
    });
  });

  it('names lock modes, temporary objects and two-phase commits', () => {
    expect(factsOf('LOCK TABLE t').effects[0]).toMatchObject({ lockMode: 8, relation: { name: 't' } });
    expect(factsOf('LOCK TABLE t IN SHARE MODE').effects[0]).toMatchObject({ lockMode: 5 });
    expect(factsOf('CREATE TEMP TABLE t (a int)').effects[0]).toMatchObject({
      kind: 'create',
      temporary: true,
    });
    expect(factsOf('SELECT 1 INTO TEMP x').effects[0]).toMatchObject({ kind: 'create', temporary: true });
    expect(factsOf('CREATE TABLE t (a int)').effects[0]).not.toHaveProperty('temporary');
    expect(factsOf("PREPARE TRANSACTION 'x'").effects[0]).toMatchObject({ object: 'prepared transaction' });
  });
});

describe('a message', () => {
  it('is cut into its statements, each with its own text and offset in bytes', () => {
    const facts = analyser.analyse(" SELECT 'é' ; /* x */ DROP TABLE t;; SELECT 2 ");
    expect(facts.map(({ text, offset, node }) => [text, offset, node])).toEqual([
      ["SELECT 'é'", 1, 'SelectStmt'],
      ['DROP TABLE t', 23, 'DropStmt'],
      ['SELECT 2', 38, 'SelectStmt'],
    ]);
  });

  it('that is empty has no statements', () => {
    expect(analyser.analyse('')).toEqual([]);
    expect(analyser.analyse(' ; -- nothing\n;')).toEqual([]);
  });

  it('has a fingerprint per statement that does not depend on constants', () => {
    const [a, b] = analyser.analyse("SELECT 1 WHERE x = 'a'; SELECT 2 WHERE x = 'b'");
    expect(a?.fingerprint).toMatch(/^[0-9a-f]{16}$/);
    expect(a?.fingerprint).toBe(b?.fingerprint);
  });

  it('is remembered by its text', () => {
    expect(analyser.analyse('SELECT 42')).toBe(analyser.analyse('SELECT 42'));
  });
});
