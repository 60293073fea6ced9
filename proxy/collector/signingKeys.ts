/**
 * The keys that the log's checkpoints are signed with: Ed25519, in a file of PEM blocks, never in the store. Who could
 * change the store must not be able to sign what they made of it.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/**
 * @param path one key or several, as `openssl genpkey -algorithm ed25519` writes them: all of them sign
 * @throws Error in words where it cannot be read or holds anything else
 */
export function readSigningKeys(path: string): readonly KeyObject[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`the signing key ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const blocks = text.match(/-----BEGIN [A-Z ]+-----[^-]*-----END [A-Z ]+-----/g) ?? [];
  const keys = blocks.map((block) => parseKey(path, block));
  if (keys.length > 0) return keys;
  throw new Error(`${path} holds no signing key: make one by openssl genpkey -algorithm ed25519`);
}

/** As {@link readSigningKeys}, after making the file where there is none; of two processes one makes it. */
export function readOrMakeSigningKeys(path: string): readonly KeyObject[] {
  const own = `${path}.${randomUUID()}`;
  try {
    return readSigningKeys(path);
  } catch (error) {
    if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code !== 'ENOENT') throw error;
  }
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' });
  writeFileSync(own, pem, { mode: 0o600, flag: 'wx', flush: true });
  try {
    linkSync(own, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(own, { force: true });
  }
  return readSigningKeys(path);
}

function parseKey(path: string, pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // said below
  }
  throw new Error(`${path} holds something else than unencrypted private Ed25519 keys (PKCS #8, PEM)`);
}
