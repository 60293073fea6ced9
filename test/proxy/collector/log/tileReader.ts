/**
 * Reads a whole log over HTTP and checks it, from the specifications alone: RFC 6962, C2SP signed-note, tlog-checkpoint and
 * tlog-tiles. It shares no code with what it reads: a mistake that both made would have to be made twice.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';

export interface ReadLog {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  /** Empty where entries were not asked for. */
  readonly entries: readonly Buffer[];
  readonly leaves: readonly Buffer[];
  /** The signature lines of the checkpoint. */
  readonly signatures: readonly string[];
}

export interface ReaderOptions {
  /** Where `/checkpoint` and `/tile/` are. */
  readonly prefix: string;
  readonly token: string;
  /** `name+id+key` of the log. */
  readonly key: string;
  readonly withEntries?: boolean;
}

const sha256 = (...parts: readonly Uint8Array[]) =>
  createHash('sha256').update(Buffer.concat(parts)).digest();

/** @throws Error that names what does not hold */
export async function readLog(options: ReaderOptions): Promise<ReadLog> {
  const checkpoint = await readCheckpoint(options);
  const { size, root } = checkpoint;
  const leaves = await readLevel(options, 0, size);
  let below = leaves;
  for (let level = 1; Math.floor(size / 256 ** level) > 0; level += 1) {
    const hashes = await readLevel(options, level, Math.floor(size / 256 ** level));
    for (const [i, hash] of hashes.entries()) {
      if (!hash.equals(treeHash(below.slice(i * 256, (i + 1) * 256)))) {
        throw new Error(`hash ${i} of level ${level} is not that of its tile below`);
      }
    }
    below = hashes;
  }
  if (!treeHash(leaves).equals(root)) throw new Error('the tiles do not give the root of the checkpoint');
  const entries = options.withEntries === false ? [] : await readEntries(options, leaves);
  return { ...checkpoint, leaves, entries };
}

/** MTH of RFC 6962, section 2.1, over leaf hashes. */
export function treeHash(hashes: readonly Buffer[]): Buffer {
  if (hashes.length === 0) return sha256();
  if (hashes.length === 1) return hashes[0] as Buffer;
  let k = 1;
  while (k * 2 < hashes.length) k *= 2;
  return sha256(Buffer.of(1), treeHash(hashes.slice(0, k)), treeHash(hashes.slice(k)));
}

async function readCheckpoint({
  prefix,
  token,
  key,
}: ReaderOptions): Promise<Omit<ReadLog, 'entries' | 'leaves'>> {
  const response = await get(`${prefix}/checkpoint`, token);
  if (response.headers.get('content-type') !== 'text/plain; charset=utf-8') throw new Error('no text/plain');
  const note = await response.text();
  const split = note.lastIndexOf('\n\n');
  const text = note.slice(0, split + 1);
  const signatures = note
    .slice(split + 2)
    .trimEnd()
    .split('\n');
  const [name = '', id = '', ...rest] = key.split('+');
  const typed = Buffer.from(rest.join('+'), 'base64');
  const wanted = sha256(Buffer.from(`${name}\n`), typed).subarray(0, 4);
  if (wanted.toString('hex') !== id || typed[0] !== 1) throw new Error('the key is none');
  const publicKey = createPublicKey({
    format: 'jwk',
    key: { kty: 'OKP', crv: 'Ed25519', x: typed.subarray(1).toString('base64url') },
  });
  const isSigned = signatures.some((line) => {
    const [dash, signer, base64 = ''] = line.split(' ');
    const bytes = Buffer.from(base64, 'base64');
    if (dash !== '—' || signer !== name || !bytes.subarray(0, 4).equals(wanted)) return false;
    if (verify(null, Buffer.from(text), publicKey, bytes.subarray(4))) return true;
    throw new Error('the signature of the checkpoint does not hold');
  });
  if (!isSigned) throw new Error('the checkpoint is not signed by the key of the log');
  const [origin = '', size = '', root = ''] = text.split('\n');
  return { origin, size: Number(size), root: Buffer.from(root, 'base64'), signatures };
}

async function readLevel({ prefix, token }: ReaderOptions, level: number, count: number): Promise<Buffer[]> {
  const hashes: Buffer[] = [];
  for (const [path, width] of tiles(count)) {
    const bytes = await getBytes(`${prefix}/tile/${level}/${path}`, token);
    if (bytes.length !== width * 32) throw new Error(`tile ${level}/${path} has ${bytes.length} bytes`);
    for (let at = 0; at < bytes.length; at += 32) hashes.push(bytes.subarray(at, at + 32));
  }
  return hashes;
}

async function readEntries({ prefix, token }: ReaderOptions, leaves: readonly Buffer[]): Promise<Buffer[]> {
  const entries: Buffer[] = [];
  for (const [path, width] of tiles(leaves.length)) {
    const bytes = await getBytes(`${prefix}/tile/entries/${path}`, token);
    let at = 0;
    for (let i = 0; i < width; i += 1) {
      const length = bytes.readUInt16BE(at);
      const entry = bytes.subarray(at + 2, at + 2 + length);
      at += 2 + length;
      const index = entries.push(entry) - 1;
      if (entry.length !== length || !sha256(Buffer.of(0), entry).equals(leaves[index] as Buffer)) {
        throw new Error(`entry ${index} is not what its leaf says`);
      }
    }
    if (at !== bytes.length) throw new Error(`bundle ${path} is longer than its entries`);
  }
  return entries;
}

/** Addresses and widths of the tiles of a level that has so many hashes. */
function tiles(count: number): [path: string, width: number][] {
  const found: [string, number][] = [];
  for (let start = 0; start < count; start += 256) {
    const width = Math.min(256, count - start);
    let rest = start / 256;
    let path = String(rest % 1000).padStart(3, '0');
    for (rest = Math.floor(rest / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
      path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
    }
    found.push([width < 256 ? `${path}.p/${width}` : path, width]);
  }
  return found;
}

async function getBytes(url: string, token: string): Promise<Buffer> {
  const response = await get(url, token);
  if (response.headers.get('content-type') !== 'application/octet-stream')
    throw new Error(`${url}: its type`);
  return Buffer.from(await response.arrayBuffer());
}

async function get(url: string, token: string): Promise<Response> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  if (response.ok) return response;
  throw new Error(`${new URL(url).pathname} is answered ${response.status}: ${await response.text()}`);
}
