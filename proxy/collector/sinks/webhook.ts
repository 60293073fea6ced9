/**
 * Webhooks: CloudEvents 1.0 over HTTP, batched content mode (HTTP Protocol Binding, section 3.3), signed by Standard
 * Webhooks 1.0.0 (HMAC-SHA256, `webhook-id`, `webhook-timestamp`, `webhook-signature`).
 */
import { createHash, createHmac } from 'node:crypto';
import { cloudEventsBatch } from '../../audit/ocsf/cloudEvents.ts';
import { deliveryOf, deliveryOfFailure } from './httpDelivery.ts';
import { makeHttpPoster } from './httpPost.ts';
import type { Sink, WebhookTarget } from './sink.ts';

export function openWebhook(target: WebhookTarget, timeoutMs: number): Sink {
  const poster = makeHttpPoster({ ...target, timeoutMs });
  return {
    deliver: async (items, signal) => {
      const body = `[${items.map(({ text }) => text).join(',')}]`;
      const headers = {
        ...target.headers,
        'content-type': `${cloudEventsBatch}; charset=UTF-8`,
        ...signWebhook(target.secrets, body, Math.floor(Date.now() / 1000)),
      };
      try {
        return deliveryOf(await poster.post(headers, body, signal), false);
      } catch (error) {
        return deliveryOfFailure(error);
      }
    },
    close: async () => poster.close(),
  };
}

/** @param timestamp of this try, seconds since 1970 */
export function signWebhook(
  secrets: readonly Buffer[],
  body: string,
  timestamp: number,
): Readonly<Record<string, string>> {
  // Of the content: the same however often it is tried, by whichever collector, and of no other.
  const id = `msg_${createHash('sha256').update(body).digest('hex').slice(0, 40)}`;
  const signatures = secrets.map(
    (secret) => `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  );
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  };
}
