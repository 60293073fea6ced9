/** Statements and the state of the synchronisation are told in plain, harmless words. */
import { describe, expect, it, vi } from 'vitest';
import {
  describeRow,
  describeSync,
  explainRow,
  rowOf,
  showDuration,
} from '../../../extension/audit/activityWords.ts';
import { describeSinks } from '../../../extension/audit/sinkWords.ts';
import { throttle } from '../../../extension/audit/throttle.ts';
import type { ActivityEntry } from '../../../proxy/control/messages.ts';

const now = new Date(2026, 10, 21, 11, 0, 0);
const entry: ActivityEntry = {
  seq: 7,
  at: new Date(2026, 10, 21, 10, 31, 5).toISOString(),
  connection: 'demo',
  environment: 'production',
  application: 'psql',
  text: 'SELECT email\n  FROM customers',
  decision: 'allow',
  status: 'ok',
  rows: 1234,
  micros: 4200,
  maskedColumns: [{ column: 'email', classification: 'pii.email' }],
  who: 'dev@example.com',
  address: '127.0.0.1',
  relations: ['public.customers'],
  effects: ['read'],
  policies: ['default.readonly'],
  isSynced: true,
};
const describeEntry = (more: Partial<ActivityEntry>) => describeRow(rowOf({ ...entry, ...more }, now));

describe('a statement in words', () => {
  it('tells when, how much, how long, what was masked, and what waits', () => {
    expect(rowOf(entry, now).what).toBe('SELECT email FROM customers');
    expect(describeEntry({})).toBe('10:31:05 · 1,234 rows · 4.2 ms · 1 masked');
    expect(describeEntry({ isSynced: false, rows: 1, maskedColumns: [] })).toBe(
      '10:31:05 · 1 row · 4.2 ms · waits to be sent',
    );
    expect(explainRow(rowOf(entry, now))).toEqual([
      'ok',
      'On demo (production), from psql',
      '1,234 rows in 4.2 ms',
      'Masked: email (pii.email)',
      'Event 7 is at the collector',
    ]);
  });

  it.each([
    [{ status: 'refused', decision: 'deny', reason: 'it has no WHERE' }, 'denied'],
    [{ status: 'refused', decision: 'approve', reason: 'a reviewer has to agree' }, 'needs approval'],
    [{ status: 'refused', decision: 'refused', reason: 'not parsed' }, 'refused'],
    [{ status: 'error', reason: '22012' }, 'failed 22012'],
    [{ status: 'cancelled', reason: '57014' }, 'cancelled'],
    [{ status: 'unknown' }, 'outcome unknown'],
    [{ status: 'notRun' }, 'not run'],
    [{ status: 'ok', decision: 'approve' }, 'ok, approved'],
  ] as const)('%o is %s', (more, outcome) => {
    expect(rowOf({ ...entry, ...more }, now).outcome).toBe(outcome);
  });

  it('shows what would be invisible, or would turn its neighbours round', () => {
    const row = rowOf({ ...entry, text: 'SELECT \u0000\u202e\u200b1', application: 'a\u001b[31m' }, now);
    expect(row.what).toBe('SELECT ⟨U+0000⟩⟨U+202E⟩⟨U+200B⟩1');
    expect(row.application).toBe('a⟨U+001B⟩[31m');
  });

  it('adds the date of another day, and rounds durations', () => {
    expect(rowOf({ ...entry, at: new Date(2026, 10, 20, 9, 1, 2).toISOString() }, now).time).toBe(
      'Nov 20 09:01',
    );
    expect([900, 1500, 999_400, 999_600, 61_000_000].map(showDuration)).toEqual([
      '900 µs',
      '1.5 ms',
      '999 ms',
      '1.0 s',
      '1 min 1 s',
    ]);
  });
});

describe('the state of the synchronisation in words', () => {
  const lastSentAt = entry.at;
  it.each([
    [{ waiting: 0 }, 'No event waits to be sent.'],
    [{ waiting: 0, lastSentAt }, 'All events are at the collector; last sent 10:31:05.'],
    [{ waiting: 1, lastSentAt }, '1 event waits to be sent; last sent 10:31:05.'],
    [
      {
        waiting: 3,
        problem: { message: 'Events wait to be sent: the collector at http://c cannot be reached: refused.' },
      },
      '3 events wait to be sent: the collector at http://c cannot be reached: refused.',
    ],
  ])('%o is "%s"', (sync, text) => {
    expect(describeSync(sync, now).text).toBe(text);
    expect(describeSync(sync, now).isTrouble).toBe('problem' in sync);
  });
});

describe('reading again', () => {
  it('happens at most once per interval, and once after the last news', () => {
    vi.useFakeTimers();
    let runs = 0;
    const throttled = throttle(() => (runs += 1), 500);
    for (let i = 0; i < 100; i += 1) {
      throttled.call();
      vi.advanceTimersByTime(10);
    }
    expect(runs).toBe(3); // at 0, 500 and 1000 ms
    vi.advanceTimersByTime(2000);
    expect(runs).toBe(3);
    throttled.call();
    throttled.call();
    throttled.dispose();
    vi.advanceTimersByTime(2000);
    expect(runs).toBe(4);
    vi.useRealTimers();
  });
});

describe('the line about sinks', () => {
  const sink = { name: 'siem', kind: 'webhook', state: 'idle', waiting: 0, failed: 0, gone: 0 } as const;
  it('says how many are current, and names those that are not, with why', () => {
    expect(describeSinks([])).toBeUndefined();
    expect(describeSinks([sink])).toEqual({ text: '1 sink: all current.', isTrouble: false });
    expect(describeSinks([sink, { ...sink, name: 'lake', state: 'sending', waiting: 1234 }])).toEqual({
      text: '2 sinks: 1 current; webhook lake has 1,234 undelivered.',
      isTrouble: false,
    });
    const problem = 'Events wait to be sent: the connection was refused.';
    expect(describeSinks([{ ...sink, state: 'retrying', waiting: 2, failed: 3, problem }])).toEqual({
      text: '1 sink: webhook siem has 2 undelivered, 3 refused for good: the connection was refused.',
      isTrouble: true,
    });
  });
  it('warns of what can be mended alone, and lets no name forge a line', () => {
    expect(describeSinks([{ ...sink, gone: 7 }])).toEqual({
      text: '1 sink: webhook siem has 7 removed by retention before it had them.',
      isTrouble: false,
    });
    const many = Array.from({ length: 5 }, (_, i) => ({ ...sink, name: `s${i}\n`, failed: 1 }));
    expect(describeSinks(many)?.text).toMatch(/s2\S* has 1 refused for good; and 2 more behind\.$/);
    expect(describeSinks(many)?.text).not.toContain('\n');
  });
});
