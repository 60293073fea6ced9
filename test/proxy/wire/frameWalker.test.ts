/** The walk over a stream of messages: split anywhere, every byte goes where its message's fate says, in order. */
import { describe, expect, it } from 'vitest';
import {
  checkLength,
  type FrameSink,
  FrameWalker,
  Partial,
  Verdict,
} from '../../../proxy/wire/frameWalker.ts';
import { WireError } from '../../../proxy/wire/protocol.ts';
import { Random } from '../../kit/random.ts';

const replacement = Buffer.from('<replaced>');
const injected = Buffer.from('<injected>');

/** The fate of a message is its type: f forward, r replace, i inject before it, h hold once, p pass in pieces, d drop. */
class Recorder implements FrameSink {
  readonly walker = new FrameWalker(this);
  readonly sent: Buffer[] = [];
  readonly seen: string[] = [];
  holds = 0;
  #isSecondLook = false;

  checkHeader(type: number, length: number): void {
    checkLength(type, length, 100_000_000);
  }

  onPartial(type: number): Partial {
    if (type === 0x70) return Partial.pass;
    return type === 0x64 ? Partial.drop : Partial.gather;
  }

  forward(buffer: Buffer, start: number, end: number): void {
    this.sent.push(Buffer.from(buffer.subarray(start, end)));
  }

  onMessage(type: number, buffer: Buffer, start: number, end: number): Verdict {
    const letter = String.fromCharCode(type);
    if (letter === 'h' && !this.#isSecondLook) {
      this.#isSecondLook = true;
      this.holds++;
      return Verdict.hold;
    }
    this.#isSecondLook = false;
    this.seen.push(letter + buffer.toString('latin1', start + 5, end));
    if (letter === 'd') return Verdict.taken;
    if (letter === 'i' || letter === 'r') {
      this.walker.cut();
      this.sent.push(letter === 'i' ? injected : replacement);
    }
    return letter === 'r' ? Verdict.taken : Verdict.forward;
  }
}

function message(letter: string, body: Buffer): Buffer {
  const bytes = Buffer.alloc(5 + body.length);
  bytes.write(letter, 0, 'latin1');
  bytes.writeInt32BE(4 + body.length, 1);
  body.copy(bytes, 5);
  return bytes;
}

function fateOf(whole: Buffer): Buffer {
  const letter = String.fromCharCode(whole[0] ?? 0);
  if (letter === 'r') return replacement;
  if (letter === 'd') return Buffer.alloc(0);
  return letter === 'i' ? Buffer.concat([injected, whole]) : whole;
}

describe('FrameWalker', () => {
  it('sends the same bytes however the stream is split', () => {
    const random = new Random(7);
    for (let round = 0; round < 300; round++) {
      const messages = Array.from({ length: 1 + random.below(30) }, () =>
        message(
          random.pick(['f', 'f', 'f', 'r', 'i', 'h', 'p', 'd']),
          random.bytes(random.below(random.pick([1, 8, 300]))),
        ),
      );
      const stream = Buffer.concat(messages);
      const recorder = new Recorder();
      // One buffer for every read, as a socket with a fixed buffer has it: nothing may rely on old contents.
      const readBuffer = Buffer.alloc(400);
      for (let at = 0; at < stream.length; ) {
        const size = Math.min(stream.length - at, 1 + random.below(random.pick([1, 6, 400])));
        stream.copy(readBuffer, 0, at, at + size);
        recorder.walker.feed(readBuffer, size);
        readBuffer.fill(0xee);
        at += size;
        while (recorder.walker.isHeld && random.below(3) > 0) recorder.walker.resume();
      }
      while (recorder.walker.isHeld) recorder.walker.resume();
      expect(Buffer.concat(recorder.sent).equals(Buffer.concat(messages.map(fateOf)))).toBe(true);
      expect(recorder.holds).toBe(messages.filter((bytes) => bytes[0] === 0x68).length);
    }
  });

  it('forwards a run of untouched messages in one piece', () => {
    const recorder = new Recorder();
    const run = Buffer.concat(Array.from({ length: 100 }, () => message('f', Buffer.from('body'))));
    recorder.walker.feed(run, run.length);
    expect(recorder.sent.length).toBe(1);
  });

  it('shows messages behind a held one only after it', () => {
    const recorder = new Recorder();
    const stream = Buffer.concat([message('h', Buffer.from('1')), message('f', Buffer.from('2'))]);
    recorder.walker.feed(stream, stream.length);
    expect(recorder.seen).toEqual([]);
    recorder.walker.resume();
    expect(recorder.seen).toEqual(['h1', 'f2']);
  });

  it('does not set memory aside for a length that is only claimed', () => {
    const recorder = new Recorder();
    const head = message('f', Buffer.alloc(0));
    head.writeInt32BE(90_000_000, 1);
    const before = process.memoryUsage().arrayBuffers;
    recorder.walker.feed(head, head.length);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  it.each([0, 3, -1, 100_000_001])('refuses the length %i', (length) => {
    const recorder = new Recorder();
    const head = message('f', Buffer.alloc(0));
    head.writeInt32BE(length, 1);
    expect(() => recorder.walker.feed(head, head.length)).toThrow(WireError);
  });
});
