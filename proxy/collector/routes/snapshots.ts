/** What databases look like, the baselines they should look like, and the drift between the two. */
import type { FastifyInstance } from 'fastify';
import { compareSnapshots } from '../../schema/compareSnapshots.ts';
import type { DriftReport, SchemaSnapshot } from '../../schema/snapshot.ts';
import { dataGroups, knownGroups, requireGroup, requirePerson } from '../access.ts';
import { callerOf } from '../authentication.ts';
import { type Parts, requireConnection } from '../parts.ts';
import { Problem } from '../problem.ts';
import { connectionParams, problems, text, time } from '../schemas/common.ts';
import { driftReportSchema, snapshotSchema } from '../schemas/snapshots.ts';
import { addAuthor, findSchemaChanges } from '../store/schemaChanges.ts';
import { acceptLive, keepSnapshot, readBaseline, readSnapshot } from '../store/snapshots.ts';

const maxSnapshotBytes = 32 * 1024 * 1024;
/** A clock that is further ahead would keep every later snapshot out. */
const maxAheadMs = 5 * 60 * 1000;

interface OfConnection {
  Params: { connection: string };
}

export function registerSnapshots(app: FastifyInstance, parts: Parts): void {
  app.put<OfConnection & { Body: SchemaSnapshot }>(
    '/v1/snapshots/:connection',
    {
      bodyLimit: maxSnapshotBytes,
      schema: {
        summary: 'Sends what the database looks like; the newest is kept',
        params: connectionParams,
        body: snapshotSchema,
        response: {
          200: {
            type: 'object',
            required: ['connection', 'at'],
            properties: { connection: { type: 'string' }, at: { ...time, description: 'Of the one kept.' } },
          },
          ...problems,
        },
      },
    },
    async (request) => {
      const { identity } = callerOf(request);
      requireGroup(identity, [...dataGroups, 'proxies'], 'send what a database looks like');
      const { name } = requireConnection(parts, request.params.connection);
      if (Date.parse(request.body.at) > Date.now() + maxAheadMs) {
        throw new Problem(400, 'The snapshot is from the future: set the clock of the machine that read it.');
      }
      return { connection: name, at: await keepSnapshot(parts.store, identity, name, request.body) };
    },
  );

  app.get<OfConnection>(
    '/v1/snapshots/:connection',
    {
      schema: {
        summary: 'What the database looks like',
        params: connectionParams,
        response: { 200: snapshotSchema, ...problems },
      },
    },
    async (request) => {
      requireGroup(callerOf(request).identity, knownGroups, 'see what a database looks like');
      const { name } = requireConnection(parts, request.params.connection);
      const snapshot = await readSnapshot(parts.store, name);
      if (snapshot === undefined) throw new Problem(404, `Nobody has sent yet what ${name} looks like.`);
      return snapshot;
    },
  );
  registerBaselines(app, parts);
}

function registerBaselines(app: FastifyInstance, parts: Parts): void {
  app.post<OfConnection>(
    '/v1/baselines/:connection',
    {
      bodyLimit: 10_000,
      schema: {
        summary: 'Accepts the live state as the baseline; answers the drift from it',
        description: 'For admins, and for services in group proxies.',
        params: connectionParams,
        body: {
          type: 'object',
          required: ['from'],
          properties: { from: { const: 'live' } },
          additionalProperties: false,
        },
        response: { 200: driftReportSchema, ...problems },
      },
    },
    async (request) => {
      const { identity } = callerOf(request);
      requireGroup(identity, ['admins', 'proxies'], 'accept a baseline');
      requirePerson(identity, 'accept a baseline');
      const { name } = requireConnection(parts, request.params.connection);
      await acceptLive(parts.store, identity, name);
      return reportDrift(parts, name);
    },
  );

  app.get<OfConnection>(
    '/v1/baselines/:connection',
    {
      schema: {
        summary: 'The snapshot that is the baseline',
        params: connectionParams,
        response: { 200: snapshotSchema, ...problems },
      },
    },
    async (request) => {
      requireGroup(callerOf(request).identity, knownGroups, 'see what a database looks like');
      const { name } = requireConnection(parts, request.params.connection);
      const baseline = await readBaseline(parts.store, name);
      if (baseline === undefined) throw new Problem(404, `${name} has no baseline yet.`);
      return baseline.snapshot;
    },
  );

  app.get<{ Querystring: { connection: string } }>(
    '/v1/drift',
    {
      schema: {
        summary: 'How the database differs from its baseline, and who changed what',
        querystring: {
          type: 'object',
          required: ['connection'],
          properties: { connection: text(200) },
        },
        response: { 200: driftReportSchema, ...problems },
      },
    },
    async (request) => {
      requireGroup(callerOf(request).identity, knownGroups, 'see what a database looks like');
      return reportDrift(parts, requireConnection(parts, request.query.connection).name);
    },
  );
}

async function reportDrift({ store }: Parts, connection: string): Promise<DriftReport> {
  const [baseline, live] = await Promise.all([
    readBaseline(store, connection),
    readSnapshot(store, connection),
  ]);
  const report = { connection, ...(live && { liveAt: live.at }) };
  if (baseline === undefined) return { ...report, items: [] };
  const items = live === undefined ? [] : compareSnapshots(baseline.snapshot, live);
  // What happened between the reading of the baseline and its acceptance is drift too.
  const changes = items.length === 0 ? [] : await findSchemaChanges(store, connection, baseline.snapshot.at);
  return {
    ...report,
    baseline: { at: baseline.acceptedAt.toISOString(), by: baseline.by },
    items: items.map((item) => addAuthor(item, changes)),
  };
}
