/** `GET /metrics`: what Prometheus reads of a collector. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Harness, intent, newRequest, startHarness } from './collectorHarness.ts';
import { people } from './issuer.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness?.stop());

/** By name and labels, without the metrics of the runtime. */
async function scrape(): Promise<Map<string, number>> {
  const response = await fetch(`${harness.collector.url}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith('portcullis_'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

describe('the metrics', () => {
  it('count events once, requests and answers, for anybody to read', async () => {
    const batch = { proxy: 'counted', events: [intent(people.dev, 1), intent(people.dev, 2)] };
    for (let i = 0; i < 2; i++)
      expect((await harness.call(people.dev, 'POST', '/v1/events', batch)).status).toBe(200);
    await harness.call(people.dev, 'POST', '/v1/requests', newRequest('UPDATE orders SET a = 1 WHERE b = 2'));
    const metrics = await scrape();
    expect(metrics.get('portcullis_events_taken_total')).toBe(2);
    // The two, the policy at the start, and the sign-in.
    expect(metrics.get('portcullis_log_size')).toBe(4);
    expect(metrics.get('portcullis_requests_open')).toBe(1);
    expect(metrics.get('portcullis_store_up')).toBe(1);
    const route = 'method="POST",route="/v1/events",status="200"';
    expect(metrics.get(`portcullis_http_request_duration_seconds_count{${route}}`)).toBe(2);
  });

  it('say so where the store is away, and tell no number from before', async () => {
    await harness.postgres.stop();
    const metrics = await scrape();
    expect(metrics.get('portcullis_store_up')).toBe(0);
    expect(metrics.get('portcullis_log_size')).toBeNaN();
  });
});
