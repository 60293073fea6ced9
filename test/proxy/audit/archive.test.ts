/** The archive's form where numbers need more than four bytes, which no test writes in full. */
import { describe, expect, it } from 'vitest';
import { crc32, directoryOf, type Entry } from '../../../proxy/audit/evidence/archive.ts';

const entry = (offset: number): Entry => ({ name: 'a', size: 3, crc: crc32(Buffer.from('abc')), offset });
const listOf = (entries: readonly Entry[], offset: number) =>
  Buffer.concat([...directoryOf(entries, offset)]);

describe('the list at the end of an archive', () => {
  it('is plain below 4 GiB (APPNOTE 4.3.12, 4.3.16)', () => {
    const list = listOf([entry(0)], 34);
    expect(list.length).toBe(46 + 1 + 22);
    expect(list.readUInt32LE(list.length - 6)).toBe(34);
  });

  it('says far offsets in ZIP64 (APPNOTE 4.5.3, 4.3.14, 4.3.15)', () => {
    const far = 5 * 2 ** 30;
    const list = listOf([entry(0), entry(far)], far + 34);
    const second = 46 + 1;
    expect(list.readUInt32LE(second)).toBe(0x02014b50);
    expect(list.readUInt32LE(second + 42)).toBe(0xffff_ffff);
    expect(list.readUInt16LE(second + 30)).toBe(12);
    const extra = second + 46 + 1;
    expect([list.readUInt16LE(extra), list.readUInt16LE(extra + 2)]).toEqual([1, 8]);
    expect(Number(list.readBigUInt64LE(extra + 4))).toBe(far);
    const end64 = extra + 12;
    expect(list.readUInt32LE(end64)).toBe(0x06064b50);
    expect(Number(list.readBigUInt64LE(end64 + 32))).toBe(2);
    expect(Number(list.readBigUInt64LE(end64 + 48))).toBe(far + 34);
    const locator = end64 + 56;
    expect(list.readUInt32LE(locator)).toBe(0x07064b50);
    expect(Number(list.readBigUInt64LE(locator + 8))).toBe(far + 34 + end64);
    expect(list.readUInt32LE(locator + 20)).toBe(0x06054b50);
    expect(list.length).toBe(locator + 20 + 22);
  });

  it('has the checksum of ISO 3309, piece by piece', () => {
    expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
    expect(crc32(Buffer.from('6789'), crc32(Buffer.from('12345')))).toBe(0xcbf43926);
  });
});
