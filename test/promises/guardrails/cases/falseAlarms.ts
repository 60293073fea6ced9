/** G20: what only looks dangerous, and what tools ask of the catalogs: all of it must pass. */
import { extended, type GuardCase, twins } from '../guardCase.ts';

const looks = [
  "SELECT 'drop table loose; delete from loose'",
  'SELECT 1 AS "drop table loose"',
  'SELECT 1 AS drop, 2 AS delete, 3 AS truncate',
  'SELECT "delete", "update", "truncate" FROM "drop table"',
  'SELECT d."grant" FROM "drop table" d ORDER BY d."update"',
  "SELECT * FROM widgets WHERE label = 'DROP TABLE widgets' OR note ILIKE '%delete%'",
  'SELECT $$; DELETE FROM loose; $$, $x$ DROP TABLE loose $x$',
  "SELECT E'\\'; DROP TABLE loose; --'",
  "SELECT ';', '--', '/*', '*/', $$'$$",
  "SELECT 'it''s; TRUNCATE loose'",
  "SELECT 'a' AS update, 'b' AS set",
  'SELECT count(*) AS "COPY x TO PROGRAM" FROM loose',
  'SELECT label AS "update" FROM loose WHERE label <> \'set role admin\'',
  'WITH "insert" AS (SELECT 1 AS "into") SELECT "into" FROM "insert"',
  "SELECT json_build_object('sql', 'ALTER SYSTEM SET x = 1')",
  "SELECT regexp_matches('drop table', 'drop|delete')",
  "SELECT position('DELETE' IN 'x DELETE y'), replace('GRANT', 'G', 'g')",
  "SELECT CASE WHEN 'delete' = 'drop' THEN 'truncate' ELSE 'grant' END",
  'SELECT pg_sleep, lo_export, dblink FROM (VALUES (1, 2, 3)) v(pg_sleep, lo_export, dblink)',
  'SELECT v.role, v.password, v.superuser FROM (VALUES (1, 2, 3)) v(role, password, superuser)',
  'SELECT \'{"drop": "table"}\'::jsonb -> \'drop\'',
  "EXPLAIN (COSTS OFF) SELECT 'EXPLAIN ANALYZE DELETE FROM loose'",
  'SELECT to_tsvector($$english$$, $$drop the table$$)',
  "SELECT format('DROP TABLE %I', 'loose')",
  "SELECT string_agg(format('DROP TABLE %I;', tablename), ' ' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'app'",
  "SELECT 'a' || ';' || 'DROP' -- ; DROP TABLE loose",
  "SELECT U&'\\0044ROP TABLE loose'",
  'SELECT xmlelement(name "drop", \'table\')',
  'SELECT 1 WHERE $$true$$ = $$1=1$$',
  'SELECT execute.prepare FROM (SELECT 1 AS prepare) execute',
];

const statements = [
  ["INSERT INTO loose VALUES (100, 'TRUNCATE loose; DROP TABLE loose')"],
  ["UPDATE loose SET label = 'where true' WHERE id = 1"],
  ['UPDATE "drop table" SET "update" = \'x\' WHERE "delete" = 1'],
  ["DELETE FROM loose WHERE label = '1=1 OR true'"],
  ["COMMENT ON TABLE loose IS 'drop table loose'"],
  ["INSERT INTO inbox VALUES (1, $$COPY loose TO PROGRAM 'rm'$$) RETURNING *"],
  ['CREATE TABLE "delete from loose" ("drop" int)'],
] as const;

