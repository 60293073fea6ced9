/** The certificate for TLS on the loopback port: made anew at each start, signed by itself, kept in memory only. */
import { createHash, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { generate } from 'selfsigned';

export interface LocalCertificate {
  readonly context: SecureContext;
  /** Hash of the certificate for channel binding tls-server-end-point (RFC 5929, section 4.1). */
  readonly endPoint: Buffer;
  readonly pem: string;
}

export async function makeLocalCertificate(): Promise<LocalCertificate> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  const endPoint = createHash('sha256').update(new X509Certificate(cert).raw).digest();
  return { context: createSecureContext({ key, cert, minVersion: 'TLSv1.2' }), endPoint, pem: cert };
}
