/** The parts of the console that need neither an editor nor a server. */
import { describe, expect, it } from 'vitest';
import { describeType } from '../../../extension/console/results/columnType.ts';
import { formatRows } from '../../../extension/console/results/copyFormats.ts';
import { readNotice } from '../../../extension/console/results/notices.ts';
import { ResultRun } from '../../../extension/console/results/resultRun.ts';
import { titleOf } from '../../../extension/console/results/resultTitle.ts';
import { cellOf, copyOf, windowOf } from '../../../extension/console/results/resultWindow.ts';
import { placeOf } from '../../../extension/console/session/resultProblem.ts';
import { statementAt } from '../../../extension/console/statementAt.ts';

const target = { connection: 'shop', environment: 'development' };
const text = (name: string) => ({ name, dataTypeID: 25, dataTypeModifier: -1 });

describe('the statement at the cursor', () => {
  /** The place of the cursor is written as |. */
  function pick(marked: string): string | undefined {
    const cursor = marked.indexOf('|');
    const whole = marked.replace('|', '');
    const statements = [...whole.matchAll(/SELECT \d/g)].map(({ index, 0: found }) => ({
      start: index,
      end: index + found.length,
    }));
    const picked = statementAt(statements, whole, cursor);
    return picked && whole.slice(picked.start, picked.end);
  }

  it('is the one around it, its ends included', () => {
    expect(pick('SELECT 1;\nSEL|ECT 2;')).toBe('SELECT 2');
    expect(pick('SELECT 1|; SELECT 2')).toBe('SELECT 1');
    expect(pick('SELECT 1; |SELECT 2')).toBe('SELECT 2');
  });

  it('is the one before, after its semicolon and on the line below', () => {
    expect(pick('SELECT 1;|\nSELECT 2')).toBe('SELECT 1');
    expect(pick('SELECT 1;  |')).toBe('SELECT 1');
    expect(pick('SELECT 1;\n|')).toBe('SELECT 1');
  });

  it('is the one that a comment stands above', () => {
    expect(pick('SELECT 1;\n\n-- the sec|ond\nSELECT 2;')).toBe('SELECT 2');
    expect(pick('-- one\n-- t|wo\nSELECT 2;')).toBe('SELECT 2');
  });

  it('is none in open space', () => {
    expect(pick('SELECT 1;\n\n|\n\nSELECT 2;')).toBeUndefined();
    expect(pick('-- far a|way\n\nSELECT 2;')).toBeUndefined();
    expect(pick('|')).toBeUndefined();
  });
});

describe('notices of the proxy', () => {
  const detail = JSON.stringify({
    columns: [{ index: 1, name: 'email', classification: 'pii.email', method: 'partial' }],
  });

  it('mark the masked columns, whether they come before the columns or after', () => {
    for (const isFirst of [true, false]) {
      const run = new ResultRun('SELECT', target);
      if (isFirst) run.addNotice({ code: '01P01', message: 'masked', detail });
      run.startRows([text('id'), text('email')]);
      if (!isFirst) run.addNotice({ code: '01P01', message: 'masked', detail });
      expect(run.snapshot().columns.map(({ mask }) => mask)).toEqual([
        undefined,
        { classification: 'pii.email', method: 'partial' },
      ]);
    }
  });

  it('say why columns are masked, or not, and where they come from', () => {
    const why = 'Masked (partial) as pii.email: the column is named email.';
    const masked = { index: 1, name: 'email', classification: 'pii.email', method: 'partial', why };
    const told = JSON.stringify({
      columns: [{ ...masked, source: 'public.customers.email' }],
      clear: [
        { index: 0, why: 'Not masked: nothing protected is in it.' },
        { index: 2, why: 3 },
      ],
    });
    const run = new ResultRun('SELECT', target);
    run.addNotice({ code: '01P01', message: 'masked', detail: told });
    run.startRows([text('id'), text('email'), text('x')]);
    expect(run.snapshot().columns.map((column) => column.why)).toEqual([
      'Not masked: nothing protected is in it.',
      `${why} From public.customers.email.`,
      undefined,
    ]);
  });

  it('belong to the next rows where the last ones have ended', () => {
    const run = new ResultRun('SELECT; SELECT', target);
    run.startRows([text('a'), text('b')]);
    run.endCommand('SELECT 0');
    run.addNotice({ code: '01P01', detail });
    run.startRows([text('c'), text('email')]);
    expect(run.snapshot().columns[1]).toMatchObject({ name: 'email', mask: { method: 'partial' } });
  });

  it('say that the statement waits, until its rows come', () => {
    const run = new ResultRun('DELETE', target);
    run.addNotice({ code: '01P02', message: 'Waits for a reviewer', detail: '{"request":"r7"}' });
    expect(run.state).toEqual({ kind: 'held', request: 'r7', message: 'Waits for a reviewer' });
    run.endCommand('DELETE 3');
    expect(run.state).toEqual({ kind: 'running' });
    run.end({ kind: 'done' });
    expect(run.snapshot()).toMatchObject({ state: { kind: 'done' }, commands: ['DELETE 3'] });
  });

  it('are shown as words where they are of the server, or cannot be read', () => {
    expect(readNotice({ code: '00000', severity: 'NOTICE', message: 'hello' })).toEqual({
      kind: 'words',
      text: 'NOTICE: hello',
    });
    for (const bad of ['{', '[]', 'null', '{"columns":3}'])
      expect(readNotice({ code: '01P01', message: 'm', detail: bad }).kind).toBe('words');
    expect(readNotice({ code: '01P01', detail: '{"columns":[{"index":"0"}]}' })).toEqual({
      kind: 'masked',
      columns: [],
      clear: [],
    });
  });
});

