/** Every policy that was ever handed out, with its texts: what decisions were made by stays readable. */
import type { PolicyVersion } from '../../audit/evidence/bundle.ts';
import { versionOf } from '../../policy/policyEngine.ts';
import { policyTextsOf } from '../../policy/policyFiles.ts';
import type { Queries } from './store.ts';

type Files = PolicyVersion['files'];

/** Kept under the version that proxies record with each decision. Nothing where it is the one kept last. */
export async function keepPolicy(queries: Queries, files: Files): Promise<void> {
  const version = versionOf(await policyTextsOf('the collector', files));
  await queries.query(
    `INSERT INTO portcullis.policies (version, files) SELECT $1::text, $2::jsonb
     WHERE $1 IS DISTINCT FROM (SELECT version FROM portcullis.policies ORDER BY id DESC LIMIT 1)`,
    [version, JSON.stringify(files)],
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
