/** Reads the settings that sessions of the proxy start with, because somebody has set them for their role or database. */
import type { Client } from 'pg';

/**
 * Methods of the planner that the configuration of the whole server may switch off, too (manual 19.7.1). Its other settings
 * are how an administrator tells the server what its machine is like.
 */
const methods = `enable_async_append enable_bitmapscan enable_gathermerge enable_hashagg enable_hashjoin
  enable_incremental_sort enable_indexonlyscan enable_indexscan enable_material enable_memoize enable_mergejoin
  enable_nestloop enable_parallel_append enable_parallel_hash enable_partition_pruning enable_partitionwise_aggregate
  enable_partitionwise_join enable_presorted_aggregate enable_seqscan enable_sort enable_tidscan`
  .split(/\s+/)
  .map((name) => `('${name}')`)
  .join(', ');

/** Of what applies to a session, the more special goes first (manual, ALTER ROLE and ALTER DATABASE). */
const settingsQuery = `
  SELECT DISTINCT ON (name) name, value FROM (
    SELECT pg_catalog.lower(pg_catalog.split_part(entry, '=', 1)) AS name,
           pg_catalog.substr(entry, pg_catalog.strpos(entry, '=') + 1) AS value,
           (s.setrole <> 0)::int * 2 + (s.setdatabase <> 0)::int AS rank
    FROM pg_catalog.pg_db_role_setting s, LATERAL pg_catalog.unnest(s.setconfig) entry
    WHERE s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
      AND s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = SESSION_USER))
    UNION ALL
    SELECT g.name, g.setting, -1 FROM pg_catalog.pg_settings g
    WHERE g.source IN ('configuration file', 'command line', 'environment variable') AND g.name IN (VALUES ${methods})
  ) settings
  ORDER BY name, rank DESC`;

/**
 * What `catalogProbe` has to notice of them, as SELECTs of (kind, text) for its UNION. By version and time: a setting that was
 * changed and put back may have been read in between.
 */
export const settingFacts = `
  SELECT 'setting', pg_catalog.concat_ws(' ', setdatabase, setrole, xmin) FROM pg_catalog.pg_db_role_setting
  UNION ALL
  SELECT 'configuration', pg_catalog.concat_ws(' ', pg_catalog.pg_conf_load_time())`;

/** Name and value of each; PostgreSQL 13 to 18. Rejects with the server's error. */
export async function loadSettings(client: Client): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ name: string; value: string }>(settingsQuery);
  return new Map(rows.map(({ name, value }) => [name, value]));
}
