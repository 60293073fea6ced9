/** The parser survives whatever it is given, and says where a text is wrong as PostgreSQL does. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PortcullisError } from '../../../proxy/kit/errors.ts';
import { loadParser, positionOfByte, type SqlParser } from '../../../proxy/sql/parser.ts';
import { maxStatementBytes } from '../../../proxy/sql/parsing/textGuards.ts';

let parser: SqlParser;

beforeAll(async () => {
  parser = await loadParser();
});

afterAll(async () => {
  await parser.close();
});

function errorOf(run: () => unknown): PortcullisError {
  try {
    run();
  } catch (error) {
    if (PortcullisError.is(error)) {
      return error;
    }
    throw error;
  }
  throw new Error('nothing was thrown');
}

async function rejectionOf(promise: Promise<unknown>): Promise<PortcullisError> {
  const result: unknown = await promise.catch((error: unknown) => error);
  if (PortcullisError.is(result)) {
    return result;
  }
  throw new Error('nothing was thrown');
}

const deepSums = (count: number) => `SELECT ${'1+'.repeat(count)}1`;
const deepSelects = (count: number) => `${'(SELECT '.repeat(count)}1${')'.repeat(count)}`;
const nestedComments = (count: number) => `SELECT 1 ${'/*'.repeat(count)}${'*/'.repeat(count)}`;

describe('a text that is wrong', () => {
  it('is refused with the message and the position that PostgreSQL gives, in characters', () => {
    const error = errorOf(() => parser.parse("SELECT 'é😀' FROM WHERE x"));
    expect(error.code).toBe('STATEMENT_NOT_PARSED');
    expect(error.sqlState).toBe('42601');
    expect(error.message).toBe('syntax error at or near "WHERE"');
    expect(error.position).toBe(18);
  });

  it('with a NUL is refused, because the parser would not see what follows it', () => {
    const error = errorOf(() => parser.parse('SELECT 1;\0 DROP TABLE t'));
    expect(error.code).toBe('STATEMENT_NOT_PARSED');
    expect(error.position).toBe(10);
  });

  it('that is not Unicode is refused', () => {
    expect(errorOf(() => parser.parse("SELECT '\ud800'")).code).toBe('STATEMENT_NOT_PARSED');
  });

  it('that is too long is refused before it is parsed', () => {
    const error = errorOf(() => parser.parse(`SELECT '${'é'.repeat(maxStatementBytes / 2)}'`));
    expect(error.code).toBe('STATEMENT_TOO_LONG');
    expect(error.message).toContain(String(maxStatementBytes));
  });
});

