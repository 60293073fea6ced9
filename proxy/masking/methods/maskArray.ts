/** Arrays are masked element by element, in text and in binary; NULLs, dimensions and the number of elements stay. */
import type { Mask } from '../maskValue.ts';

const comma = 0x2c;
const open = 0x7b;
const close = 0x7d;
const quote = 0x22;
const backslash = 0x5c;
const mostDimensions = 6; // MAXDIM

/** `{a,"b c",NULL}` (array_out; manual, 8.15.6). With bounds (`[2:3]={…}`), or not whole: NULL. */
export function maskArrayText(element: Mask): Mask {
  return (source, start, end) => {
    if (end - start < 2 || source[start] !== open || source[end - 1] !== close) return undefined;
    const parts: string[] = [];
    let depth = 0;
    let at = start;
    while (at < end) {
      const byte = source[at] as number; // within bounds
      if (byte === open || byte === close || byte === comma) {
        depth += byte === open ? 1 : byte === close ? -1 : 0;
        if (depth < 0 || (depth === 0 && at !== end - 1)) return undefined;
        parts.push(String.fromCharCode(byte));
        at++;
        continue;
      }
      const value = readElement(source, at, end);
      if (value === undefined) return undefined;
      at = value.next;
      const masked = value.bytes === undefined ? undefined : element(value.bytes, 0, value.bytes.length);
      parts.push(masked === undefined ? 'NULL' : quoteElement(masked.toString()));
    }
    return depth === 0 ? Buffer.from(parts.join('')) : undefined;
  };
}

/** @returns no bytes for NULL; undefined where it does not end. */
function readElement(
  source: Buffer,
  start: number,
  end: number,
): { readonly bytes: Buffer | undefined; readonly next: number } | undefined {
  if (source[start] !== quote) {
    let at = start;
    while (at < end && source[at] !== comma && source[at] !== close) at++;
    const bytes = source.subarray(start, at);
    return { bytes: bytes.toString('latin1') === 'NULL' ? undefined : bytes, next: at };
  }
  const bytes: number[] = [];
  for (let at = start + 1; at < end; at++) {
    const byte = source[at] as number; // within bounds
    if (byte === quote) return { bytes: Buffer.from(bytes), next: at + 1 };
    if (byte === backslash) at++;
    bytes.push(source[at] as number);
  }
  return undefined;
}

/** Quoted only where array_out would quote: the value must read back the same, and look the same. */
function quoteElement(text: string): string {
  const isPlain = text !== '' && !/[\s{},"\\]/.test(text) && text.toLowerCase() !== 'null';
  return isPlain ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** Dimensions, whether there are NULLs, type of the elements, each dimension's size and lower bound, elements (array_send). */
export function maskArrayBinary(element: Mask): Mask {
  return (source, start, end) => {
    if (end - start < 12) return undefined;
    const dimensions = source.readInt32BE(start);
    const headEnd = start + 12 + 8 * dimensions;
    if (dimensions < 0 || dimensions > mostDimensions || headEnd > end) return undefined;
    let count = dimensions === 0 ? 0 : 1;
    for (let i = 0; i < dimensions; i++) count *= source.readUInt32BE(start + 12 + 8 * i);
    const head = Buffer.from(source.subarray(start, headEnd));
    const parts: Buffer[] = [head];
    let at = headEnd;
    for (let i = 0; i < count; i++) {
      if (at + 4 > end) return undefined;
      const length = source.readInt32BE(at);
      at += 4;
      if (length < -1 || at + length > end) return undefined;
      const masked = length < 0 ? undefined : element(source, at, at + length);
      if (length > 0) at += length;
      const size = Buffer.allocUnsafe(4);
      size.writeInt32BE(masked === undefined ? -1 : masked.length, 0);
      parts.push(size);
      if (masked === undefined) head.writeInt32BE(1, 4);
      else parts.push(masked);
    }
    return at === end ? Buffer.concat(parts) : undefined;
  };
}
