import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../../proxy/audit/canonicalJson.ts';
import { logEntry, maxEntryBytes } from '../../../../proxy/audit/log/logEntry.ts';

describe('the entry of an event', () => {
  it('is the canonical JSON of the event and its proxy', () => {
    const event = { seq: 7, kind: 'intent', at: '2030-01-01T00:00:00.000Z' };
    expect(logEntry('proxy "one"', event).toString()).toBe(
      String.raw`{"event":{"at":"2030-01-01T00:00:00.000Z","kind":"intent","seq":7},"proxy":"proxy \"one\""}`,
    );
    expect(logEntry('p', event).toString()).toBe(canonicalJson({ proxy: 'p', event }));
  });

  it('names the digest of an event that no bundle could hold, whole', () => {
    const sized = (length: number) => ({ seq: 7, text: 'x'.repeat(length) });
    const rest = logEntry('p', sized(0)).length;
    const largest = sized(maxEntryBytes - rest);
    expect(logEntry('p', largest).length).toBe(maxEntryBytes);
    const larger = sized(maxEntryBytes - rest + 1);
    const digest = createHash('sha256').update(canonicalJson(larger)).digest('hex');
    expect(logEntry('p', larger).toString()).toBe(`{"digest":"${digest}","proxy":"p","seq":7}`);
  });
});
