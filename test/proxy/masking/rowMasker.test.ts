/** Rows as they are rewritten, byte by byte, and rows that are not what their description announced. */
import { describe, expect, it } from 'vitest';
import { PortcullisError } from '../../../proxy/kit/errors.ts';
import type { Mask } from '../../../proxy/masking/maskValue.ts';
import { OutputBuffer } from '../../../proxy/masking/outputBuffer.ts';
import { RowMasker } from '../../../proxy/masking/rowMasker.ts';
import { Random } from '../../kit/random.ts';

type Value = string | null;

/** One DataRow (manual, 55.7): 'D', int32 length, int16 count, then each value with its int32 length or -1. */
function buildRow(values: readonly Value[]): Buffer {
  const parts = values.map((value) => {
    const bytes = Buffer.from(value ?? '');
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : bytes.length);
    return Buffer.concat([length, bytes]);
  });
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(7);
  head.write('D', 0, 'latin1');
  head.writeInt32BE(body.length + 6, 1);
  head.writeInt16BE(values.length, 5);
  return Buffer.concat([head, body]);
}

const stars: Mask = () => Buffer.from('•••');
const toNull: Mask = () => undefined;
const long: Mask = () => Buffer.alloc(100_000, 0x2a);

function maskRow(row: Buffer, columns: readonly (Mask | undefined)[], out = new OutputBuffer()): Buffer {
  const start = out.length;
  new RowMasker({ columns, maskedColumns: [] }).maskRow(row, 0, row.length, out);
  return Buffer.from(out.buffer.subarray(start, out.length));
}

describe('a row', () => {
  it.each<[string, readonly Value[], readonly (Mask | undefined)[], readonly Value[]]>([
    ['in its only column', ['secret'], [stars], ['•••']],
    ['in its first column', ['secret', 'b', 'c'], [stars, undefined, undefined], ['•••', 'b', 'c']],
    ['in its last column', ['a', 'b', 'secret'], [undefined, undefined, stars], ['a', 'b', '•••']],
    ['in all columns', ['a', 'b'], [stars, toNull], ['•••', null]],
    ['to NULL', ['a', 'secret', 'c'], [undefined, toNull, undefined], ['a', null, 'c']],
    ['and leaves NULL as it is', [null, 'b', null], [stars, undefined, toNull], [null, 'b', null]],
    ['and takes an empty value for a value', ['', 'b'], [stars, undefined], ['•••', 'b']],
    ['into something much longer', ['a', 'b'], [long, undefined], ['*'.repeat(100_000), 'b']],
    ['beside large values', ['x'.repeat(300_000), 'b'], [undefined, stars], ['x'.repeat(300_000), '•••']],
    ['nowhere', ['a', null], [undefined, undefined], ['a', null]],
  ])('is masked %s', (_how, values, columns, wanted) => {
    expect(maskRow(buildRow(values), columns)).toEqual(buildRow(wanted));
  });

  it('comes out as a row built anew would, for any values and plans', () => {
    const random = new Random(7);
    const out = new OutputBuffer();
    for (let round = 0; round < 500; round++) {
      const count = random.below(12);
      const values = Array.from({ length: count }, () =>
        random.below(5) === 0 ? null : 'v'.repeat(random.below(random.below(4) === 0 ? 5_000 : 90)),
      );
      const columns = values.map(() => [undefined, stars, toNull, undefined][random.below(4)]);
      const wanted = values.map((value, index) => {
        const mask = columns[index];
        if (value === null || mask === undefined) return value;
        return mask === stars ? '•••' : null;
      });
      expect(maskRow(buildRow(values), columns, out)).toEqual(buildRow(wanted));
    }
  });

  it('is read where it lies in the buffer, and appended behind what is there', () => {
    const row = buildRow(['secret', 'b']);
    const source = Buffer.concat([Buffer.from('before'), row, Buffer.from('behind')]);
    const out = new OutputBuffer();
    const masker = new RowMasker({ columns: [stars, undefined], maskedColumns: [] });
    masker.maskRow(source, 6, 6 + row.length, out);
    masker.maskRow(source, 6, 6 + row.length, out);
    const wanted = buildRow(['•••', 'b']);
    expect(Buffer.from(out.buffer.subarray(0, out.length))).toEqual(Buffer.concat([wanted, wanted]));
  });
});

describe('a row with columns that are looked through', () => {
  const scan = (name: string) =>
    ({ name, relation: 20_000, attribute: 1, column: name, isArray: false, shape: 'text' }) as const;
  const plan = (masks: readonly (Mask | undefined)[], scans: readonly (string | undefined)[]) => ({
    columns: masks,
    maskedColumns: [],
    reasons: [],
    scans: scans.map((name) => (name === undefined ? undefined : scan(name))),
  });
  const none = [undefined, undefined, undefined];

  it('need not be rewritten where nothing is found, and is where something is', () => {
    const masker = new RowMasker(plan(none, ['a', undefined, 'c']));
    const must = (...values: Value[]) => {
      const row = buildRow(values);
      return masker.mustRewrite(row, 0, row.length);
    };
    expect(must('plain', 'x@mail.example', null)).toBe(false);
    expect(must('plain', 'b', 'x@mail.example')).toBe(true);
    expect(must('x@mail.example', null, 'c')).toBe(true);
  });

  it('is rewritten where something is found, and tells of it', () => {
    const told: string[] = [];
    const masker = new RowMasker(plan([undefined, stars, undefined], ['a', 'b', 'c']), (column, value) =>
      told.push(`${column.name} ${value.findings[0].form} ${value.isWhole}`),
    );
    const row = buildRow(['to x@mail.example now', 'b@mail.example', 'c@mail.example']);
    const out = new OutputBuffer();
    masker.maskRow(row, 0, row.length, out);
    expect(Buffer.from(out.buffer.subarray(0, out.length))).toEqual(buildRow(['to ••• now', '•••', '•••']));
    expect(told).toEqual(['a e-mail address false', 'c e-mail address true']);
  });

  it('is refused where it is not whole, although nothing of it would change', () => {
    const masker = new RowMasker(plan(none, ['a', 'b', 'c']));
    for (const row of [buildRow(['a', 'b']), buildRow(['a', 'b', 'c']).subarray(0, 20)]) {
      expect(() => masker.mustRewrite(row, 0, row.length)).toThrow(PortcullisError);
    }
  });
});

describe('a row that is not what its description announced', () => {
  function damage(change: (row: Buffer) => Buffer): void {
    const out = new OutputBuffer();
    const row = change(buildRow(['a', 'secret', 'c']));
    expect(() => maskRow(row, [undefined, stars, undefined], out)).toThrow(PortcullisError);
    expect(out.length).toBe(0); // nothing of it is left for the client
  }

  it.each<[string, (row: Buffer) => Buffer]>([
    ['with fewer columns', () => buildRow(['a', 'secret'])],
    ['with more columns', () => buildRow(['a', 'secret', 'c', 'd'])],
    ['cut within a length', (row) => row.subarray(0, 14)],
    ['cut within a value', (row) => row.subarray(0, 18)],
    ['cut within its head', (row) => row.subarray(0, 6)],
    ['with bytes behind it', (row) => Buffer.concat([row, Buffer.from('x')])],
    [
      'with a value longer than itself',
      (row) => {
        row.writeInt32BE(0x7fffffff, 12);
        return row;
      },
    ],
    [
      'with a length below that of NULL',
      (row) => {
        row.writeInt32BE(-2, 12);
        return row;
      },
    ],
  ])('is refused: %s', (_how, change) => damage(change));
});
