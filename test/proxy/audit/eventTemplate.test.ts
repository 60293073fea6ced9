/** Promises of the pre-rendered lines: by hand or not, they are RFC 8785 to the byte. */
import { expect, test } from 'vitest';
import { canonicalJson } from '../../../proxy/audit/canonicalJson.ts';
import type { OutcomeFields } from '../../../proxy/audit/events.ts';
import {
  renderIntent,
  renderLine,
  renderOutcomeLine,
  renderRefusal,
  renderTemplate,
} from '../../../proxy/audit/eventTemplate.ts';
import type { Effect } from '../../../proxy/sql/facts.ts';
import { intentFields } from './events.ts';

const at = '2026-11-03T09:15:00.123Z';

test('an intent is one canonical line with exactly the fields that were given', () => {
  const line = renderLine(at, 42, renderIntent(intentFields));
  expect(line.endsWith('}\n')).toBe(true);
  expect(line.indexOf('\n')).toBe(line.length - 1);
  expect(line).toBe(`${canonicalJson({ ...intentFields, at, kind: 'intent', seq: 42 })}\n`);
});

test('an intent never carries what facts know beyond the recorded fields: values, reasons, positions', () => {
  const effect: Effect = {
    kind: 'session',
    predicate: 'none',
    setting: 'application_name',
    value: '123-45-6789',
    why: 'sets 123-45-6789',
    location: 12,
  };
  const line = renderLine(at, 1, renderIntent({ ...intentFields, effects: [effect] }));
  expect(line).toContain('"effects":[{"kind":"session","predicate":"none","setting":"application_name"}]');
  expect(line).not.toContain('123-45-6789');
  const refusal = renderRefusal({
    client: { address: 'local' },
    effects: [effect],
    reason: { code: 'STATEMENT_DENIED', message: 'no', sqlState: '42501' },
  });
  expect(renderLine(at, 1, refusal)).not.toContain('123-45-6789');
});

test('an outcome is canonical with every combination of its optional fields', () => {
  const optional: OutcomeFields = {
    for: 7,
    status: 'error',
    rows: 3,
    micros: 1234,
    bytes: 99,
    tag: 'SELECT "3"\n',
    sqlState: '22P02',
    maskedColumns: [{ column: 'e-mail "x"', classification: 'pii.email' }],
  };
  const names = ['bytes', 'tag', 'sqlState', 'maskedColumns'] as const;
  for (let choice = 0; choice < 16; choice += 1) {
    const fields = { ...optional };
    for (const [bit, name] of names.entries()) if (choice & (1 << bit)) delete fields[name];
    const line = renderOutcomeLine(at, 8, fields);
    expect(line).toBe(`${canonicalJson({ ...fields, at, kind: 'outcome', seq: 8 })}\n`);
  }
});

test('an outcome with a number that is none is still an event', () => {
  for (const rows of [Number.NaN, Number.POSITIVE_INFINITY, -1, 0.5, 2 ** 60]) {
    const line = renderOutcomeLine(at, 8, { for: 7, status: 'ok', rows, micros: 1 });
    expect(JSON.parse(line)).toMatchObject({ rows: 0, seq: 8 });
  }
});

test('fields on both sides of seq, on one side or on none make a canonical line', () => {
  for (const fields of [
    {},
    { a_: 1 },
    { zebra: 'x' },
    { bytes: [1], session: 's', server: { b: 1, a: 2 } },
  ]) {
    const rest = Object.fromEntries(Object.entries(fields).filter(([key]) => key > 'at'));
    const line = renderLine(at, 5, renderTemplate('stopped', rest));
    expect(line).toBe(`${canonicalJson({ ...rest, at, kind: 'stopped', seq: 5 })}\n`);
  }
});

test('a field that would break the order of the line is refused', () => {
  for (const key of ['Z', 'as', 'at', 'seq', 'action']) {
    expect(() => renderTemplate('started', { [key]: 1 })).toThrow(TypeError);
  }
});
