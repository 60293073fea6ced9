/** Signed notes, checkpoints, cosignatures and addresses of tiles, against the examples of their specifications. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  formatCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from '../../../../proxy/audit/log/checkpoint.ts';
import { checkCosignatures, cosign, findCosignatures } from '../../../../proxy/audit/log/cosignature.ts';
import { leafHash } from '../../../../proxy/audit/log/merkleTree.ts';
import {
  cosignatureType,
  formatNoteKey,
  noteKeyOf,
  openNote,
  parseNote,
  parseNoteKey,
  signNote,
} from '../../../../proxy/audit/log/signedNote.ts';
import { formatTilePath, parseTilePath } from '../../../../proxy/audit/log/tilePath.ts';

const makeSigner = (name: string) => ({ name, privateKey: generateKeyPairSync('ed25519').privateKey });

/** The example of golang.org/x/mod/sumdb/note, whose format C2SP wrote down. */
const sonnet = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;
const peter = parseNoteKey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');

describe('a signed note', () => {
  it('of others is opened with the key of its author', () => {
    const { text, keys } = openNote(sonnet, [peter]);
    expect(text).toBe(
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
    );
    expect(keys).toEqual([peter]);
    expect(formatNoteKey(peter)).toBe('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
  });

  it('is not believed where one bit of it is another', () => {
    const bytes = Buffer.from(sonnet);
    let held = 0;
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const note = changed.toString('utf8');
      if (!Buffer.from(note).equals(changed)) continue; // no text any more
      try {
        openNote(note, [peter]);
        held += 1;
      } catch {
        // as it must be
      }
    }
    expect(held).toBe(0);
  });

  it('is believed for one known key, whoever else has signed', () => {
    const [ours, other] = [makeSigner('log.example/a'), makeSigner('log.example/a')];
    const note = signNote('text\n\nwith an empty line\n', [other, ours]);
    expect(openNote(note, [noteKeyOf(ours)]).text).toBe('text\n\nwith an empty line\n');
    expect(parseNote(note).signatures.length).toBe(2);
    const alone = signNote('text\n', [other]);
    expect(() => openNote(alone, [noteKeyOf(ours)])).toThrow('none of the known keys');
  });

  it('is refused whole where a known key seems to have signed and has not', () => {
    const ours = makeSigner('log.example/a');
    const second = makeSigner('log.example/b');
    const forged = signNote('other\n', [ours]).split('\n').at(-2);
    const note = `${signNote('text\n', [second])}${forged}\n`;
    expect(() => openNote(note, [noteKeyOf(ours), noteKeyOf(second)])).toThrow('does not hold');
  });

  it('has to have the form of one', () => {
    const line = sonnet.split('\n')[3];
    for (const bad of [
      '',
      'text\n',
      'text\n\n',
      `text\n\n${line}`,
      `text\n${line}\n`,
      `te\txt\n\n${line}\n`,
      `text\r\n\n${line}\n`,
      `text\n\n${line} \n`,
      `text\n\n${line?.replace('—', '-')}\n`,
      `text\n\n${line?.replace('nAM=', 'nAN=')}\n`,
      `text\n\n— a+b AAAAAAAA\n`,
      `text\n\n— ab AAAA\n`,
      `text\n\n${`${line}\n`.repeat(101)}`,
    ]) {
      expect(() => parseNote(bad), JSON.stringify(bad)).toThrow(/note|signature/);
    }
    const signer = makeSigner('a b');
    expect(() => signNote('text\n', [signer])).toThrow('no spaces');
    expect(() => signNote('text', [makeSigner('a')])).toThrow('newline');
  });

  it('takes no key whose id is not its own, or of another kind', () => {
    const vkey = formatNoteKey(peter);
    expect(() => parseNoteKey(vkey.replace('c74f20a3', 'c74f20a4'))).toThrow('not that of its key');
    expect(() => parseNoteKey(vkey.replace('PeterNeumann', 'PeterNewman'))).toThrow('not that of its key');
    expect(() => parseNoteKey(vkey.replace('+AR', '+BR'))).toThrow('no Ed25519 key');
    expect(() => parseNoteKey('x')).toThrow('no Ed25519 key');
  });
});

