/** Evidence bundles: events with their proofs, in one file that is checked offline. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Write } from '../../audit/evidence/archive.ts';
import { BundleWriter, type EvidenceParts } from '../../audit/evidence/bundle.ts';
import type { EvidenceFilter } from '../../audit/evidence/evidenceFilter.ts';
import { readUnverifiedCheckpoint } from '../../audit/log/checkpoint.ts';
import { formatNoteKey } from '../../audit/log/signedNote.ts';
import type { Log } from '../../kit/log.ts';
import { isInGroup, knownGroups, requireGroup } from '../access.ts';
import { callerOf } from '../authentication.ts';
import type { Parts } from '../parts.ts';
import { Problem } from '../problem.ts';
import { problems, text, time } from '../schemas/common.ts';
import { findContext } from '../store/findContext.ts';
import {
  type EvidenceSpan,
  findLastRemoval,
  findSpans,
  proveEvidence,
  readEvidence,
  readRemovals,
  readTaken,
} from '../store/findEvidence.ts';
import { type LogHead, readHead } from '../store/log.ts';
import { listKeys } from '../store/logKeys.ts';
import { findPolicies, keepPolicy } from '../store/policies.ts';
import type { Queries } from '../store/store.ts';
import { beginDownload, patienceMs } from './download.ts';

/** Each holds one of the store's connections, and an old view of it, for as long as it takes. */
const maxOpen = 3;

export function registerEvidence(app: FastifyInstance, parts: Parts, log: Log): void {
  let open = 0;
  app.get<{ Querystring: EvidenceFilter }>(
    '/v1/evidence',
    {
      schema: {
        summary: 'An evidence bundle: one file that `portcullis verify` checks offline',
        description: `A ZIP archive with the events, their proofs against the checkpoint, keys, the policies in force and a summary to read. Auditors and admins see all, others only their own. It is sent as it is made, all of it as of one moment, and ends with its manifest: an answer that breaks off is no bundle. At most ${maxOpen} are made at a time: 429. Without a filter but the time it shows every number of each proxy in the period.`,
        querystring: {
          type: 'object',
          properties: {
            from: { ...time, description: 'This moment or later.' },
            to: { ...time, description: 'Before this moment.' },
            identity: text(500, 'Subject or e-mail address.'),
            connection: text(200),
            relation: text(300, '`schema.name`, or a name in any schema.'),
            decision: { type: 'string', enum: ['allow', 'deny', 'approve'] },
            agent: text(200),
          },
          additionalProperties: false,
        },
        response: {
          200: {
            description: 'The bundle.',
            content: { 'application/zip': { schema: { type: 'string', format: 'binary' } } },
          },
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const { identity } = callerOf(request);
      requireGroup(identity, knownGroups, 'have evidence');
      if (open >= maxOpen) {
        throw new Problem(
          429,
          `${maxOpen} evidence bundles are being made already. Try again when one is done.`,
        );
      }
      open += 1;
      try {
        await sendBundle(parts, log, request, reply);
      } finally {
        open -= 1;
      }
    },
  );
}

/** Answers once the bundle is sent, or once nobody waits for it any more. @throws before the first byte only */
async function sendBundle(
  parts: Parts,
  log: Log,
  request: FastifyRequest<{ Querystring: EvidenceFilter }>,
  reply: FastifyReply,
): Promise<void> {
  const { identity } = callerOf(request);
  const seesAll = isInGroup(identity, 'auditors', 'admins');
  const onlySubject = seesAll ? undefined : identity.subject;
  const filter = { ...request.query };
  const { store } = parts;
  await keepPolicy(store, parts.own.events, parts.policy.files);
  try {
    // In one look at the store: what others record or remove meanwhile must not look like what is missing.
    await store.transaction(async (queries) => {
      await queries.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
      await queries.query(`SET LOCAL idle_in_transaction_session_timeout = ${2 * patienceMs}`);
      const bundle = await beginBundle(parts, queries, filter, identity, onlySubject);
      const results = bundle.spans.reduce((sum, { events }) => sum + events, 0);
      await parts.own.readings.record(request, { how: 'export', filter, results, ownOnly: !seesAll });
      const day = bundle.parts.madeAt.slice(0, 10);
      const write = beginDownload(reply, {
        'content-type': 'application/zip',
        'content-disposition': `attachment; filename="portcullis-evidence-${day}.zip"`,
      });
      await writeBundle(queries, bundle, write);
    });
    reply.raw.end();
  } catch (error) {
    if (!reply.raw.headersSent) throw error;
    // The answer has begun: only by breaking it off can whoever reads it be told.
    reply.raw.destroy();
    log.warn(`an evidence bundle was broken off (${request.id})`, error);
  }
}

interface Bundle {
  readonly filter: EvidenceFilter;
  readonly onlySubject: string | undefined;
  readonly spans: readonly EvidenceSpan[];
  readonly parts: EvidenceParts;
}

/** All but the events. */
async function beginBundle(
  parts: Parts,
  queries: Queries,
  filter: EvidenceFilter,
  identity: { readonly subject: string; readonly email: string },
  onlySubject: string | undefined,
): Promise<Bundle> {
  const { checkpoints } = parts;
  const madeAt = new Date().toISOString();
  const taken = await readTaken(queries);
  const spans = await findSpans(queries, filter, onlySubject);
  const last = Math.max(await findLastRemoval(queries), ...spans.map(({ lastIndex }) => lastIndex));
  const { note, size } = await findCheckpoint(parts, last, await readHead(queries));
  return {
    filter,
    onlySubject,
    spans,
    parts: {
      madeAt,
      madeFor: { subject: identity.subject, email: identity.email },
      filter,
      ...(onlySubject !== undefined && { onlySubject }),
      taken,
      policies: await findPolicies(queries, filter),
      keys: {
        origin: checkpoints.identity.origin,
        keys: await listKeys(queries),
        witnesses: parts.witnesses.map(({ key }) => formatNoteKey(key)),
      },
      checkpoint: note,
      checkpointSize: size,
      signers: checkpoints.identity.signers,
    },
  };
}

async function writeBundle(queries: Queries, bundle: Bundle, write: Write): Promise<void> {
  const { filter, onlySubject, spans, parts } = bundle;
  const writer = new BundleWriter(parts, write);
  const size = parts.checkpointSize;
  for (const span of spans) {
    for await (const page of readEvidence(queries, filter, onlySubject, span)) {
      await writer.add(await proveEvidence(queries, page, size), await findContext(queries, page));
    }
  }
  const proxies = new Set(spans.map(({ proxy }) => proxy));
  for await (const page of readRemovals(queries, filter, onlySubject, proxies)) {
    await writer.addRemovals(await proveEvidence(queries, page, size));
  }
  await writer.end();
}

/** A cosigned one where it holds all of the events, else one of that moment. @param last place of an event in the log */
async function findCheckpoint(parts: Parts, last: number, head: LogHead) {
  const newest = await parts.checkpoints.newest();
  const { size } = readUnverifiedCheckpoint(newest);
  if (size <= head.size && last < size) return { note: newest, size };
  return { note: parts.checkpoints.sign(head), size: head.size };
}
