/** The server's half of SCRAM, against the example of RFC 7677 and against exchanges that must fail. */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  makeMockVerifier,
  makeVerifier,
  ScramError,
  ScramExchange,
} from '../../../proxy/identity/scramServer.ts';

/** A client written only from RFC 5802, section 3. */
function answer(
  password: string,
  gs2: string,
  bare: string,
  serverFirst: string,
  binding = Buffer.alloc(0),
): string {
  const attributes = new Map(serverFirst.split(',').map((part) => [part[0], part.slice(2)]));
  const salt = Buffer.from(attributes.get('s') ?? '', 'base64');
  const salted = pbkdf2Sync(password, salt, Number(attributes.get('i')), 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const channel = Buffer.concat([Buffer.from(gs2), binding]).toString('base64');
  const withoutProof = `c=${channel},r=${attributes.get('r')}`;
  const storedKey = createHash('sha256').update(clientKey).digest();
  const signature = createHmac('sha256', storedKey).update(`${bare},${serverFirst},${withoutProof}`).digest();
  const proof = Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] ?? 0)));
  return `${withoutProof},p=${proof.toString('base64')}`;
}

describe('SCRAM-SHA-256', () => {
  it('derives the keys of the example in RFC 7677, section 3', () => {
    const verifier = makeVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'));
    const authMessage =
      'n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,' +
      's=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
    const signature = createHmac('sha256', verifier.serverKey).update(authMessage).digest('base64');
    expect(signature).toBe('6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  });

  it('lets the right password in and proves that the server knows it too', () => {
    const exchange = new ScramExchange(makeVerifier('secret'), 'SCRAM-SHA-256', undefined);
    const serverFirst = exchange.first('n,,n=,r=abc');
    expect(exchange.final(answer('secret', 'n,,', 'n=,r=abc', serverFirst))).toMatch(/^v=/);
  });

  it('keeps a wrong password out', () => {
    const exchange = new ScramExchange(makeVerifier('secret'), 'SCRAM-SHA-256', undefined);
    const serverFirst = exchange.first('n,,n=,r=abc');
    expect(() => exchange.final(answer('Secret', 'n,,', 'n=,r=abc', serverFirst))).toThrow(ScramError);
  });

  it('binds to the TLS channel', () => {
    const endPoint = Buffer.from('certificate hash');
    const gs2 = 'p=tls-server-end-point,,';
    const good = new ScramExchange(makeVerifier('secret'), 'SCRAM-SHA-256-PLUS', endPoint);
    const first = good.first(`${gs2}n=,r=abc`);
    expect(good.final(answer('secret', gs2, 'n=,r=abc', first, endPoint))).toMatch(/^v=/);
    const stolen = new ScramExchange(makeVerifier('secret'), 'SCRAM-SHA-256-PLUS', endPoint);
    const again = stolen.first(`${gs2}n=,r=abc`);
    const elsewhere = answer('secret', gs2, 'n=,r=abc', again, Buffer.from('another'));
    expect(() => stolen.final(elsewhere)).toThrow(ScramError);
  });

  it('notices that an offer of channel binding was stripped on the way', () => {
    const exchange = new ScramExchange(makeVerifier('secret'), 'SCRAM-SHA-256', Buffer.from('hash'));
    expect(() => exchange.first('y,,n=,r=abc')).toThrow(ScramError);
  });

  it.each(['', 'n,,', 'n,,n=,r=', 'x,,n=,r=a', 'n,,m=ext,n=,r=a', 'p=tls-unique,,n=,r=a'])(
    'refuses the first message "%s"',
    (text) => {
      const exchange = new ScramExchange(makeVerifier('secret'), 'SCRAM-SHA-256', undefined);
      expect(() => exchange.first(text)).toThrow(ScramError);
    },
  );

  it('gives an unknown user the same salt each time, and lets no password fit', () => {
    const key = Buffer.alloc(32, 7);
    expect(makeMockVerifier('nobody', key).salt).toEqual(makeMockVerifier('nobody', key).salt);
    expect(makeMockVerifier('nobody', key).salt).not.toEqual(makeMockVerifier('somebody', key).salt);
    const exchange = new ScramExchange(makeMockVerifier('nobody', key), 'SCRAM-SHA-256', undefined);
    const serverFirst = exchange.first('n,,n=,r=abc');
    expect(() => exchange.final(answer('', 'n,,', 'n=,r=abc', serverFirst))).toThrow(ScramError);
  });
});