describe('windows of a result', () => {
  it('cut long texts, and give them whole on demand', () => {
    const run = new ResultRun('SELECT', target);
    run.startRows([text('a')]);
    run.addRow(['x'.repeat(5_000)]);
    run.addRow([null]);
    expect(windowOf(run, 0, 10)).toMatchObject({
      offset: 0,
      rowSet: 1,
      rows: [[{ start: 'x'.repeat(1_000), length: 5_000 }], [null]],
    });
    expect(cellOf(run, 0, 0)).toMatchObject({ value: 'x'.repeat(5_000) });
  });

  it('are copied as the range says, and never more than a clipboard should hold', () => {
    const run = new ResultRun('SELECT', target);
    run.startRows([text('a'), text('b'), text('c')]);
    for (let row = 0; row < 2_500; row++) run.addRow([`a${row}`, `b${row}`, null]);
    const range = { firstRow: 999, lastRow: 1_000, firstColumn: 1, lastColumn: 2 };
    expect(copyOf(run, 'tsv', range, true)).toBe('b\tc\nb999\t\nb1000\t');
    run.startRows([text('a')]);
    for (let row = 0; row < 60; row++) run.addRow(['y'.repeat(1_000_000)]);
    expect(
      copyOf(run, 'csv', { firstRow: 0, lastRow: 59, firstColumn: 0, lastColumn: 0 }, true),
    ).toBeUndefined();
  });
});

describe('copies', () => {
  const names = ['id', 'note', 'note'];
  const rows = [
    ['1', 'a "quote", and\nlines', null],
    ['12345678901234567890', '', 'x|<b>\ty'],
  ];

  it('are TSV whose cells hold neither tabs nor lines', () => {
    expect(formatRows('tsv', names, rows, false)).toBe(
      '1\ta "quote", and lines\t\n12345678901234567890\t\tx|<b> y',
    );
  });

  it('are CSV that tells NULL from the empty text', () => {
    expect(formatRows('csv', names, rows, true)).toBe(
      'id,note,note\r\n1,"a ""quote"", and\nlines",\r\n12345678901234567890,"",x|<b>\ty\r\n',
    );
  });

  it('are JSON that loses neither digits nor columns', () => {
    expect(JSON.parse(formatRows('json', names, rows, true))).toEqual([
      { id: '1', note: 'a "quote", and\nlines', 'note 2': null },
      { id: '12345678901234567890', note: '', 'note 2': 'x|<b>\ty' },
    ]);
  });

  it('are Markdown that stays one table', () => {
    expect(formatRows('markdown', names, rows, true)).toBe(
      '| id | note | note |\n| --- | --- | --- |\n| 1 | a "quote", and<br>lines | NULL |\n| 12345678901234567890 |  | x\\|&lt;b>\ty |',
    );
  });
});

describe('what stands around the rows', () => {
  it('names types with their length and precision', () => {
    expect(describeType(1700, ((10 << 16) | 2) + 4)).toBe('numeric(10,2)');
    expect(describeType(1700, ((5 << 16) | (-2 & 0x7ff)) + 4)).toBe('numeric(5,-2)');
    expect(describeType(1043, 44)).toBe('varchar(40)');
    expect(describeType(1184, -1)).toBe('timestamptz');
    expect(describeType(16_405, -1)).toBe('type 16405');
  });

  it('finds the line of an error by characters, not by UTF-16 units', () => {
    expect(placeOf("SELECT '🐎🐎',\n nmae", 15)).toEqual({ line: 2, column: 2, text: ' nmae' });
  });

  it('titles a result by its tables, or not at all', async () => {
    expect(await titleOf('SELECT * FROM customers c JOIN sales.orders o ON o.customer_id = c.id')).toBe(
      'customers, sales.orders',
    );
    expect(await titleOf('this is no SQL')).toBe('');
    expect(await titleOf('SELECT 1')).toBe('');
  });
});