describe('a text that is hostile', () => {
  const hostile = [
    deepSums(30_000),
    deepSelects(4000),
    nestedComments(20_000),
    `SELECT ${'+'.repeat(9000)}1`,
    `SELECT ${'f('.repeat(4000)}1${')'.repeat(4000)}`,
    `SELECT 1${' UNION SELECT 1, 2'.repeat(3000)}`,
    `SELECT ${'NOT '.repeat(5000)}true`,
    `SELECT ${'['.repeat(5000)}`,
  ];

  it('is never called simple', () => {
    for (const text of hostile) {
      expect(parser.isSimple(text), text.slice(0, 30)).toBe(false);
    }
  });

  it('does not spoil the parser for the next one', async () => {
    for (let round = 0; round < 40; round++) {
      const error = errorOf(() => parser.parse(deepSums(30_000)));
      expect(error.code).toBe('STATEMENT_TOO_COMPLEX');
      await new Promise((done) => setImmediate(done));
      expect(parser.parse('SELECT 1').statements).toHaveLength(1);
    }
  });

  it('is ended at its deadline, and the next text is parsed', async () => {
    const started = performance.now();
    const slow = rejectionOf(parser.parseInWorker(nestedComments(100_000), 300));
    const waiting = parser.parseInWorker('SELECT 1');
    expect((await slow).code).toBe('STATEMENT_TOO_COMPLEX');
    expect((await waiting).statements).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('is refused in the worker where its tree is too deep to walk', async () => {
    const error = await rejectionOf(parser.parseInWorker(deepSums(5000)));
    expect(error.code).toBe('STATEMENT_TOO_COMPLEX');
  });
});

describe('an everyday text', () => {
  it('is simple, also where it is long', () => {
    const rows = Array.from({ length: 1500 }, (_, i) => `(${i}, 'a name', $1, now())`).join(', ');
    expect(parser.isSimple(`INSERT INTO t VALUES ${rows}`)).toBe(true);
    const columns = Array.from({ length: 300 }, (_, i) => `t.column_${i} AS c${i}`).join(', ');
    expect(parser.isSimple(`SELECT ${columns} FROM t WHERE a = 1 AND b = 2`)).toBe(true);
  });

  it('is read by the worker as by the parser itself', async () => {
    for (const text of ['SELECT 1', '', 'DO $$ BEGIN DELETE FROM t; END $$', "SELECT 'é'; DROP TABLE t"]) {
      expect(await parser.parseInWorker(text)).toEqual(parser.parse(text));
    }
    const error = await rejectionOf(parser.parseInWorker("SELECT 'é' FROM WHERE"));
    expect([error.code, error.position]).toEqual(['STATEMENT_NOT_PARSED', 17]);
  });

  it('of many rows comes back from the worker without those that hold constants alone', async () => {
    const rows = "(1, 'x', $1, DEFAULT), ".repeat(50_000);
    const { statements } = await parser.parseInWorker(
      `INSERT INTO t VALUES ${rows}(1, 2, 3, (SELECT secret FROM u))`,
    );
    const tree = JSON.stringify(statements[0]?.tree);
    expect(tree.length).toBeLessThan(2000);
    expect(tree).toContain('secret');
  });
});

describe('tokens', () => {
  it('come with their bytes', () => {
    const text = 'SELECT \'é\', "Q" -- x';
    const bytes = Buffer.from(text);
    const tokens = parser
      .scan(text)
      .map(({ kind, start, end }) => [kind, bytes.subarray(start, end).toString()]);
    expect(tokens).toEqual([
      ['keyword', 'SELECT'],
      ['constant', "'é'"],
      ['symbol', ','],
      ['identifier', '"Q"'],
      ['comment', '-- x'],
    ]);
  });

  it('stay within the text and in order, whatever the text', () => {
    const alphabet = [...'aE\'"$\\/*-;1.é\n\u0001\t ?U&xb()[]:=,€😀'];
    let seed = 7;
    const next = (limit: number) => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % limit;
    };
    for (let round = 0; round < 5000; round++) {
      const text = Array.from({ length: 1 + next(30) }, () => alphabet[next(alphabet.length)]).join('');
      try {
        let end = 0;
        for (const token of parser.scan(text)) {
          expect(token.start).toBeGreaterThanOrEqual(end);
          end = token.end;
        }
        expect(end).toBeLessThanOrEqual(Buffer.byteLength(text));
      } catch (error) {
        if (!PortcullisError.is(error, 'STATEMENT_NOT_PARSED')) {
          throw error;
        }
      }
    }
  });

  it('are counted in characters for positions', () => {
    expect(positionOfByte("SELECT 'é', x", 13)).toBe(13);
    expect(positionOfByte('x', 0)).toBe(1);
  });
});

describe('fingerprints', () => {
  it('do not depend on constants', () => {
    expect(parser.fingerprint('SELECT 1')).toBe(parser.fingerprint('SELECT  2'));
    expect(parser.fingerprint('SELECT 1')).not.toBe(parser.fingerprint('SELECT 1 FROM t'));
    expect(errorOf(() => parser.fingerprint('SELECT FROM WHERE')).code).toBe('STATEMENT_NOT_PARSED');
  });
});

describe('a bundle', () => {
  it('finds its parser and its worker beside it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-bundle-'));
    try {
      const source = resolve(import.meta.dirname, '../../../proxy/sql');
      const common = { bundle: true, platform: 'node', format: 'cjs', logLevel: 'error' } as const;
      await build({
        ...common,
        entryPoints: [join(source, 'worker.ts')],
        outfile: join(folder, 'sqlWorker.cjs'),
      });
      await build({
        ...common,
        entryPoints: [join(source, 'analyser.ts')],
        outfile: join(folder, 'analyser.cjs'),
      });
      const wasm = createRequire(import.meta.url).resolve('libpg-query/wasm/libpg-query.wasm');
      copyFileSync(wasm, join(folder, 'libpg-query.wasm'));
      const script = `
        require('./analyser.cjs').loadAnalyser().then(async (analyser) => {
          const here = analyser.analyse('DELETE FROM t');
          const there = await analyser.analyseInWorker('TRUNCATE t');
          console.log(here[0].effects[0].kind, there[0].effects[0].kind);
          await analyser.close();
        });`;
      writeFileSync(join(folder, 'try.cjs'), script);
      const output = execFileSync(process.execPath, [join(folder, 'try.cjs')], { encoding: 'utf8' });
      expect(output.trim()).toBe('delete truncate');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
