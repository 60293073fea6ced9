/**
 * A small witness in a process of its own, from the specifications alone (C2SP tlog-witness, tlog-cosignature): it shares no
 * code with what it witnesses. Arguments: the key of the log, and its own name. Prints its address and its key.
 */
import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const [logKey = '', name = ''] = process.argv.slice(2);
const sha256 = (...parts: readonly Uint8Array[]) =>
  createHash('sha256').update(Buffer.concat(parts)).digest();

const [origin = '', logId = '', ...keyParts] = logKey.split('+');
const logPublic = createPublicKey({
  format: 'jwk',
  key: {
    kty: 'OKP',
    crv: 'Ed25519',
    x: Buffer.from(keyParts.join('+'), 'base64').subarray(1).toString('base64url'),
  },
});
const own = generateKeyPairSync('ed25519');
const ownRaw = Buffer.from(own.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
const typed = Buffer.concat([Buffer.of(4), ownRaw]);
const ownId = sha256(Buffer.from(`${name}\n`), typed).subarray(0, 4);

/** What was cosigned last. */
let known = { size: 0, root: sha256() };

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
}

function addCheckpoint(body: string): Answer {
  const [head = '', ...rest] = body.split('\n\n');
  const note = rest.join('\n\n');
  const [oldLine = '', ...proofLines] = head.split('\n');
  const split = note.lastIndexOf('\n\n');
  const text = note.slice(0, split + 1);
  const lines = text.split('\n');
  const old = /^old (0|[1-9]\d*)$/.exec(oldLine)?.[1];
  if (old === undefined || split < 0 || lines.length < 4) return { status: 400, text: 'bad request\n' };
  if (lines[0] !== origin) return { status: 404, text: 'unknown log\n' };
  const isSigned = note
    .slice(split + 2)
    .trimEnd()
    .split('\n')
    .some((line) => {
      const [, signer, base64 = ''] = line.split(' ');
      const bytes = Buffer.from(base64, 'base64');
      const isOurs = signer === origin && bytes.subarray(0, 4).toString('hex') === logId;
      return isOurs && verify(null, Buffer.from(text), logPublic, bytes.subarray(4));
    });
  if (!isSigned) return { status: 403, text: 'not signed by the log\n' };
  const size = Number(lines[1]);
  const root = Buffer.from(lines[2] ?? '', 'base64');
  if (Number(old) > size) return { status: 400, text: 'the old size is larger\n' };
  if (Number(old) !== known.size) {
    return { status: 409, text: `${known.size}\n`, type: 'text/x.tlog.size' };
  }
  if (size === known.size && !root.equals(known.root)) return { status: 409, text: 'another root\n' };
  const proof = proofLines.map((line) => Buffer.from(line, 'base64'));
  if (!isConsistent(known.size, known.root, size, root, proof)) {
    return { status: 422, text: 'not consistent\n' };
  }
  known = { size, root };
  const time = Math.floor(Date.now() / 1000);
  const timeBytes = Buffer.alloc(8);
  timeBytes.writeBigUInt64BE(BigInt(time));
  const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${time}\n${text}`), own.privateKey);
  const line = Buffer.concat([ownId, timeBytes, signature]).toString('base64');
  return { status: 200, text: `— ${name} ${line}\n` };
}

/** RFC 9162, section 2.1.4.2, with numbers of any size. */
function isConsistent(size1: number, root1: Buffer, size2: number, root2: Buffer, given: Buffer[]): boolean {
  if (size1 === 0) return given.length === 0;
  if (size1 === size2) return given.length === 0 && root1.equals(root2);
  const proof = [...given];
  let [fn, sn] = [BigInt(size1 - 1), BigInt(size2 - 1)];
  while (fn & 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
  // Where the older tree is complete, its root is left out of the proof.
  const begin = fn === 0n ? root1 : proof.shift();
  if (begin === undefined) return false;
  let [fr, sr] = [begin, begin];
  for (const c of proof) {
    if (sn === 0n) return false;
    if ((fn & 1n) === 1n || fn === sn) {
      fr = sha256(Buffer.of(1), c, fr);
      sr = sha256(Buffer.of(1), c, sr);
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      sr = sha256(Buffer.of(1), sr, c);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && fr.equals(root1) && sr.equals(root2);
}

const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const isOurs = request.method === 'POST' && request.url === '/prefix/add-checkpoint';
  const answer: Answer = isOurs ? addCheckpoint(body) : { status: 404, text: 'no such route\n' };
  response.writeHead(answer.status, { 'content-type': answer.type ?? 'text/plain' }).end(answer.text);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  const key = `${name}+${ownId.toString('hex')}+${typed.toString('base64')}`;
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}/prefix`, key })}\n`);
});
