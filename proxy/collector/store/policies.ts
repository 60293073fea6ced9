/** Every policy that was ever handed out, with its texts: what decisions were made by stays readable. */
import type { PolicyVersion } from '../../audit/evidence/bundle.ts';
import { versionOf } from '../../policy/policyEngine.ts';
import { policyTextsOf } from '../../policy/policyFiles.ts';
import type { OwnEvents } from '../own/ownEvents.ts';
import { describePolicyChange } from '../own/policyChanges.ts';
import type { Queries, Store } from './store.ts';

type Files = PolicyVersion['files'];

/**
 * Kept under the version that proxies record with each decision, together with the events that tell of the change.
 * Nothing where it is the one kept last: several collectors over a store tell of it once.
 */
export async function keepPolicy(store: Store, own: OwnEvents, files: Files): Promise<void> {
  const version = versionOf(await policyTextsOf('the collector', files));
  await store.transaction((queries) =>
    own.recordIn(queries, async () => {
      const { rows } = await queries.query<{ version: string; files: Files }>(
        'SELECT version, files FROM portcullis.policies ORDER BY id DESC LIMIT 1',
      );
      const [last] = rows;
      if (last?.version === version) return [];
      await queries.query('INSERT INTO portcullis.policies (version, files) VALUES ($1, $2)', [
        version,
        JSON.stringify(files),
      ]);
      return describePolicyChange(last, { version, files });
    }),
  );
}

/** Those in force at any time of the period, the oldest first. @param from RFC 3339, inclusive @param to exclusive */
export async function findPolicies(
  queries: Queries,
  { from, to }: { readonly from?: string; readonly to?: string },
): Promise<PolicyVersion[]> {
  const { rows } = await queries.query<{ version: string; since: Date; files: Files }>(
    `SELECT version, since, files FROM (
       SELECT id, version, since, files, lead(since) OVER (ORDER BY id) AS until FROM portcullis.policies
     ) AS handed_out
     WHERE ($1::timestamptz IS NULL OR until IS NULL OR until > $1) AND ($2::timestamptz IS NULL OR since < $2)
     ORDER BY id`,
    [from ?? null, to ?? null],
  );
  return rows.map(({ version, since, files }) => ({ version, since: since.toISOString(), files }));
}
