/** A buffer that grows: rewritten messages gather in it and leave the process together. */

/** Large enough that a socket's read of rows, rewritten, usually fits. */
const firstBytes = 96 * 1024;

export class OutputBuffer {
  buffer: Buffer = Buffer.allocUnsafeSlow(firstBytes);
  /** Bytes in use. */
  length = 0;

  /** Makes room for `count` more bytes after `length`. */
  reserve(count: number): void {
    const wanted = this.length + count;
    if (wanted <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }

  append(source: Buffer, from: number, to: number): void {
    this.reserve(to - from);
    source.copy(this.buffer, this.length, from, to);
    this.length += to - from;
  }

  appendByte(byte: number): void {
    this.reserve(1);
    this.buffer[this.length++] = byte;
  }

  appendInt32(value: number): void {
    this.reserve(4);
    this.buffer.writeInt32BE(value, this.length);
    this.length += 4;
  }
}