/** psql: \d, \dt, \d loose, \df, \du, \l, \dn, \dp, \di, \sf. */
const psql = [
  `SELECT n.nspname as "Schema", c.relname as "Name",
     CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' END as "Type",
     pg_catalog.pg_get_userbyid(c.relowner) as "Owner"
   FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
   WHERE c.relkind IN ('r','p','v','m','S','f','') AND n.nspname <> 'pg_catalog' AND n.nspname !~ '^pg_toast'
     AND n.nspname <> 'information_schema' AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1,2`,
  `SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relname OPERATOR(pg_catalog.~) '^(loose)$' COLLATE pg_catalog.default AND pg_catalog.pg_table_is_visible(c.oid) ORDER BY 2, 3`,
  `SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
     (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid, true) FROM pg_catalog.pg_attrdef d
      WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum AND a.atthasdef), a.attnotnull, a.attidentity, a.attgenerated
   FROM pg_catalog.pg_attribute a WHERE a.attrelid = 'widgets'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
  `SELECT c2.relname, i.indisprimary, i.indisunique, i.indisvalid, pg_catalog.pg_get_indexdef(i.indexrelid, 0, true),
     pg_catalog.pg_get_constraintdef(con.oid, true), contype, condeferrable
   FROM pg_catalog.pg_class c, pg_catalog.pg_class c2, pg_catalog.pg_index i
   LEFT JOIN pg_catalog.pg_constraint con ON (conrelid = i.indrelid AND conindid = i.indexrelid AND contype IN ('p','u','x'))
   WHERE c.oid = 'parts'::regclass AND c.oid = i.indrelid AND i.indexrelid = c2.oid ORDER BY i.indisprimary DESC, c2.relname`,
  `SELECT conname, conrelid::pg_catalog.regclass AS ontable, pg_catalog.pg_get_constraintdef(oid, true) AS condef
   FROM pg_catalog.pg_constraint c WHERE confrelid IN (SELECT pg_catalog.pg_partition_ancestors('widgets'::regclass)
     UNION ALL VALUES ('widgets'::pg_catalog.regclass)) AND contype = 'f' AND conparentid = 0 ORDER BY conname`,
  `SELECT n.nspname as "Schema", p.proname as "Name", pg_catalog.pg_get_function_result(p.oid) as "Result data type",
     pg_catalog.pg_get_function_arguments(p.oid) as "Argument data types",
     CASE p.prokind WHEN 'a' THEN 'agg' WHEN 'w' THEN 'window' WHEN 'p' THEN 'proc' ELSE 'func' END as "Type"
   FROM pg_catalog.pg_proc p LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
   WHERE pg_catalog.pg_function_is_visible(p.oid) AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' ORDER BY 1, 2, 4`,
  `SELECT r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolconnlimit, r.rolvaliduntil
   FROM pg_catalog.pg_roles r WHERE r.rolname !~ '^pg_' ORDER BY 1`,
  `SELECT d.datname as "Name", pg_catalog.pg_get_userbyid(d.datdba) as "Owner", pg_catalog.pg_encoding_to_char(d.encoding) as "Encoding",
     pg_catalog.array_to_string(d.datacl, E'\\n') AS "Access privileges" FROM pg_catalog.pg_database d ORDER BY 1`,
  `SELECT n.nspname AS "Name", pg_catalog.pg_get_userbyid(n.nspowner) AS "Owner" FROM pg_catalog.pg_namespace n
   WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1`,
  `SELECT c.relname, pg_catalog.array_to_string(c.relacl, E'\\n') AS "Access privileges",
     pg_catalog.array_to_string(ARRAY(SELECT attname || E':\\n  ' || pg_catalog.array_to_string(attacl, E'\\n  ')
       FROM pg_catalog.pg_attribute a WHERE attrelid = c.oid AND NOT attisdropped AND attacl IS NOT NULL), E'\\n')
   FROM pg_catalog.pg_class c WHERE c.relkind = 'r' AND c.relname = 'widgets'`,
  "SELECT pg_catalog.pg_get_functiondef('public.stock_of(int)'::pg_catalog.regprocedure)",
  "SELECT t.tgname, pg_catalog.pg_get_triggerdef(t.oid, true), t.tgenabled FROM pg_catalog.pg_trigger t WHERE t.tgrelid = 'parts'::regclass AND NOT t.tgisinternal",
  "SELECT pol.polname, pol.polpermissive, pg_catalog.pg_get_expr(pol.polqual, pol.polrelid) FROM pg_catalog.pg_policy pol WHERE pol.polrelid = 'loose'::regclass",
  "SELECT inhparent::pg_catalog.regclass, pg_catalog.pg_get_expr(c.relpartbound, c.oid) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_inherits i ON c.oid = inhrelid WHERE c.relname ~ '^readings' ORDER BY c.relname",
];

