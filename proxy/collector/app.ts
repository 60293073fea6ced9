/** The HTTP service: hooks in the order in which a request meets them, then the routes. */
import { randomUUID } from 'node:crypto';
import swagger from '@fastify/swagger';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Log } from '../kit/log.ts';
import { makeAuthentication } from './authentication.ts';
import { acceptGzip } from './compressedBodies.ts';
import { registerMetrics } from './metrics.ts';
import type { Parts } from './parts.ts';
import { registerProblems } from './problem.ts';
import { registerCatalog } from './routes/catalog.ts';
import { registerClassifications } from './routes/classifications.ts';
import { registerDiscovery } from './routes/discovery.ts';
import { registerEvents } from './routes/events.ts';
import { registerEvidence } from './routes/evidence.ts';
import { registerLeases } from './routes/leases.ts';
import { registerLog } from './routes/log.ts';
import { registerRequests } from './routes/requests.ts';
import { registerSchemas } from './routes/schemas.ts';
import { registerSinks } from './routes/sinks.ts';
import { registerSnapshots } from './routes/snapshots.ts';
import { registerStatements } from './routes/statements.ts';
import { registerStream } from './routes/stream.ts';

/** @param logger where each answer is a line of its own; it is one of `log` at level debug otherwise */
export async function makeApp(parts: Parts, log: Log, logger?: FastifyBaseLogger): Promise<FastifyInstance> {
  const app = Fastify({
    ...(logger === undefined ? { logger: false as const } : { loggerInstance: logger }),
    // Fastify's own lines hold addresses, which name people.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    bodyLimit: 1024 * 1024,
    requestTimeout: 60_000,
    routerOptions: { maxParamLength: 300 },
    genReqId: () => randomUUID(),
    // Nothing is guessed: a number sent as text is refused, an unknown member is refused or kept as the schema says.
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allowUnionTypes: true,
      },
    },
  });
  // Schemas describe answers; they do not drop what they do not name.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  registerProblems(app, log);
  registerHeaders(app, log, logger !== undefined);

  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Portcullis collector', version: '1' },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      security: [{ bearer: [] }],
    },
  });
  app.get(
    '/openapi.json',
    { schema: { summary: 'This description', security: [], response: { 200: { type: 'object' } } } },
    async () => app.swagger(),
  );
  registerDiscovery(app, parts);
  const metrics = registerMetrics(app, parts.store, parts.sinks);

  await app.register(async (signedIn) => {
    signedIn.addHook('onRequest', makeAuthentication(parts.discovery, parts.own.signIns));
    acceptGzip(signedIn);
    registerCatalog(signedIn, parts);
    registerClassifications(signedIn, parts);
    registerLeases(signedIn, parts);
    registerEvents(signedIn, parts, metrics);
    registerEvidence(signedIn, parts, log);
    registerLog(signedIn, parts);
    registerRequests(signedIn, parts);
    registerSchemas(signedIn);
    registerSinks(signedIn, parts);
    registerSnapshots(signedIn, parts);
    registerStatements(signedIn, parts);
    registerStream(signedIn, parts);
  });
  return app;
}

function registerHeaders(app: FastifyInstance, log: Log, isStructured: boolean): void {
  app.addHook('onRequest', async (request, reply) => {
    void reply
      .header('x-request-id', request.id)
      .header('x-content-type-options', 'nosniff')
      .header('cache-control', 'no-store');
  });
  // The route as it is registered, not the address: queries name people.
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown route';
    const { method } = request;
    const [status, millis] = [reply.statusCode, Math.round(reply.elapsedTime)];
    if (isStructured) request.log.info({ method, route, status, millis }, 'answered');
    else log.debug(`${method} ${route} ${status} in ${millis} ms (${request.id})`);
  });
}
