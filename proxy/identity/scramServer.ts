/**
 * The server's half of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677; channel binding tls-server-end-point,
 * RFC 5929). A user that does not exist goes through the same exchange, with a salt that stays the same for the name.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';

const iterations = 4096;
const keyBytes = 32;

/** What is kept of a password. */
export interface ScramVerifier {
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

export function makeVerifier(password: string, salt: Buffer = randomBytes(16)): ScramVerifier {
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, keyBytes, 'sha256');
  const clientKey = hmac(salted, 'Client Key');
  return { salt, storedKey: sha256(clientKey), serverKey: hmac(salted, 'Server Key') };
}

/** A verifier that no password fits; its salt depends on the name alone, as a real one's would. */
export function makeMockVerifier(user: string, secret: Buffer): ScramVerifier {
  const salt = hmac(secret, user).subarray(0, 16);
  return { salt, storedKey: randomBytes(keyBytes), serverKey: randomBytes(keyBytes) };
}

/** Why an exchange failed; never told to the client, who hears the same for all. */
export class ScramError extends Error {}

export class ScramExchange {
  readonly #verifier: ScramVerifier;
  /** Hash of our certificate where the connection is TLS. */
  readonly #endPoint: Buffer | undefined;
  readonly #isPlus: boolean;
  #gs2Header = '';
  #clientFirstBare = '';
  #serverFirst = '';
  #nonce = '';

  constructor(verifier: ScramVerifier, mechanism: string, endPoint: Buffer | undefined) {
    this.#verifier = verifier;
    this.#endPoint = endPoint;
    this.#isPlus = mechanism === 'SCRAM-SHA-256-PLUS';
    if (!this.#isPlus && mechanism !== 'SCRAM-SHA-256') throw new ScramError('unknown mechanism');
    if (this.#isPlus && endPoint === undefined) throw new ScramError('channel binding without TLS');
  }

  /** client-first-message to server-first-message. Throws ScramError. */
  first(message: string): string {
    const parts = /^([nyp])(?:=([A-Za-z0-9.-]+))?,(?:a=[^,]*)?,(.*)$/s.exec(message);
    const [, flag, binding, bare] = parts ?? [];
    if (flag === undefined || bare === undefined) throw new ScramError('malformed first message');
    if ((flag === 'p') !== this.#isPlus) throw new ScramError('channel binding does not fit the mechanism');
    if (this.#isPlus && binding !== 'tls-server-end-point') throw new ScramError('unknown channel binding');
    // A client that thinks we offer no channel binding, while we do, has been lied to on the way (RFC 5802, section 6).
    if (flag === 'y' && this.#endPoint !== undefined) throw new ScramError('channel binding was stripped');
    const nonce = /(?:^|,)r=([\x21-\x2b\x2d-\x7e]+)/.exec(bare)?.[1];
    if (nonce === undefined || bare.startsWith('m=')) throw new ScramError('malformed first message');
    this.#gs2Header = message.slice(0, message.length - bare.length);
    this.#clientFirstBare = bare;
    this.#nonce = nonce + randomBytes(18).toString('base64');
    this.#serverFirst = `r=${this.#nonce},s=${this.#verifier.salt.toString('base64')},i=${iterations}`;
    return this.#serverFirst;
  }

  /** client-final-message to server-final-message. Throws ScramError where the proof does not hold. */
  final(message: string): string {
    const parts = /^(c=([A-Za-z0-9+/=]+),r=([^,]+)),p=([A-Za-z0-9+/=]+)$/s.exec(message);
    const [, withoutProof, binding, nonce, proofText] = parts ?? [];
    if (withoutProof === undefined || binding === undefined || proofText === undefined) {
      throw new ScramError('malformed final message');
    }
    const endPoint = this.#isPlus ? (this.#endPoint ?? Buffer.alloc(0)) : Buffer.alloc(0);
    const expected = Buffer.concat([Buffer.from(this.#gs2Header, 'utf8'), endPoint]).toString('base64');
    if (binding !== expected || nonce !== this.#nonce) throw new ScramError('binding or nonce differs');
    const authMessage = `${this.#clientFirstBare},${this.#serverFirst},${withoutProof}`;
    const signature = hmac(this.#verifier.storedKey, authMessage);
    const proof = Buffer.from(proofText, 'base64');
    if (proof.length !== keyBytes) throw new ScramError('malformed proof');
    const clientKey = Buffer.alloc(keyBytes);
    for (let i = 0; i < keyBytes; i++) clientKey[i] = (proof[i] ?? 0) ^ (signature[i] ?? 0);
    if (!timingSafeEqual(sha256(clientKey), this.#verifier.storedKey)) throw new ScramError('wrong proof');
    return `v=${hmac(this.#verifier.serverKey, authMessage).toString('base64')}`;
  }
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