describe('a checkpoint', () => {
  const log = makeSigner('log.example/portcullis');
  const checkpoint = { origin: log.name, size: 20852163, root: leafHash('root') };

  it('is three lines and a signature', () => {
    const root = leafHash('root').toString('base64');
    expect(formatCheckpoint(checkpoint)).toBe(`log.example/portcullis\n20852163\n${root}\n`);
    const note = signCheckpoint(checkpoint, [log]);
    expect(openCheckpoint(note, log.name, [noteKeyOf(log)])).toEqual(checkpoint);
  });

  it('of another log is not taken, though a known key has signed it', () => {
    const note = signCheckpoint({ ...checkpoint, origin: 'log.example/other' }, [log]);
    expect(() => openCheckpoint(note, log.name, [noteKeyOf(log)])).toThrow('of the log log.example/other');
  });

  it('may say more, in lines that are passed over', () => {
    expect(parseCheckpoint(`${formatCheckpoint(checkpoint)}more\n`)).toEqual(checkpoint);
  });

  it('has one form only', () => {
    const [origin, size, root] = formatCheckpoint(checkpoint).split('\n');
    for (const bad of [
      '',
      `${origin}\n${size}\n`,
      `${origin}\n${size}\n${root}`,
      `${origin}\n0${size}\n${root}\n`,
      `${origin}\n-1\n${root}\n`,
      `${origin}\n1e3\n${root}\n`,
      `${origin}\n99999999999999999999\n${root}\n`,
      `\n${size}\n${root}\n`,
      `${origin}\n${size}\n${root?.slice(4)}\n`,
      `${origin}\n${size}\n${root?.slice(0, -1)}\n`,
      `${origin}\n${size}\n${root}\n\n`,
    ]) {
      expect(() => parseCheckpoint(bad), JSON.stringify(bad)).toThrow(/it /);
    }
  });
});

describe('a cosignature', () => {
  const log = makeSigner('log.example/portcullis');
  const witness = makeSigner('witness.example/w1');
  const key = noteKeyOf(witness, cosignatureType);
  const text = formatCheckpoint({ origin: log.name, size: 9, root: leafHash('root') });
  const note = `${signNote(text, [log])}${cosign(text, witness, 1_679_315_147)}`;

  it('of a known witness tells when it saw the log', () => {
    expect(findCosignatures(note, [key])).toEqual([
      { key, time: 1_679_315_147, line: note.trimEnd().split('\n').at(-1) },
    ]);
    expect(openNote(note, [noteKeyOf(log)]).keys.length).toBe(1);
  });

  it('is none for another text, another time, another witness, or made as the signature of a note', () => {
    const { signatures } = parseNote(note);
    expect(checkCosignatures(text.replace('\n9\n', '\n8\n'), signatures, [key])).toEqual([]);
    expect(findCosignatures(note, [noteKeyOf(makeSigner(witness.name), cosignatureType)])).toEqual([]);
    expect(findCosignatures(note, [noteKeyOf(witness)])).toEqual([]);
    const moved = signatures.map(({ bytes, ...rest }) => {
      const later = Buffer.from(bytes);
      later[7] = (later[7] ?? 0) ^ 1;
      return { ...rest, bytes: later };
    });
    expect(checkCosignatures(text, moved, [key])).toEqual([]);
  });

  it('does not pass for a signature of the log', () => {
    expect(() => openNote(note, [key])).toThrow('none of the known keys');
  });
});

describe('the address of a tile', () => {
  it('is written as the specification writes it', () => {
    expect(formatTilePath({ level: 0, index: 1_234_067, width: 256 })).toBe('0/x001/x234/067');
    expect(formatTilePath({ level: 1, index: 0, width: 17 })).toBe('1/000.p/17');
    expect(formatTilePath({ level: 'entries', index: 273, width: 112 })).toBe('entries/273.p/112');
    expect(formatTilePath({ level: 63, index: 1000, width: 256 })).toBe('63/x001/000');
  });

  it('is read back, and in no other form', () => {
    for (const path of ['0/000', '0/x001/x234/067', '12/999.p/255', 'entries/x001/000.p/1']) {
      const address = parseTilePath(path);
      expect(address && formatTilePath(address)).toBe(path);
    }
    for (const bad of [
      '',
      '0',
      '0/',
      '0/0',
      '0/0000',
      '0/x000/001',
      '0/001/002',
      '0/x001',
      '00/001',
      '64/000',
      '-1/000',
      '0/000.p/0',
      '0/000.p/256',
      '0/000.p/01',
      '0/000.p/',
      '0/000/',
      'entries/000.p/1000',
      'Entries/000',
      '0/x999/x999/x999/x999/x999/999',
    ]) {
      expect(parseTilePath(bad), bad).toBeUndefined();
    }
  });
});
