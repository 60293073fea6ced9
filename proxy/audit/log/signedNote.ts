/** Signed notes (C2SP signed-note): a text, an empty line, and a line for each signature. */
import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** Signature types of the specification: how a key signs. */
export const ed25519Type = 0x01;
/** Timestamped Ed25519 (C2SP tlog-cosignature). */
export const cosignatureType = 0x04;

/** A key that is believed: what the specification calls a verifier. */
export interface NoteKey {
  readonly name: string;
  /** The first four bytes of a hash over name, type and key: not a secret, not a proof. */
  readonly id: number;
  readonly type: number;
  readonly publicKey: KeyObject;
}

export interface NoteSigner {
  readonly name: string;
  /** Ed25519, private. */
  readonly privateKey: KeyObject;
}

export interface NoteSignature {
  readonly name: string;
  readonly id: number;
  /** Without the key id that comes before it in the line. */
  readonly bytes: Uint8Array;
  /** As it stands in the note, without the newline. */
  readonly line: string;
}

/** What a note holds; nothing of it is to be believed before a signature was checked. */
export interface UnverifiedNote {
  /** With its last newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface OpenedNote {
  readonly text: string;
  /** Those whose signatures hold. */
  readonly keys: readonly NoteKey[];
}

/** The note cannot be believed; the message says why. */
export class NoteError extends Error {}

const maxNoteBytes = 1_000_000;
const maxSignatures = 100;
const controlCharacters = /[\0-\x09\x0b-\x1f]/;
const loneSurrogate = /\p{Surrogate}/u;
/** `<name>` of a key: no Unicode space, no plus. */
const keyName = /^[^\s+\u0085]+$/u;
const signatureLine = /^— ([^\s+\u0085]+) ([A-Za-z0-9+/]+={0,2})$/u;
/** SubjectPublicKeyInfo of an Ed25519 key (RFC 8410, section 4), before its 32 bytes. */
const publicKeyHead = Buffer.from('302a300506032b6570032100', 'hex');

/** @param text ends with a newline @returns the whole note, one signature line per signer */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  requireText(text);
  const lines = signers.map((signer) => {
    const { name, id } = noteKeyOf(signer);
    return formatSignature(name, id, sign(null, Buffer.from(text), signer.privateKey));
  });
  return `${text}\n${lines.join('')}`;
}

/**
 * @param keys those that are believed; signatures of others are passed over, as the specification demands
 * @throws NoteError where no signature is of one of `keys`, or one that claims to be does not hold
 */
export function openNote(note: string, keys: readonly NoteKey[], maxBytes = maxNoteBytes): OpenedNote {
  const { text, signatures } = parseNote(note, maxBytes);
  const good = new Set<NoteKey>();
  for (const { name, id, bytes } of signatures) {
    const key = keys.find((known) => known.name === name && known.id === id && known.type === ed25519Type);
    if (key === undefined) continue;
    if (bytes.length !== 64 || !verify(null, Buffer.from(text), key.publicKey, bytes)) {
      throw new NoteError(`the signature of ${name} does not hold`);
    }
    good.add(key);
  }
  if (good.size === 0) throw new NoteError('it is signed by none of the known keys');
  return { text, keys: [...good] };
}

/** @throws NoteError where it has not the form of a signed note */
export function parseNote(note: string, maxBytes = maxNoteBytes): UnverifiedNote {
  if (Buffer.byteLength(note) > maxBytes) throw new NoteError('the note is too long');
  if (controlCharacters.test(note) || loneSurrogate.test(note)) {
    throw new NoteError('the note holds characters that no note may have');
  }
  // The last empty line: the text may have others.
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) throw new NoteError('the note has no signatures');
  const signatures = parseSignatures(note.slice(split + 2));
  if (signatures.length === 0) throw new NoteError('the note has no signatures');
  return { text: note.slice(0, split + 1), signatures };
}

/** @param lines each with its newline @throws NoteError */
export function parseSignatures(lines: string): NoteSignature[] {
  const parts = lines.split('\n');
  if (parts.pop() !== '') throw new NoteError('the last signature is cut off');
  if (parts.length > maxSignatures) throw new NoteError('the note has too many signatures');
  return parts.map((line) => {
    const [, name = '', base64 = ''] = signatureLine.exec(line) ?? [];
    const bytes = Buffer.from(base64, 'base64');
    if (bytes.length < 5 || bytes.toString('base64') !== base64) {
      throw new NoteError('a signature of the note has not the form of one');
    }
    return { name, id: bytes.readUInt32BE(0), bytes: bytes.subarray(4), line };
  });
}

export function formatSignature(name: string, id: number, signature: Uint8Array): string {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(id);
  return `— ${name} ${Buffer.concat([head, signature]).toString('base64')}\n`;
}

/** The public half of a signer. @throws NoteError where the name or the key cannot be one */
export function noteKeyOf({ name, privateKey }: NoteSigner, type = ed25519Type): NoteKey {
  return makeNoteKey(name, createPublicKey(privateKey), type);
}

/** `name+hexadecimal id+base64`, as keys are handed on: what the specification calls a vkey. */
export function formatNoteKey({ name, id, type, publicKey }: NoteKey): string {
  const encoded = Buffer.concat([Buffer.of(type), rawPublicKey(publicKey)]).toString('base64');
  return `${name}+${id.toString(16).padStart(8, '0')}+${encoded}`;
}

/** @throws NoteError where it is no key, or one of a kind that is not known here */
export function parseNoteKey(text: string): NoteKey {
  const [, name = '', id = '', base64 = ''] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text) ?? [];
  const bytes = Buffer.from(base64, 'base64');
  const type = bytes[0];
  if (bytes.length !== 33 || (type !== ed25519Type && type !== cosignatureType)) {
    throw new NoteError(`"${text.slice(0, 200)}" is no Ed25519 key of the form name+id+key`);
  }
  const publicKey = createPublicKey({
    key: Buffer.concat([publicKeyHead, bytes.subarray(1)]),
    format: 'der',
    type: 'spki',
  });
  const key = makeNoteKey(name, publicKey, type);
  if (key.id === Number.parseInt(id, 16)) return key;
  throw new NoteError(`the id in "${text.slice(0, 200)}" is not that of its key`);
}

function makeNoteKey(name: string, publicKey: KeyObject, type: number): NoteKey {
  if (!keyName.test(name)) throw new NoteError('the name of a key has no spaces and no plus');
  const hash = createHash('sha256')
    .update(`${name}\n`)
    .update(Buffer.of(type))
    .update(rawPublicKey(publicKey));
  return { name, id: hash.digest().readUInt32BE(0), type, publicKey };
}

function rawPublicKey(publicKey: KeyObject): Buffer {
  if (publicKey.asymmetricKeyType !== 'ed25519') throw new NoteError('it is no Ed25519 key');
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(publicKeyHead.length);
}

function requireText(text: string): void {
  if (text.endsWith('\n') && !controlCharacters.test(text) && !loneSurrogate.test(text)) return;
  throw new NoteError('the text of a note ends with a newline and has no control characters');
}
