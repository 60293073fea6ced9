/** What a leaf of the log covers: an event as it was taken, and the proxy it came from. */
import { createHash } from 'node:crypto';
import { canonicalJson, quoteJson } from '../canonicalJson.ts';

/** Entry bundles give the length of an entry in two bytes (C2SP tlog-tiles). */
export const maxEntryBytes = 65_535;

/**
 * The entry, UTF-8: canonical JSON (RFC 8785) of `{"event": …, "proxy": …}`. An event that would not fit is entered by
 * the SHA-256 of its own canonical JSON, as `{"digest": "<hex>", "proxy": …, "seq": …}`.
 * @throws TypeError, RangeError where the event has no canonical form
 */
export function logEntry(proxy: string, event: { readonly seq: number }): Buffer {
  return logEntryOf(proxy, event.seq, canonicalJson(event));
}

/** As {@link logEntry}, for whoever has the event's canonical JSON at hand. */
export function logEntryOf(proxy: string, seq: number, canonicalEvent: string): Buffer {
  const entry = Buffer.from(`{"event":${canonicalEvent},"proxy":${quoteJson(proxy)}}`);
  if (entry.length <= maxEntryBytes) return entry;
  const digest = createHash('sha256').update(canonicalEvent).digest('hex');
  return Buffer.from(`{"digest":"${digest}","proxy":${quoteJson(proxy)},"seq":${seq}}`);
}
