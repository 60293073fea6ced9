/** The activity log shows one identity's latest statements as the journal has them. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { ActivityLog, type ActivityOptions } from '../../../proxy/audit/activity.ts';
import type { IntentFields } from '../../../proxy/audit/events.ts';
import { renderIntent } from '../../../proxy/audit/eventTemplate.ts';
import type { Journal } from '../../../proxy/audit/journal/journal.ts';
import { createLog } from '../../../proxy/kit/log.ts';
import { intentFields } from './events.ts';
import { makeFolder, open } from './fixtures.ts';

const identity = { subject: 'u-1', email: 'dev@example.com', groups: ['developers'] };

function intentOf(text: string, more: Partial<IntentFields> = {}) {
  return renderIntent({ ...intentFields, ...more, statement: { ...intentFields.statement, text } });
}

function follow(folder: string, journal: Journal, more: Partial<ActivityOptions> = {}): ActivityLog {
  const log = createLog('silent');
  const activity = new ActivityLog({ folder, journal, subject: 'u-1', log, pollMs: 10, ...more });
  onTestFinished(() => activity.stop());
  return activity;
}

describe('the activity log', () => {
  it('joins a statement and what came of it', async () => {
    const folder = makeFolder();
    const journal = await open(folder);
    let changes = 0;
    const activity = follow(folder, journal, { onChange: () => (changes += 1) });
    const seq = journal.intent(intentOf('SELECT email FROM customers'));
    journal.flush();
    await expect.poll(() => activity.list(10, 0).length).toBe(1);
    expect(activity.list(10, seq)[0]).toMatchObject({ status: 'running', isSynced: true, decision: 'allow' });
    const maskedColumns = [{ column: 'email', classification: 'pii.email' }];
    const outcome = journal.outcome({ for: seq, status: 'ok', rows: 3, micros: 1200, maskedColumns });
    await expect.poll(() => activity.list(10, seq)[0]?.status).toBe('ok');
    expect(activity.list(10, seq)).toEqual([
      {
        seq,
        at: expect.stringMatching(/^\d{4}-.*Z$/),
        connection: 'demo',
        environment: 'production',
        application: 'psql',
        text: 'SELECT email FROM customers',
        decision: 'allow',
        status: 'ok',
        rows: 3,
        micros: 1200,
        maskedColumns,
        who: 'dev@example.com',
        address: '127.0.0.1:51234',
        relations: ['public.customers'],
        effects: ['read'],
        policies: ['reads-are-allowed'],
        isSynced: false,
      },
    ]);
    expect(activity.list(10, outcome)[0]?.isSynced).toBe(true);
    expect(changes).toBe(2);
  });

  it('gives the SQLSTATE of a failed statement, and notRun for one that was withdrawn after it was written', async () => {
    const folder = makeFolder();
    const journal = await open(folder);
    const failed = journal.intent(intentOf('SELECT 1/0'));
    const withdrawn = journal.intent(intentOf('DELETE FROM orders'));
    journal.flush();
    journal.outcome({ for: failed, status: 'error', rows: 0, micros: 10, sqlState: '22012' });
    journal.withdraw(withdrawn);
    await journal.sync();
    const activity = follow(folder, journal);
    await activity.read();
    expect(activity.list(10, 0).map(({ status, reason }) => [status, reason])).toEqual([
      ['notRun', '53100'],
      ['error', '22012'],
    ]);
  });

  it('goes on after numbers that were withdrawn before they were written', async () => {
    const folder = makeFolder();
    const journal = await open(folder);
    for (const seq of [1, 2].map(() => journal.intent(intentOf('SELECT 1')))) journal.withdraw(seq);
    const kept = journal.intent(intentOf('SELECT 2'));
    await journal.sync();
    const activity = follow(folder, journal);
    await activity.read();
    expect(activity.list(10, 0).map(({ seq }) => seq)).toEqual([kept]);
  });

  it('shows refusals with their words', async () => {
    const folder = makeFolder();
    const journal = await open(folder);
    const { effects: _, ...fields } = intentFields;
    const reason = { code: 'STATEMENT_DENIED', message: 'it has no WHERE', sqlState: '42501' };
    journal.refusal({ ...fields, decision: { outcome: 'deny', policies: ['p'], version: '1' }, reason });
    journal.refusal({ client: fields.client, identity, reason: { ...reason, message: 'not parsed' } });
    journal.refusal({ client: fields.client, reason: { ...reason, message: 'of nobody' } });
    await journal.sync();
    const activity = follow(folder, journal);
    await activity.read();
    expect(
      activity.list(10, 0).map(({ decision, status, reason: words }) => [decision, status, words]),
    ).toEqual([
      ['refused', 'refused', 'not parsed'],
      ['deny', 'refused', 'it has no WHERE'],
    ]);
  });

  it('does not show what others did', async () => {
    const folder = makeFolder();
    const journal = await open(folder);
    const other = journal.intent(intentOf('SELECT 1', { identity: { subject: 'u-2', groups: [] } }));
    journal.outcome({ for: other, status: 'ok', rows: 1, micros: 1 });
    await journal.sync();
    const activity = follow(folder, journal);
    await activity.read();
    expect(activity.list(10, 0)).toEqual([]);
  });

  it('keeps the latest only, newest first, and long texts shortened', async () => {
    const folder = makeFolder();
    const journal = await open(folder, { segmentBytes: 4096 });
    for (let i = 0; i < 50; i += 1) {
      const seq = journal.intent(intentOf(i === 49 ? `SELECT '${'x'.repeat(100_000)}'` : `SELECT ${i}`));
      journal.outcome({ for: seq, status: 'ok', rows: i, micros: 1 });
      if (i % 5 === 0) await journal.sync();
    }
    await journal.sync();
    const activity = follow(folder, journal, { kept: 20, tailEvents: 60 });
    await activity.read();
    expect(activity.list(100, 0).map(({ rows }) => rows)).toEqual(
      Array.from({ length: 20 }, (_, index) => 49 - index),
    );
    expect(activity.list(3, 0)).toHaveLength(3);
    expect(activity.list(1, 0)[0]?.text.length).toBeLessThan(17_000);
    expect(activity.list(1, 0)[0]?.text).toMatch(/more characters, in the journal$/);
    const few = follow(folder, journal, { tailEvents: 5 });
    await few.read();
    expect(few.list(100, 0).length).toBeLessThanOrEqual(3);
  });

  it('knows that what a proxy had running when it ended is not running any more', async () => {
    const folder = makeFolder();
    const first = await open(folder);
    first.intent(intentOf('SELECT pg_sleep(100)'));
    await first.close();
    const journal = await open(folder);
    const activity = follow(folder, journal);
    await activity.read();
    expect(activity.list(10, 0).map(({ status }) => status)).toEqual(['unknown']);
  });
});