/** pgjdbc, DBeaver, DataGrip, pgAdmin. */
const editors = [
  'SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; SELECT current_schema(), session_user',
  `SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, c.relname AS TABLE_NAME, CASE n.nspname ~ '^pg_' OR n.nspname = 'information_schema'
     WHEN true THEN 'SYSTEM TABLE' WHEN false THEN CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'v' THEN 'VIEW' ELSE NULL END ELSE NULL END AS TABLE_TYPE,
     d.description AS REMARKS
   FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c
   LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass)
   WHERE c.relnamespace = n.oid AND n.nspname LIKE 'public' AND c.relname LIKE '%' AND c.relkind IN ('r', 'v') ORDER BY TABLE_TYPE, TABLE_NAME`,
  `SELECT * FROM (SELECT current_database() AS current_database, n.nspname, c.relname, a.attname, a.atttypid, a.attnotnull, a.atttypmod, a.attlen,
     row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum, nullif(a.attidentity, '') AS attidentity,
     pg_catalog.pg_get_expr(def.adbin, def.adrelid) AS adsrc, dsc.description, t.typbasetype, t.typtype
   FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid)
   JOIN pg_catalog.pg_attribute a ON (a.attrelid = c.oid) JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid)
   LEFT JOIN pg_catalog.pg_attrdef def ON (a.attrelid = def.adrelid AND a.attnum = def.adnum)
   LEFT JOIN pg_catalog.pg_description dsc ON (c.oid = dsc.objoid AND a.attnum = dsc.objsubid)
   WHERE c.relkind IN ('r','p','v','f','m') AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname LIKE 'public' AND c.relname LIKE 'widgets') c
   ORDER BY nspname, c.relname, attnum`,
  `SELECT result.TABLE_CAT, result.COLUMN_NAME, result.KEY_SEQ, result.PK_NAME FROM (SELECT NULL AS TABLE_CAT, a.attname AS COLUMN_NAME,
     (information_schema._pg_expandarray(i.indkey)).n AS KEY_SEQ, ci.relname AS PK_NAME, information_schema._pg_expandarray(i.indkey) AS KEYS, a.attnum AS A_ATTNUM
   FROM pg_catalog.pg_class ct JOIN pg_catalog.pg_attribute a ON (ct.oid = a.attrelid) JOIN pg_catalog.pg_index i ON (a.attrelid = i.indrelid)
   JOIN pg_catalog.pg_class ci ON (ci.oid = i.indexrelid) WHERE ct.relname = 'widgets' AND i.indisprimary) result
   WHERE result.A_ATTNUM = (result.KEYS).x ORDER BY result.COLUMN_NAME`,
  `SELECT typinput = 'pg_catalog.array_in'::regproc AS is_array, typtype, typname, pg_type.oid
   FROM pg_catalog.pg_type LEFT JOIN (SELECT ns.oid AS nspoid, ns.nspname, r.r FROM pg_namespace AS ns
     JOIN (SELECT s.r, (current_schemas(false))[s.r] AS nspname FROM generate_series(1, array_upper(current_schemas(false), 1)) AS s(r)) AS r
     USING (nspname)) AS sp ON sp.nspoid = typnamespace
   WHERE pg_type.typname = 'mood' ORDER BY sp.r, pg_type.oid DESC`,
  `SELECT db.oid, db.* FROM pg_catalog.pg_database db WHERE 1 = 0 OR datname = 'nothing' ORDER BY db.datname`,
  `SELECT n.oid, n.*, d.description FROM pg_catalog.pg_namespace n LEFT OUTER JOIN pg_catalog.pg_description d
     ON d.objoid = n.oid AND d.objsubid = 0 AND d.classoid = 'pg_namespace'::regclass WHERE nspname !~ 'temp' ORDER BY nspname`,
  `SELECT c.oid, c.relname, c.relkind, d.description, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS partition_expr, pg_catalog.pg_get_partkeydef(c.oid) AS partition_key
   FROM pg_catalog.pg_class c LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind NOT IN ('i', 'I', 'c') ORDER BY 2`,
  "SELECT x.oid, x.*, pg_get_expr(x.adbin, x.adrelid) AS src FROM pg_catalog.pg_attrdef x WHERE x.adrelid = 'widgets'::regclass ORDER BY 1",
  `SELECT T.relkind AS table_kind, T.relname AS table_name, T.oid AS table_id, array(SELECT inhparent FROM pg_catalog.pg_inherits WHERE T.oid = inhrelid ORDER BY inhseqno)::varchar AS ancestors
   FROM pg_catalog.pg_class T WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm', 'v', 'p') ORDER BY table_kind, table_id`,
  "SELECT N.oid::bigint AS id, datname AS name, D.description, datistemplate AS is_template, datallowconn AS allow_connections FROM pg_catalog.pg_database N LEFT JOIN pg_catalog.pg_shdescription D ON N.oid = D.objoid WHERE datname = 'template1'",
  "SELECT setting, unit, short_desc FROM pg_catalog.pg_settings WHERE name IN ('server_version_num', 'max_index_keys') ORDER BY name",
  'SELECT pid IS NOT NULL, state IS NULL FROM pg_stat_activity WHERE pid = pg_backend_pid()',
  "SELECT relname, seq_scan >= 0 FROM pg_stat_user_tables WHERE relname = 'loose'",
  'SELECT roles.oid AS id, roles.rolname AS name, roles.rolsuper AS is_super FROM pg_roles roles WHERE rolname = current_user',
];

