/** Rows are taken out of the bytes of a server, however these are cut. */
import { describe, expect, it } from 'vitest';
import { RowStore } from '../../../extension/console/results/rowStore.ts';
import { RowDiversion } from '../../../extension/console/session/rowDiversion.ts';

/** One message of the server. */
function message(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.write(type, 0, 'latin1');
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

function dataRow(...cells: (string | null)[]): Buffer {
  const parts = cells.flatMap((cell) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(cell === null ? -1 : Buffer.byteLength(cell));
    return cell === null ? [length] : [length, Buffer.from(cell)];
  });
  return message('D', Buffer.concat([Buffer.from([0, cells.length]), ...parts]));
}

const notice = message('N', Buffer.from('SNOTICE\0\0'));
const command = message('C', Buffer.from('SELECT 3\0'));
const ready = message('Z', Buffer.from('I'));
const rows = [['1', null, ''], ['2', 'žluťoučký 🐎', 'y'.repeat(300)], []];
const answer = Buffer.concat([
  notice,
  dataRow(...(rows[0] ?? [])),
  notice,
  dataRow(...(rows[1] ?? [])),
  dataRow(),
  command,
  ready,
]);

/** What came, in its order: `row` for a row, the types of the messages for others. */
function divert(pieces: readonly Buffer[]): { store: RowStore; order: string; others: Buffer } {
  const store = new RowStore();
  const others: Buffer[] = [];
  let order = '';
  const diversion = new RowDiversion(
    (bytes, start, end) => {
      store.appendDataRow(bytes, start, end);
      order += ' row';
    },
    (bytes) => {
      others.push(Buffer.from(bytes));
      for (let at = 0; at < bytes.length; at += 1 + bytes.readInt32BE(at + 1))
        order += ` ${String.fromCharCode(bytes[at] ?? 0)}`;
    },
  );
  for (const piece of pieces) {
    const read = Buffer.from(piece);
    diversion.take(read);
    read.fill(0xff); // the next piece is read into the same place
  }
  return { store, order: order.trim(), others: Buffer.concat(others) };
}

describe('what the server sends', () => {
  it('is parted into rows and other messages, in their order, wherever it is cut', () => {
    for (let size = 1; size <= answer.length; size++) {
      const pieces = Array.from({ length: Math.ceil(answer.length / size) }, (_, index) =>
        answer.subarray(index * size, (index + 1) * size),
      );
      const { store, order, others } = divert(pieces);
      expect(order).toBe('N row N row row C Z');
      expect(store.window(0, 9)).toEqual(rows);
      expect(others.equals(Buffer.concat([notice, notice, command, ready]))).toBe(true);
    }
  });

  it('puts a row of many pieces together once', () => {
    const long = dataRow('z'.repeat(20_000_000));
    const pieces = Array.from({ length: Math.ceil(long.length / 1_000) }, (_, index) =>
      long.subarray(index * 1_000, (index + 1) * 1_000),
    );
    const startedAt = performance.now();
    const { store } = divert([...pieces, ready]);
    expect(store.window(0, 1)[0]?.[0]?.length).toBe(20_000_000);
    // At every piece anew it would copy 200 GB.
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('never waits for a length that cannot be', () => {
    const broken = Buffer.from('X\0\0\0\0abc', 'latin1');
    const seen: Buffer[] = [];
    new RowDiversion(
      () => {},
      (bytes) => seen.push(Buffer.from(bytes)),
    ).take(broken);
    expect(Buffer.concat(seen).equals(broken)).toBe(true);
  });
});
