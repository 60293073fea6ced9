/** Branded identifiers: random, so that no id tells anything or can be guessed. */
import { randomBytes } from 'node:crypto';

declare const brand: unique symbol;

/** A string that only its maker can make: two kinds of id cannot be mixed up. */
export type Branded<Name extends string> = string & { readonly [brand]: Name };

/** One client session of the proxy: 26 characters of lower-case base32 (RFC 4648 alphabet), 128 random bits. */
export type SessionId = Branded<'SessionId'>;

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** Makes a session id from 128 bits of the system's secure random source. */
export function newSessionId(): SessionId {
  return encodeBase32(randomBytes(16)) as SessionId;
}

/** Whether `text` has the form of a session id (it says nothing about whether the session exists). */
export function isSessionId(text: string): text is SessionId {
  // 128 bits fill 25 characters and 3 bits: the last character's two low bits are zero.
  return /^[a-z2-7]{25}[aeimquy4]$/.test(text);
}

function encodeBase32(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let heldBits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    heldBits += 8;
    while (heldBits >= 5) {
      heldBits -= 5;
      text += alphabet.charAt((held >> heldBits) & 31);
    }
  }
  return heldBits === 0 ? text : text + alphabet.charAt((held << (5 - heldBits)) & 31);
}
