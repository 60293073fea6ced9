/** What the schema view says: golden texts. */
import { describe, expect, it } from 'vitest';
import {
  describeAcceptance,
  describeNode,
  describeShortly,
  describeView,
  visible,
} from '../../../extension/drift/driftTexts.ts';
import { connectionNode, type SchemaNode } from '../../../extension/drift/schemaTree.ts';
import type { DriftItem, DriftReport } from '../../../proxy/control/messages.ts';

const byAna: DriftItem = {
  kind: 'changed',
  schema: 'app',
  table: 'customers',
  part: { kind: 'column', name: 'email' },
  summary: 'no longer NOT NULL',
  isRisky: true,
  author: {
    email: 'ana@example.com',
    at: '2026-03-01T10:00:00Z',
    statement: 'ALTER TABLE customers\n  ALTER email DROP NOT NULL',
  },
};
const byNobody: DriftItem = {
  kind: 'missing',
  schema: 'app',
  table: 'gone',
  part: { kind: 'table' },
  summary: 'table is missing',
  isRisky: false,
};

function report(items: readonly DriftItem[], hasBaseline = true): DriftReport {
  const baseline = { at: '2026-01-01T00:00:00Z', by: 'ben@example.com' };
  return { connection: 'shop', items, ...(hasBaseline ? { baseline } : {}) };
}

function find(node: SchemaNode, label: string): SchemaNode | undefined {
  if (node.label === label) return node;
  for (const child of node.children ?? []) {
    const found = find(child, label);
    if (found !== undefined) return found;
  }
  return undefined;
}

describe('the words of the schema view', () => {
  const root = connectionNode(
    { name: 'shop', environment: 'staging', state: 'ready' },
    {
      live: { form: 1, at: '2026-01-01T00:00:00Z', tables: [] },
      drift: report([byAna, byNobody]),
      classifications: {},
    },
  );
  const tooltip = (label: string) => {
    const node = find(root, label);
    return node === undefined ? undefined : describeNode(node);
  };

  it('tell what changed, who did it and by which statement', () => {
    expect(tooltip('email')).toBe(
      `email

no longer NOT NULL (risky)
By ana@example.com at 2026-03-01T10:00:00Z:
ALTER TABLE customers
  ALTER email DROP NOT NULL`,
    );
  });

  it('tell where nobody is on record, and name the place where a node holds several', () => {
    expect(tooltip('app')).toBe(
      `app

app.customers, column email: no longer NOT NULL (risky)
By ana@example.com at 2026-03-01T10:00:00Z:
ALTER TABLE customers
  ALTER email DROP NOT NULL

app.gone: table is missing
Changed outside Portcullis: nobody is on record for it.`,
    );
  });

  it('tell in one line, for who hears them, what a node is and what its badge means', () => {
    const node = find(root, 'email');
    expect(node && describeShortly(node)).toBe('column email, risky: widens access or loses a guarantee');
  });

  it('say what is wrong and where there is no baseline, and nothing otherwise', () => {
    expect(describeView([report([byAna])], [])).toBeUndefined();
    expect(describeView([], [])).toBeUndefined();
    expect(describeView([report([], false)], [{ connection: 'books', text: 'It cannot be reached.' }])).toBe(
      'books: It cannot be reached.\nNo baseline yet: shop. Drift shows once somebody accepts the schema as it is as the baseline.',
    );
  });

  it('ask before a baseline is replaced, with what that hides', () => {
    expect(describeAcceptance(report([byAna, byNobody]))).toEqual({
      question: 'Accept the schema of shop as it is now as its new baseline?',
      detail: `2 differences are no longer shown. It replaces the baseline of 2026-01-01T00:00:00Z, accepted by ben@example.com, for everybody.

1 risky difference among them:
app.customers, column email: no longer NOT NULL`,
    });
    expect(describeAcceptance(report([], false)).question).toContain('its first baseline');
    expect(describeAcceptance(report([])).detail).toContain('Nothing differs at present.');
  });

  it('show control characters and turned writing instead of obeying them', () => {
    expect(visible('a\u0000b\u001b[2Jc\u202ed\ne')).toBe('a␀b␛[2Jc�d\ne');
  });
});