/** Django, SQLAlchemy, Prisma, Rails, Hibernate, migration tools. */
const frameworks = [
  `SELECT c.relname, CASE WHEN c.relispartition THEN 'p' WHEN c.relkind IN ('m', 'v') THEN 'v' ELSE 't' END, obj_description(c.oid, 'pg_class')
   FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('f', 'm', 'p', 'r', 'v') AND n.nspname NOT IN ('pg_catalog', 'pg_toast') AND pg_catalog.pg_table_is_visible(c.oid)
     AND n.nspname <> 'information_schema' ORDER BY 1`,
  `SELECT a.attname AS column_name, NOT (a.attnotnull OR (t.typtype = 'd' AND t.typnotnull)) AS is_nullable, pg_get_expr(ad.adbin, ad.adrelid) AS column_default
   FROM pg_attribute a LEFT JOIN pg_attrdef ad ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum JOIN pg_type t ON a.atttypid = t.oid
   JOIN pg_class c ON a.attrelid = c.oid JOIN pg_namespace n ON c.relnamespace = n.oid
   WHERE c.relname = 'widgets' AND n.nspname NOT IN ('pg_catalog', 'pg_toast') AND a.attnum > 0 ORDER BY a.attnum`,
  `SELECT c.conname, array(SELECT attname FROM unnest(c.conkey) WITH ORDINALITY cols(colid, arridx) JOIN pg_attribute AS ca ON cols.colid = ca.attnum
     WHERE ca.attrelid = c.conrelid ORDER BY cols.arridx), c.contype FROM pg_constraint AS c JOIN pg_class AS cl ON c.conrelid = cl.oid
   WHERE cl.relname = 'parts' AND c.contype <> 'n' AND pg_catalog.pg_table_is_visible(cl.oid) ORDER BY 1`,
  "SELECT pg_catalog.version() LIKE 'PostgreSQL%'; SELECT current_schema(); SHOW standard_conforming_strings",
  "SELECT CAST('test plain returns' AS VARCHAR(60)) AS anon_1",
  `SELECT pg_catalog.pg_class.relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_catalog.pg_namespace.oid = pg_catalog.pg_class.relnamespace
   WHERE pg_catalog.pg_class.relname = 'widgets' AND pg_catalog.pg_class.relkind = ANY (ARRAY['r', 'p', 'f', 'v', 'm']) AND pg_catalog.pg_table_is_visible(pg_catalog.pg_class.oid)`,
  `SELECT t.typname AS "name", pg_catalog.format_type(t.typbasetype, t.typtypmod) AS "attype", not t.typnotnull AS "nullable", t.typdefault AS "default"
   FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'd' AND n.nspname = 'public'`,
  `SELECT i.relname AS relname, ix.indisunique, a.attname, ix.indpred, am.amname FROM pg_class t JOIN pg_index ix ON t.oid = ix.indrelid
   JOIN pg_class i ON i.oid = ix.indexrelid LEFT OUTER JOIN pg_attribute a ON t.oid = a.attrelid AND a.attnum = ANY (ix.indkey)
   LEFT OUTER JOIN pg_am am ON i.relam = am.oid WHERE t.relkind IN ('r', 'v', 'f', 'm') AND t.relname = 'parts' ORDER BY t.relname, i.relname`,
  `SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $$public$$), version() <> '', current_setting('server_version_num')::integer > 0 AS numeric_version`,
  `SELECT oid.namespace, info.table_name, info.column_name, format_type(att.atttypid, att.atttypmod) AS formatted_type, info.numeric_precision, info.is_nullable
   FROM information_schema.columns info JOIN pg_attribute att ON att.attname = info.column_name
   JOIN (SELECT pg_class.oid, relname, pg_namespace.nspname AS namespace FROM pg_class JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace) AS oid
     ON oid.oid = att.attrelid AND relname = info.table_name AND namespace = info.table_schema
   WHERE table_schema = 'public' AND table_name = 'loose' ORDER BY ordinal_position`,
  `SELECT con.conname, cl.relname AS parent_table, att2.attname AS child_column, con.confdeltype FROM
     (SELECT unnest(con1.conkey) AS parent, unnest(con1.confkey) AS child, con1.conname, con1.confrelid, con1.conrelid, con1.confdeltype
      FROM pg_class cl JOIN pg_constraint con1 ON con1.conrelid = cl.oid WHERE con1.contype = 'f') con
   JOIN pg_attribute att ON att.attrelid = con.confrelid AND att.attnum = con.child JOIN pg_class cl ON cl.oid = con.confrelid
   JOIN pg_attribute att2 ON att2.attrelid = con.conrelid AND att2.attnum = con.parent ORDER BY con.conname`,
  "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1",
  "SELECT sequence_name, data_type FROM information_schema.sequences WHERE sequence_schema = 'public'",
  "SELECT routine_name, routine_type FROM information_schema.routines WHERE specific_schema = 'public' ORDER BY 1",
  "SELECT tc.constraint_name, kcu.column_name FROM information_schema.table_constraints tc JOIN information_schema.key_column_usage kcu USING (constraint_schema, constraint_name) WHERE tc.table_name = 'parts' ORDER BY 1, 2",
  'SELECT pg_try_advisory_lock(72707369); SELECT pg_advisory_unlock(72707369)',
  'BEGIN; SELECT 1; SAVEPOINT sp_1; SELECT count(*) FROM widgets; RELEASE SAVEPOINT sp_1; COMMIT',
  "SET client_min_messages TO 'warning'; SET TIME ZONE 'UTC'; SHOW client_min_messages",
  "SELECT e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid WHERE t.typname = 'mood' ORDER BY e.enumsortorder",
  'SELECT COUNT(*) FROM (SELECT DISTINCT "widgets"."id" AS col1, "widgets"."label" AS col2 FROM "widgets" WHERE "widgets"."active") subquery',
  'SELECT "t0"."id", "t0"."label", "t1"."__prisma_data__" AS "parts" FROM "public"."widgets" AS "t0" LEFT JOIN LATERAL (SELECT COALESCE(JSONB_AGG("__prisma_data__"), $$[]$$) AS "__prisma_data__" FROM (SELECT JSONB_BUILD_OBJECT($$id$$, "t2"."id") AS "__prisma_data__" FROM "public"."parts" AS "t2" WHERE "t0"."id" = "t2"."widget_id" ORDER BY "t2"."id") AS "t3") AS "t1" ON TRUE ORDER BY "t0"."id" LIMIT 3',
];

export const falseAlarms: readonly GuardCase[] = [
  ...twins('G20', 'a', looks),
  ...twins('G20', 'b', statements, { on: 'staging' }),
  ...twins('G20', 'c', psql),
  ...twins('G20', 'd', editors),
  ...twins('G20', 'e', frameworks),
  ...twins('G20', 'f', [
    [[extended("SELECT 'DROP TABLE loose', $1::text", ['; DELETE FROM loose'])]],
    [[extended('SELECT * FROM loose WHERE label = $1', ["' OR 1=1; DROP TABLE loose; --"])]],
    [[extended('SELECT id FROM loose WHERE id = ANY ($1::int[]) ORDER BY id', ['{1,2}'])]],
  ]),
];
