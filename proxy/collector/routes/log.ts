/** The log over all events, as anybody with a reader of C2SP tlog-tiles reads it. */
import { gzipSync } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { formatNoteKey } from '../../audit/log/signedNote.ts';
import { parseTilePath, type TileAddress } from '../../audit/log/tilePath.ts';
import { requireGroup } from '../access.ts';
import { callerOf } from '../authentication.ts';
import type { Parts } from '../parts.ts';
import { Problem } from '../problem.ts';
import { problems } from '../schemas/common.ts';
import { checkpointAnswer, keysAnswer, tileAnswer, tileParams } from '../schemas/log.ts';
import { listKeys } from '../store/logKeys.ts';
import { readEntries, readTile } from '../store/logTiles.ts';

/** A tile never changes; who may see it does. */
const forever = 'private, max-age=31536000, immutable';

export function registerLog(app: FastifyInstance, parts: Parts): void {
  app.get(
    '/checkpoint',
    {
      schema: {
        summary: 'The newest checkpoint of the log: a signed note (C2SP tlog-checkpoint)',
        description: 'Cosigned by witnesses where there are any and they keep up.',
        response: { 200: checkpointAnswer, ...problems },
      },
    },
    async (_request, reply) => {
      const note = await parts.checkpoints.newest();
      return reply.type('text/plain; charset=utf-8').send(note);
    },
  );

  app.get<{ Params: { '*': string } }>(
    '/tile/*',
    {
      schema: {
        summary: 'Hashes of the tree, or entries of the log (C2SP tlog-tiles)',
        description:
          'Hashes: `/tile/{level}/{index}[.p/{width}]`, for everybody who is signed in. Entries: `/tile/entries/{index}[.p/{width}]`, for auditors and admins; 410 where an entry is no longer kept.',
        params: tileParams,
        response: { 200: tileAnswer, ...problems },
      },
    },
    async (request, reply) => {
      const address = parseTilePath(request.params['*']);
      if (address === undefined)
        throw new Problem(404, 'That is not the address of a tile (C2SP tlog-tiles).');
      const { level } = address;
      const bytes =
        level === 'entries'
          ? await readBundle(request, parts, address)
          : await readTile(parts.store, { ...address, level });
      if (bytes === undefined) throw new Problem(404, 'The log is not large enough yet to have that tile.');
      return sendBytes(request, reply, bytes, level === 'entries');
    },
  );

  app.get(
    '/v1/log/keys',
    {
      schema: {
        summary: "The log's name, and all keys that have ever signed for it",
        description: 'Keys as `name+id+key` (C2SP signed-note), the newest first.',
        response: { 200: keysAnswer, ...problems },
      },
    },
    async () => ({
      origin: parts.checkpoints.identity.origin,
      keys: await listKeys(parts.store),
      witnesses: parts.witnesses.map(({ key }) => formatNoteKey(key)),
    }),
  );
}

async function readBundle(
  request: FastifyRequest,
  parts: Parts,
  address: TileAddress,
): Promise<Buffer | undefined> {
  requireGroup(callerOf(request).identity, ['auditors', 'admins'], 'read the entries of the log');
  const entries = await readEntries(parts.store, address);
  const results = entries?.filter((entry) => entry !== undefined).length ?? 0;
  await parts.own.readings.record(request, { how: 'entries', filter: {}, results });
  return (
    entries &&
    Buffer.concat(
      entries.flatMap((entry) => {
        if (entry === undefined) {
          throw new Problem(410, 'An event among these is no longer kept; the hashes of all of them are.');
        }
        const length = Buffer.alloc(2);
        length.writeUInt16BE(entry.length);
        return [length, entry];
      }),
    )
  );
}

function sendBytes(
  request: FastifyRequest,
  reply: FastifyReply,
  bytes: Buffer,
  isText: boolean,
): FastifyReply {
  void reply.type('application/octet-stream').header('cache-control', forever);
  if (!isText) return reply.send(bytes);
  void reply.header('vary', 'accept-encoding');
  const takesGzip = /\bgzip\b(?!\s*;\s*q=0(\.0+)?\s*(,|$))/.test(
    String(request.headers['accept-encoding'] ?? ''),
  );
  if (!takesGzip) return reply.send(bytes);
  return reply.header('content-encoding', 'gzip').send(gzipSync(bytes, { level: 1 }));
}
