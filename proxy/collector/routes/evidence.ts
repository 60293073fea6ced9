/** Evidence bundles: events with their proofs, in one file that is checked offline. */
import type { FastifyInstance } from 'fastify';
import { makeBundle } from '../../audit/evidence/bundle.ts';
import type { EvidenceFilter } from '../../audit/evidence/evidenceFilter.ts';
import { readUnverifiedCheckpoint } from '../../audit/log/checkpoint.ts';
import { formatNoteKey } from '../../audit/log/signedNote.ts';
import { isInGroup, knownGroups, requireGroup } from '../access.ts';
import { callerOf } from '../authentication.ts';
import type { Parts } from '../parts.ts';
import { Problem } from '../problem.ts';
import { problems, text, time } from '../schemas/common.ts';
import { findEvidence, findRemovals, proveEvidence, readTaken } from '../store/findEvidence.ts';
import { type LogHead, readHead } from '../store/log.ts';
import { listKeys } from '../store/logKeys.ts';
import { findPolicies, keepPolicy } from '../store/policies.ts';
import type { Store } from '../store/store.ts';

/** A bundle is made in memory, and every event has a proof. */
const maxEvents = 20_000;

export function registerEvidence(app: FastifyInstance, parts: Parts): void {
  app.get<{ Querystring: EvidenceFilter }>(
    '/v1/evidence',
    {
      schema: {
        summary: 'An evidence bundle: one file that `portcullis verify` checks offline',
        description: `A ZIP archive with the events, their proofs against the checkpoint, keys, the policies in force and a summary to read. Auditors and admins see all, others only their own. At most ${maxEvents} events: 413 where there are more. Without a filter but the time it shows every number of each proxy in the period.`,
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
      const seesAll = isInGroup(identity, 'auditors', 'admins');
      const filter = { ...request.query };
      const bundle = await collect(parts, filter, identity, seesAll);
      const { events: results } = bundle;
      await parts.own.readings.record(request, { how: 'export', filter, results, ownOnly: !seesAll });
      return reply
        .type('application/zip')
        .header(
          'content-disposition',
          `attachment; filename="portcullis-evidence-${bundle.madeAt.slice(0, 10)}.zip"`,
        )
        .send(bundle.bytes);
    },
  );
}

async function collect(
  parts: Parts,
  filter: EvidenceFilter,
  identity: { readonly subject: string; readonly email: string },
  seesAll: boolean,
) {
  const { store, checkpoints } = parts;
  const onlySubject = seesAll ? undefined : identity.subject;
  const madeAt = new Date().toISOString();
  await keepPolicy(store, parts.own.events, parts.policy.files);
  const { found, removals, taken, head } = await findAll(store, filter, onlySubject);
  const { note, size } = await findCheckpoint(parts, [...found, ...removals], head);
  const bytes = makeBundle({
    madeAt,
    madeFor: { subject: identity.subject, email: identity.email },
    filter,
    ...(onlySubject !== undefined && { onlySubject }),
    events: await proveEvidence(store, found, size),
    removals: await proveEvidence(store, removals, size),
    taken,
    policies: await findPolicies(store, filter),
    keys: {
      origin: checkpoints.identity.origin,
      keys: await listKeys(store),
      witnesses: parts.witnesses.map(({ key }) => formatNoteKey(key)),
    },
    checkpoint: note,
    checkpointSize: size,
    signers: checkpoints.identity.signers,
  });
  return { bytes, madeAt, events: found.length };
}

/** In one look at the store: what others record meanwhile must not look like what is missing. */
async function findAll(store: Store, filter: EvidenceFilter, onlySubject: string | undefined) {
  const all = await store.transaction(async (queries) => {
    await queries.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const taken = await readTaken(queries);
    const found = await findEvidence(queries, filter, onlySubject, maxEvents);
    const removals = await findRemovals(
      queries,
      filter,
      onlySubject,
      new Set(found.map(({ proxy }) => proxy)),
    );
    return { taken, found, removals, head: await readHead(queries) };
  });
  if (all.found.length <= maxEvents) return all;
  throw new Problem(
    413,
    `More than ${maxEvents} events match. Narrow the period (from, to) or the filter, and make several bundles.`,
  );
}

/** A cosigned one where it holds all of the events, else one of that moment. */
async function findCheckpoint(parts: Parts, found: readonly { readonly index: number }[], head: LogHead) {
  const newest = await parts.checkpoints.newest();
  const { size } = readUnverifiedCheckpoint(newest);
  if (size <= head.size && found.every(({ index }) => index < size)) return { note: newest, size };
  return { note: parts.checkpoints.sign(head), size: head.size };
}
