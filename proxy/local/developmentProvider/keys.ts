/** The development provider's signing key and cookie secret: made once, kept in a file that its owner alone reads. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { exportJWK, generateKeyPair, type JWK } from 'jose';

export interface ProviderKeys {
  readonly signing: JWK & { readonly kid: string };
  readonly cookies: string;
}

/** @throws Error where the file is there and cannot be read: tokens signed by it are about */
export async function loadKeys(path: string): Promise<ProviderKeys> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProviderKeys;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const kid = randomBytes(8).toString('hex');
  const keys = {
    signing: { ...(await exportJWK(privateKey)), kid, alg: 'ES256', use: 'sig' },
    cookies: randomBytes(32).toString('base64url'),
  };
  writeFileSync(path, JSON.stringify(keys), { mode: 0o600, flag: 'wx' });
  return keys;
}
