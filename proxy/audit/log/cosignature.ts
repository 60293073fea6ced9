/** Cosignatures (C2SP tlog-cosignature, Ed25519): a witness says that it saw the log grow to this checkpoint, and when. */
import { sign, verify } from 'node:crypto';
import {
  cosignatureType,
  formatSignature,
  type NoteKey,
  type NoteSignature,
  type NoteSigner,
  noteKeyOf,
  parseNote,
} from './signedNote.ts';

export interface Cosignature {
  readonly key: NoteKey;
  /** POSIX time, seconds. */
  readonly time: number;
  /** As it stands in the note, without the newline. */
  readonly line: string;
}

const timeBytes = 8;
const signatureBytes = 64;

/** The line, with its newline, by which `witness` cosigns a checkpoint's text. @param time POSIX, seconds */
export function cosign(text: string, witness: NoteSigner, time: number): string {
  const { name, id } = noteKeyOf(witness, cosignatureType);
  const head = Buffer.alloc(timeBytes);
  head.writeBigUInt64BE(BigInt(time));
  const signature = sign(null, Buffer.from(signedMessage(text, time)), witness.privateKey);
  return formatSignature(name, id, Buffer.concat([head, signature]));
}

/** The cosignatures of `keys` that hold; all others are passed over. @throws NoteError where it is no note */
export function findCosignatures(note: string, keys: readonly NoteKey[]): Cosignature[] {
  const { text, signatures } = parseNote(note);
  return checkCosignatures(text, signatures, keys);
}

/** As {@link findCosignatures}, where text and signatures come apart, as a witness answers. */
export function checkCosignatures(
  text: string,
  signatures: readonly NoteSignature[],
  keys: readonly NoteKey[],
): Cosignature[] {
  return signatures.flatMap(({ name, id, bytes, line }) => {
    const key = keys.find(
      (known) => known.name === name && known.id === id && known.type === cosignatureType,
    );
    if (key === undefined || bytes.length !== timeBytes + signatureBytes) return [];
    const time = Buffer.from(bytes).readBigUInt64BE(0);
    if (time > BigInt(Number.MAX_SAFE_INTEGER)) return [];
    const message = Buffer.from(signedMessage(text, Number(time)));
    const isGood = verify(null, message, key.publicKey, bytes.subarray(timeBytes));
    return isGood ? [{ key, time: Number(time), line }] : [];
  });
}

function signedMessage(text: string, time: number): string {
  return `cosignature/v1\ntime ${time}\n${text}`;
}
