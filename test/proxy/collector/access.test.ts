/** Promises about tokens, groups and what the service says of itself. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRateLimit } from '../../../proxy/collector/rateLimit.ts';
import { type Harness, secretUrl, startHarness } from './collectorHarness.ts';
import { audience, people, startIssuer, type TestIssuer } from './issuer.ts';

let harness: Harness;
let otherIssuer: TestIssuer;
beforeAll(async () => {
  [harness, otherIssuer] = await Promise.all([startHarness(), startIssuer()]);
});
afterAll(() => Promise.all([harness?.stop(), otherIssuer?.stop()]));

describe('tokens', () => {
  const refused = async (token: string | undefined) => {
    const { status, headers, body } = await harness.call(token, 'GET', '/v1/me');
    expect(headers.get('www-authenticate')).toContain('Bearer');
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body.detail.length).toBeGreaterThan(10);
    return status;
  };
  const unsigned = (header: object, claims: object) =>
    `${[header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;

  it('answers who asks from a good token', async () => {
    expect((await harness.call(people.dev, 'GET', '/v1/me')).body).toEqual({
      subject: 'dev',
      email: 'dev@example.com',
      groups: ['developers'],
    });
  });

  it('refuses no token, an expired one, one for somebody else, and one of somebody else', async () => {
    const { issuer } = harness;
    expect(await refused(undefined)).toBe(401);
    expect(await refused('nonsense')).toBe(401);
    const past = Math.floor(Date.now() / 1000) - 7200;
    expect(await refused(await issuer.token(people.dev, { iat: past, exp: past + 3600 }))).toBe(401);
    expect(await refused(await issuer.token(people.dev, { aud: 'https://elsewhere.test' }))).toBe(401);
    expect(await refused(await issuer.token(people.dev, { iss: 'https://elsewhere.test' }))).toBe(401);
    expect(await refused(await otherIssuer.token(people.dev, { iss: issuer.url }))).toBe(401);
  });

  it('refuses an unsigned token (alg none)', async () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: harness.issuer.url, aud: audience, iat: now, exp: now + 3600, ...people.admin };
    expect(await refused(unsigned({ alg: 'none', typ: 'at+jwt' }, claims))).toBe(401);
    expect(await refused(unsigned({ alg: 'RS256', kid: 'one', typ: 'at+jwt' }, claims))).toBe(401);
  });

  it('does not blame a token that it cannot check', async () => {
    const another = await harness.startAnother({ issuer: 'http://127.0.0.1:1' });
    const { status, body } = await harness.callAt(another.url, people.dev, 'GET', '/v1/me');
    expect([status, body.detail]).toEqual([503, expect.stringContaining('cannot be checked now')]);
    await another.stop();
  });

  it('asks for a token on every route under /v1', async () => {
    const { paths } = (await harness.call(undefined, 'GET', '/openapi.json')).body;
    for (const [path, methods] of Object.entries(paths as Record<string, object>)) {
      if (!/^\/(v1\/|checkpoint|tile\/)/.test(path)) continue;
      for (const method of Object.keys(methods)) {
        const { status } = await harness.call(
          undefined,
          method.toUpperCase(),
          path.replace(/\{[\w*]+\}/, 'x'),
        );
        expect([method, path, status]).toEqual([method, path, 401]);
      }
    }
  });

  it('never logs a token, credentials or an address asked for', async () => {
    const token = await harness.issuer.token(people.dev);
    await harness.call(token, 'GET', '/v1/events?identity=somebody@example.com');
    await harness.call(token, 'POST', '/v1/leases', { connection: 'shop' });
    const logged = harness.logged.join('');
    expect(logged).toContain('GET /v1/events 200');
    for (const secret of [token, 's3cret', 'somebody@example.com', harness.postgres.password]) {
      expect(logged).not.toContain(secret);
    }
  });
});

describe('what the service says of itself', () => {
  it('tells anybody how to sign in, and whether it works', async () => {
    expect((await harness.call(undefined, 'GET', '/.well-known/portcullis')).body).toEqual({
      issuer: harness.issuer.url,
      clientId: 'portcullis-test',
      audience,
      version: 1,
    });
    expect((await harness.call(undefined, 'GET', '/healthz')).body).toEqual({ status: 'ok' });
  });

  it('lists all routes, with what they take and answer, at /openapi.json', async () => {
    const { body } = await harness.call(undefined, 'GET', '/openapi.json');
    expect(body.openapi).toMatch(/^3\./);
    const routes = Object.entries(
      body.paths as Record<string, Record<string, { responses: object; summary: string }>>,
    )
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
      .sort();
    expect(routes).toEqual([
      'GET /.well-known/portcullis',
      'GET /checkpoint',
      'GET /healthz',
      'GET /metrics',
      'GET /openapi.json',
      'GET /tile/{*}',
      'GET /v1/baselines/{connection}',
      'GET /v1/catalog',
      'GET /v1/classifications',
      'GET /v1/drift',
      'GET /v1/events',
      'GET /v1/evidence',
      'GET /v1/grants',
      'GET /v1/graph',
      'GET /v1/log/keys',
      'GET /v1/me',
      'GET /v1/policy',
      'GET /v1/requests',
      'GET /v1/requests/{id}',
      'GET /v1/schemas/event',
      'GET /v1/sinks',
      'GET /v1/sinks/{name}/dead-letters',
      'GET /v1/snapshots/{connection}',
      'GET /v1/statements',
      'GET /v1/stream',
      'POST /v1/baselines/{connection}',
      'POST /v1/classifications',
      'POST /v1/events',
      'POST /v1/leases',
      'POST /v1/requests',
      'POST /v1/requests/{id}/reviews',
      'POST /v1/requests/{id}/use',
      'POST /v1/requests/{id}/withdraw',
      'POST /v1/sinks/{name}/dead-letters/redeliver',
      'PUT /v1/snapshots/{connection}',
    ]);
    for (const methods of Object.values(body.paths as Record<string, Record<string, { summary?: string }>>)) {
      for (const route of Object.values(methods)) expect(route.summary).toBeTruthy();
    }
  });

  it('answers what it does not know as a problem document with a request id', async () => {
    const { status, headers, body } = await harness.call(people.dev, 'GET', '/v1/nothing');
    expect([status, body.status, body.title]).toEqual([404, 404, 'Not Found']);
    expect(headers.get('x-request-id')).toBe(body.requestId);
    const broken = await fetch(`${harness.collector.url}/v1/requests`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await harness.issuer.token(people.dev)}`,
        'content-type': 'application/json',
      },
      body: '{"connection":',
    });
    expect([broken.status, broken.headers.get('content-type')]).toEqual([
      400,
      expect.stringContaining('problem+json'),
    ]);
  });
});

describe('catalog, policy and leases', () => {
  it('lists connections without their credentials', async () => {
    const { body } = await harness.call(people.auditor, 'GET', '/v1/catalog');
    expect(body).toEqual({
      items: [
        { name: 'shop', environment: 'production' },
        { name: 'lab', environment: 'development' },
      ],
      next: null,
    });
  });

  it('hands out the policy with an ETag, and nothing to who has it', async () => {
    const first = await harness.call(people.dev, 'GET', '/v1/policy');
    expect(first.body.files).toEqual([{ name: 'reads.cedar', text: '// nothing' }]);
    const tag = first.headers.get('etag') ?? '';
    expect(tag).toBe(`"${first.body.version}"`);
    const again = await fetch(`${harness.collector.url}/v1/policy`, {
      headers: { authorization: `Bearer ${await harness.issuer.token(people.dev)}`, 'if-none-match': tag },
    });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  it('leases to developers, reviewers and admins for an hour, and to nobody else', async () => {
    for (const who of [people.dev, people.reviewer, people.admin]) {
      const { status, headers, body } = await harness.call(who, 'POST', '/v1/leases', { connection: 'shop' });
      expect([status, body.connection, body.url]).toEqual([201, 'shop', secretUrl]);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(Math.abs(Date.parse(body.expiresAt) - Date.now() - 3_600_000)).toBeLessThan(60_000);
    }
    for (const who of [people.auditor, people.stranger, people.proxy]) {
      const { status, body } = await harness.call(who, 'POST', '/v1/leases', { connection: 'shop' });
      expect([status, body.detail]).toEqual([
        403,
        expect.stringContaining('developers, reviewers or admins'),
      ]);
      expect(JSON.stringify(body)).not.toContain('s3cret');
    }
    expect((await harness.call(people.dev, 'POST', '/v1/leases', { connection: 'nowhere' })).status).toBe(
      404,
    );
    expect((await harness.call(people.dev, 'POST', '/v1/leases', {})).status).toBe(400);
  });

  it('slows down a client gone wild, and nobody else', () => {
    let now = 0;
    const limit = makeRateLimit(() => now);
    const waits = Array.from({ length: 1_000 }, () => limit.take('wild'));
    expect(waits.filter((wait) => wait === 0)).toHaveLength(400);
    expect(waits.at(-1)).toBe(1);
    expect(limit.take('dev')).toBe(0);
    now += 1_000;
    expect(Array.from({ length: 200 }, () => limit.take('wild')).filter((wait) => wait === 0)).toHaveLength(
      100,
    );
  });
});
