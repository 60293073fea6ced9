/** Promises about the log of a service: JSON by the line, with ids to search for, and no secret, name or address in it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createStructuredLog } from '../../../proxy/collector/structuredLog.ts';
import { type Harness, startHarness } from './collectorHarness.ts';
import { people } from './issuer.ts';

const lines: string[] = [];
let harness: Harness;
beforeAll(async () => {
  const stream = { write: (line: string) => void lines.push(line) };
  harness = await startHarness(createStructuredLog('debug', stream));
});
afterAll(() => harness?.stop());

it('tells of each answer by its route, under the id that the caller was given', async () => {
  const token = await harness.issuer.token(people.dev);
  const answer = await harness.call(token, 'GET', '/v1/events?identity=somebody@example.com');
  await harness.call(token, 'POST', '/v1/leases', { connection: 'shop' });
  await harness.call('nonsense', 'GET', '/v1/me');
  const parsed = lines.map((line) => JSON.parse(line));
  const requestId = answer.headers.get('x-request-id');
  expect(parsed.find((line) => line.requestId === requestId && line.msg === 'answered')).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    requestId,
    method: 'GET',
    route: '/v1/events',
    status: 200,
    millis: expect.any(Number),
    msg: 'answered',
  });
  expect(parsed.filter(({ route, status }) => route === '/v1/me' && status === 401)).toHaveLength(1);
  const text = lines.join('');
  for (const secret of [token, 's3cret', 'somebody@example.com', harness.postgres.password, 'Bearer']) {
    expect(text).not.toContain(secret);
  }
});

it('never writes a secret that is handed to it, and of errors only what they say', () => {
  const written: string[] = [];
  const { log, logger } = createStructuredLog('info', { write: (line) => void written.push(line) });
  const headers = { authorization: 'Bearer abc', cookie: 'session=abc' };
  logger.info({ ...headers, headers, call: { headers, authorization: 'Bearer abc' } }, 'a mistake');
  log
    .named('sink')
    .warn('it failed', Object.assign(new Error('duplicate key'), { detail: 'Key (email)=(abc)' }));
  log.debug('abc');
  log.info('two\nlines');
  expect(written.join('')).not.toContain('abc');
  expect(written.map((line) => JSON.parse(line))).toMatchObject([
    { authorization: '[redacted]', call: { headers: { cookie: '[redacted]' } } },
    { level: 'warn', area: 'sink', err: { type: 'Error', message: 'duplicate key' }, msg: 'it failed' },
    { msg: 'two\nlines' },
  ]);
  expect(written.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
});
