/** A retention policy as conditions of SQL: which events are over, and which are held. */
import type { CatalogConnection } from '../parts.ts';
import type { LegalHold, RetentionPolicy } from './retentionPolicy.ts';

/** Events that are kept equally long. */
export interface Group {
  /** Of SQL, over a row of events. */
  readonly condition: string;
  readonly values: readonly unknown[];
  /** Those taken before are over; undefined: kept for ever. */
  readonly cutoff: Date | undefined;
  /** The rule in words. */
  readonly rule: string;
}

/** They do not overlap, and every event is in one. Environments are those of the catalog. */
export function groupsOf(
  policy: RetentionPolicy,
  connections: Iterable<CatalogConnection>,
  now: Date,
): Group[] {
  const days = new Map<string, number | undefined>();
  for (const { name, environment } of connections) {
    const rule = policy.rules.find((one) => one.connection === name || one.environment === environment);
    if (rule !== undefined) days.set(name, rule.keepDays);
  }
  // Of connections that the catalog no longer has.
  for (const { connection, keepDays } of policy.rules) {
    if (connection !== undefined && !days.has(connection)) days.set(connection, keepDays);
  }
  const ruled = [...days.keys()];
  return [
    ...ruled.map((name) => ({
      condition: 'connection = $1',
      values: [name],
      cutoff: cutoffOf(days.get(name), now),
      rule: `events of ${name} are kept for ${wordsOf(days.get(name))}`,
    })),
    {
      condition: '(connection IS NULL OR connection <> ALL($1::text[]))',
      values: [ruled],
      cutoff: cutoffOf(policy.keepDays, now),
      rule: `events are kept for ${wordsOf(policy.keepDays)}`,
    },
  ];
}

/**
 * What stays whatever its age: what is held, and what tells of removals, which explains every number that is missing.
 * @param first number of the first place for a value
 */
export function keptCondition(
  holds: readonly LegalHold[],
  first: number,
): { readonly condition: string; readonly values: readonly unknown[] } {
  const values: unknown[] = [];
  const place = (value: unknown): string => `$${first - 1 + values.push(value)}`;
  const conditions = holds.map(({ connection, identity, relation, from, to }) => {
    const parts = ['true'];
    if (connection !== undefined) parts.push(`connection = ${place(connection)}`);
    if (relation !== undefined) parts.push(`relations @> ARRAY[${place(relation)}::text]`);
    if (from !== undefined) parts.push(`at >= ${place(from)}::timestamptz`);
    if (to !== undefined) parts.push(`at < ${place(to)}::timestamptz`);
    if (identity !== undefined) {
      const who = `${place(identity)}::text`;
      parts.push(`(subject = ${who} OR email = ${who})`);
    }
    return `coalesce(${parts.join(' AND ')}, false)`;
  });
  return { condition: `(${["kind = 'eventsRemoved'", ...conditions].join(' OR ')})`, values };
}

function cutoffOf(days: number | undefined, now: Date): Date | undefined {
  return days === undefined ? undefined : new Date(now.getTime() - days * 86_400_000);
}

function wordsOf(days: number | undefined): string {
  return days === undefined ? 'ever' : `${days} ${days === 1 ? 'day' : 'days'}`;
}
