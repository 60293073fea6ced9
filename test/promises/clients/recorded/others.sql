-- What further tools ask when they connect or look around, by their functions, columns and forms; own wording, with the source beside each.

-- pgAdmin: web/pgadmin/utils/driver/psycopg3/connection.py and dashboard/templates/dashboard/sql of github.com/pgadmin-org/pgadmin4
SET DateStyle=ISO;

SET client_min_messages=notice;

SELECT set_config('bytea_output','hex',false) FROM pg_show_all_settings() WHERE name = 'bytea_output';

SET client_encoding='UTF8';

SELECT version();

SELECT db.oid AS did, db.datname, db.datallowconn, pg_encoding_to_char(db.encoding) AS serverencoding, has_database_privilege(db.oid, 'CREATE') AS cancreate,
  datistemplate FROM pg_catalog.pg_database db WHERE db.datname = current_database();

SELECT gss_authenticated, encrypted FROM pg_catalog.pg_stat_gssapi WHERE pid = pg_backend_pid();

SELECT roles.oid AS id, roles.rolname AS name, roles.rolsuper AS is_superuser, CASE WHEN roles.rolsuper THEN true ELSE roles.rolcreaterole END AS can_create_role,
  CASE WHEN roles.rolsuper THEN true ELSE roles.rolcreatedb END AS can_create_db,
  CASE WHEN 'pg_signal_backend'=ANY(ARRAY(WITH RECURSIVE cte AS (SELECT pg_roles.oid, pg_roles.rolname FROM pg_roles WHERE pg_roles.oid = roles.oid
    UNION ALL SELECT m.roleid, pgr.rolname FROM cte cte_1 JOIN pg_auth_members m ON m.member = cte_1.oid JOIN pg_roles pgr ON pgr.oid = m.roleid)
    SELECT rolname FROM cte)) THEN true ELSE false END AS can_signal_backend
FROM pg_catalog.pg_roles AS roles WHERE rolname = current_user;

SELECT CASE WHEN usesuper THEN pg_is_in_recovery() ELSE false END AS inrecovery FROM pg_user WHERE usename=current_user;

-- varies
/*pga4dash*/
SELECT 'session_stats' AS chart_name, row_to_json(t)::jsonb AS chart_data
FROM (SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = (SELECT datname FROM pg_database WHERE datname = 'demo')) AS "Total",
  (SELECT count(*) FROM pg_stat_activity WHERE state = 'active') AS "Active") t
UNION ALL
SELECT 'tps_stats' AS chart_name, row_to_json(t)::jsonb AS chart_data
FROM (SELECT (SELECT sum(xact_commit) + sum(xact_rollback) FROM pg_stat_database) AS "Transactions",
  (SELECT sum(tup_inserted) FROM pg_stat_database) AS "Inserts", (SELECT sum(blks_read) FROM pg_stat_database) AS "Reads") t;

-- varies
/*pga4dash*/
SELECT pid, datname, usename, application_name, client_addr, to_char(backend_start, 'YYYY-MM-DD HH24:MI:SS TZ') AS backend_start, state,
  wait_event_type || ': ' || wait_event AS wait_event, pg_blocking_pids(pid) AS blocking_pids, query,
  to_char(state_change, 'YYYY-MM-DD HH24:MI:SS TZ') AS state_change, backend_type
FROM pg_stat_activity WHERE datname = (SELECT datname FROM pg_database WHERE datname = 'demo') ORDER BY pid;

-- varies
SELECT pid, locktype, datname, relation::regclass, page, tuple, virtualxid, transactionid, classid::regclass, objid, objsubid, virtualtransaction, mode, granted, fastpath
FROM pg_locks l LEFT OUTER JOIN pg_database d ON (l.database = d.oid) ORDER BY pid, locktype;

/*pga4dash*/
SELECT name, category, setting, unit, short_desc FROM pg_catalog.pg_show_all_settings() WHERE name NOT LIKE '%application%' ORDER BY category, name;

/*pga4dash*/
SELECT gid, database, owner, transaction, prepared FROM pg_prepared_xacts;

SELECT nsp.oid, nsp.nspname AS name, pg_catalog.has_schema_privilege(nsp.oid, 'CREATE') AS can_create, pg_catalog.has_schema_privilege(nsp.oid, 'USAGE') AS has_usage, des.description
FROM pg_catalog.pg_namespace nsp LEFT OUTER JOIN pg_catalog.pg_description des ON (des.objoid=nsp.oid AND des.classoid='pg_namespace'::regclass)
WHERE nspname NOT LIKE 'pg\_%' AND NOT ((nsp.nspname = 'pg_catalog' AND EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'pg_class' AND relnamespace = nsp.oid LIMIT 1)))
ORDER BY nspname;

SELECT rel.oid, rel.relname AS name, (SELECT count(*) FROM pg_catalog.pg_trigger WHERE tgrelid=rel.oid AND tgisinternal = false) AS triggercount,
  (SELECT count(1) FROM pg_catalog.pg_inherits WHERE inhrelid=rel.oid LIMIT 1) AS is_inherits, pg_catalog.obj_description(rel.oid, 'pg_class')
FROM pg_catalog.pg_class rel WHERE rel.relkind IN ('r','s','t','p') AND rel.relnamespace = 'depot'::regnamespace::oid AND NOT rel.relispartition ORDER BY rel.relname;

SELECT d.deptype, d.refclassid::regclass::text, pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid), pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid)
FROM pg_catalog.pg_depend d WHERE d.refobjid = 'depot.shelves'::regclass ORDER BY 3, 1;

SELECT a.attname, privileges.privilege_type, privileges.grantee::regrole::text, pg_catalog.array_to_string(a.attacl, ',')
FROM pg_catalog.pg_attribute a, LATERAL aclexplode(a.attacl) privileges WHERE a.attrelid = 'depot.shelves'::regclass AND privileges.grantee <> 0 ORDER BY 1, 2;

SELECT seq_scan >= 0, idx_scan >= 0, n_tup_ins >= 0, n_live_tup >= 0, pg_catalog.pg_size_pretty(pg_catalog.pg_relation_size(stat.relid)),
  pg_catalog.pg_size_pretty(pg_catalog.pg_total_relation_size(stat.relid)) FROM pg_catalog.pg_stat_all_tables stat WHERE stat.relid = 'depot.shelves'::regclass;

-- Npgsql's type loading, all in one message: src/Npgsql/PostgresDatabaseInfo.cs of github.com/npgsql/npgsql
-- together
SELECT version();
SELECT ns.nspname, t.oid, t.typname, t.typtype, t.typnotnull, t.elemtypoid
FROM (SELECT typ.oid, typ.typnamespace, typ.typname, typ.typtype, typ.typrelid, typ.typnotnull, typ.relkind, elemtyp.oid AS elemtypoid, elemtyp.typname AS elemtypname,
    elemcls.relkind AS elemrelkind, CASE WHEN elemproc.proname='array_recv' THEN 'a' ELSE elemtyp.typtype END AS elemtyptype
  FROM (SELECT typ.oid, typnamespace, typname, typrelid, typnotnull, relkind, typelem AS elemoid, CASE WHEN proc.proname='array_recv' THEN 'a' ELSE typ.typtype END AS typtype,
      CASE WHEN proc.proname='array_recv' THEN typ.typelem WHEN typ.typtype='r' THEN rngsubtype
        WHEN typ.typtype='m' THEN (SELECT rngtypid FROM pg_range WHERE rngmultitypid = typ.oid) WHEN typ.typtype='d' THEN typ.typbasetype END AS elemtypoid
    FROM pg_type AS typ LEFT JOIN pg_class AS cls ON (cls.oid = typ.typrelid) LEFT JOIN pg_proc AS proc ON proc.oid = typ.typreceive
      LEFT JOIN pg_range ON (pg_range.rngtypid = typ.oid)) AS typ
  LEFT JOIN pg_type AS elemtyp ON elemtyp.oid = elemtypoid LEFT JOIN pg_class AS elemcls ON (elemcls.oid = elemtyp.typrelid)
  LEFT JOIN pg_proc AS elemproc ON elemproc.oid = elemtyp.typreceive) AS t
JOIN pg_namespace AS ns ON (ns.oid = typnamespace)
WHERE typtype IN ('b', 'r', 'm', 'e', 'd') OR (typtype = 'c' AND relkind='c') OR (typtype = 'p' AND typname IN ('record', 'void', 'unknown')) OR
  (typtype = 'a' AND (elemtyptype IN ('b', 'r', 'm', 'e', 'd') OR (elemtyptype = 'c' AND elemrelkind='c')))
ORDER BY CASE WHEN typtype IN ('b', 'e', 'p') THEN 0 WHEN typtype = 'r' THEN 1 WHEN typtype = 'm' THEN 2 WHEN typtype = 'c' THEN 3 WHEN typtype = 'a' THEN 5 ELSE 6 END, t.oid;
-- Load field definitions for (free-standing) composite types
SELECT typ.oid, att.attname, att.atttypid FROM pg_type AS typ JOIN pg_namespace AS ns ON (ns.oid = typ.typnamespace) JOIN pg_class AS cls ON (cls.oid = typ.typrelid)
JOIN pg_attribute AS att ON (att.attrelid = typ.typrelid) WHERE (typ.typtype = 'c' AND cls.relkind='c') AND attnum > 0 AND NOT attisdropped ORDER BY typ.oid, att.attnum;
-- Load enum fields
SELECT pg_type.oid, enumlabel FROM pg_enum JOIN pg_type ON pg_type.oid=enumtypid ORDER BY oid, enumsortorder;

-- Old drivers and what they still say: psycopg2's set_client_encoding('UNICODE'), MySQL's habit of SET NAMES, psqlODBC's first message
SET CLIENT_ENCODING TO 'UNICODE';

SET NAMES 'utf-8';

-- together
SET DateStyle = 'ISO';SET extra_float_digits = 2;show transaction_isolation;

-- together
select oid, typbasetype from pg_type where typname = 'lo';select attname from pg_attribute where attrelid = 0;

-- Postgrex and Ecto learn the types: lib/postgrex/types.ex of github.com/elixir-ecto/postgrex
SELECT t.oid, t.typname, t.typsend, t.typreceive, t.typoutput, t.typinput, t.typelem, coalesce(r.rngsubtype, 0),
  ARRAY (SELECT a.atttypid FROM pg_attribute AS a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
FROM pg_type AS t LEFT JOIN pg_range AS r ON r.rngtypid = t.oid OR r.rngmultitypid = t.oid OR (t.typbasetype <> 0 AND r.rngtypid = t.typbasetype)
WHERE (t.typrelid = 0) AND (t.typelem = 0 OR NOT EXISTS (SELECT 1 FROM pg_catalog.pg_type s WHERE s.typrelid != 0 AND s.oid = t.typelem)) ORDER BY t.oid;

-- Npgsql gives a connection back to its pool
-- together
CLOSE ALL; UNLISTEN *; SELECT pg_advisory_unlock_all(); RESET ALL; DEALLOCATE ALL; DISCARD TEMP;

DISCARD ALL;

-- psycopg2's connection.reset(): psycopg/pqpath.c of github.com/psycopg/psycopg2
ABORT;

RESET ALL;

SET SESSION AUTHORIZATION DEFAULT;

-- Prisma's query engine with the native driver: quaint/src/connector/postgres of github.com/prisma/prisma-engines
SET search_path = "public";

SET statement_timeout = 0;

BEGIN;

SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;

-- with: ["paid",3,0]
SELECT "public"."orders"."id", "public"."orders"."status"::text, "public"."orders"."total" FROM "public"."orders" WHERE "public"."orders"."status" = $1
ORDER BY "public"."orders"."id" ASC LIMIT $2 OFFSET $3;

-- with: [5]
SELECT "t0"."id", "orders"."__prisma_data__" AS "orders" FROM "public"."customers" AS "t0" LEFT JOIN LATERAL (SELECT COALESCE(JSONB_AGG("__prisma_data__"), '[]') AS "__prisma_data__"
FROM (SELECT "t3"."__prisma_data__" FROM (SELECT JSONB_BUILD_OBJECT('id', "t2"."id", 'status', "t2"."status") AS "__prisma_data__", "t2"."id" FROM "public"."orders" AS "t2"
WHERE "t0"."id" = "t2"."customer_id" ORDER BY "t2"."id" /* root select */) AS "t3" /* inner select */) AS "t4" /* outer select */) AS "orders" ON TRUE WHERE "t0"."id" = $1;

SELECT COUNT(*), SUM("total") FROM (SELECT "public"."orders"."id", "public"."orders"."total" FROM "public"."orders" WHERE 1=1 OFFSET 0) AS "sub";

COMMIT;

SELECT 1;

-- with: ["public"]
SELECT EXISTS(SELECT 1 FROM pg_namespace WHERE nspname = $1), version(), current_setting('server_version_num')::integer AS numeric_version;

-- tokio-postgres, sqlx and pgx ask for a type that they do not know: tokio-postgres/src/prepare.rs of github.com/sfackler/rust-postgres
-- with: ["@mood"]
SELECT t.typname, t.typtype, t.typelem, r.rngsubtype, t.typbasetype, n.nspname, t.typrelid FROM pg_catalog.pg_type t
LEFT OUTER JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid INNER JOIN pg_catalog.pg_namespace n ON t.typnamespace = n.oid WHERE t.oid = $1;

-- with: ["@mood"]
SELECT enumlabel FROM pg_catalog.pg_enum WHERE enumtypid = $1 ORDER BY enumsortorder;

SELECT oid::regtype::text, typname, typarray::regtype::text FROM pg_catalog.pg_type WHERE typname IN ('mood', 'place') ORDER BY 1;

-- pgcli: pgcli/pgexecute.py of github.com/dbcli/pgcli
SELECT nspname, relname FROM pg_catalog.pg_class c INNER JOIN pg_catalog.pg_namespace n ON c.relnamespace = n.oid
WHERE c.relkind = ANY('{r,p,f}') AND n.nspname NOT LIKE 'pg\_toast%' ORDER BY 1, 2;

SELECT s_p.nspname AS parentschema, t_p.relname AS parenttable, unnest((select array_agg(attname ORDER BY i) from (select unnest(confkey) as attnum, generate_subscripts(confkey, 1) as i) x
JOIN pg_catalog.pg_attribute c USING(attnum) WHERE c.attrelid = fk.confrelid)) AS parentcolumn, t_c.relname AS childtable
FROM pg_catalog.pg_constraint fk JOIN pg_catalog.pg_class t_p ON t_p.oid = fk.confrelid JOIN pg_catalog.pg_namespace s_p ON s_p.oid = t_p.relnamespace
JOIN pg_catalog.pg_class t_c ON t_c.oid = fk.conrelid WHERE fk.contype = 'f' ORDER BY 1, 2, 3, 4;

SELECT n.nspname schema_name, p.proname func_name, p.proargnames, COALESCE(proallargtypes::regtype[], proargtypes::regtype[])::text[], p.proargmodes,
  prorettype::regtype::text return_type, p.prokind = 'a' is_aggregate, p.proretset, d.deptype = 'e' is_extension, pg_get_expr(proargdefaults, 0) AS arg_defaults
FROM pg_catalog.pg_proc p INNER JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace LEFT JOIN pg_depend d ON d.objid = p.oid and d.deptype = 'e'
WHERE p.prorettype::regtype != 'trigger'::regtype AND n.nspname = 'depot' ORDER BY 1, 2;

-- GORM's migrator and Hibernate's extractor: gorm.io/driver/postgres migrator.go; org.hibernate.tool.schema.extract.internal
-- with: ["depot","shelves","BASE TABLE"]
SELECT count(*) FROM information_schema.tables WHERE table_schema = $1 AND table_name = $2 AND table_type = $3;

-- with: ["depot","shelves"]
SELECT c.column_name, c.is_nullable = 'YES', c.udt_name, c.character_maximum_length, c.numeric_precision, c.numeric_scale, c.datetime_precision,
  8 * typlen, c.column_default, pd.description, c.identity_increment FROM information_schema.columns AS c JOIN pg_type AS pgt ON c.udt_name = pgt.typname
LEFT JOIN pg_catalog.pg_description AS pd ON pd.objsubid = c.ordinal_position AND pd.objoid = (SELECT oid FROM pg_catalog.pg_class WHERE relname = c.table_name AND
  relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = c.table_schema)) WHERE table_catalog = current_database() AND table_schema = $1 AND table_name = $2 ORDER BY c.ordinal_position;

SELECT c.column_name, constraint_type FROM information_schema.table_constraints tc JOIN information_schema.constraint_column_usage AS ccu USING (constraint_schema, constraint_catalog, table_name, constraint_name)
JOIN information_schema.columns AS c ON c.table_schema = tc.constraint_schema AND tc.table_name = c.table_name AND ccu.column_name = c.column_name
WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE') AND c.table_schema = 'depot' ORDER BY 1, 2;

select * from information_schema.sequences order by sequence_schema, sequence_name;

-- Flyway and Liquibase look whether somebody else migrates, and for their table
SELECT pg_try_advisory_lock(77431708279161);

SELECT pg_advisory_unlock(77431708279161);

SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relname = 'flyway_schema_history' AND c.relkind = 'r');

-- PostGraphile and Hasura: github.com/graphile/crystal pg-introspection; github.com/hasura/graphql-engine pg_table_metadata.sql
with accessible_roles(_oid) as (select oid from pg_roles where pg_has_role(oid, 'USAGE')),
  namespaces as (select _oid, n.nspname from (select oid as _oid, nspname from pg_catalog.pg_namespace) n where n.nspname <> 'information_schema' and n.nspname not like 'pg\_%')
select json_build_object('database', (select row_to_json(d)::json from (select oid as _id, datname, datdba, encoding, datacl::text from pg_catalog.pg_database where datname = current_database()) d),
  'namespaces', (select json_agg(row_to_json(namespaces)::json order by namespaces.nspname) from namespaces), 'pg_version', version(), 'current_user', current_user,
  'types', (select json_agg(json_build_object('name', typname, 'kind', typtype, 'relation', typrelid) order by oid) from pg_catalog.pg_type where typnamespace = 'depot'::regnamespace))::text as introspection;

-- Metabase, Grafana and Tableau: what they look for before they show tables
select n.nspname as schema, c.relname as name, case c.relkind when 'r' then 'TABLE' when 'p' then 'PARTITIONED TABLE' when 'v' then 'VIEW' when 'm' then 'MATERIALIZED VIEW' end as type,
  d.description, s.n_live_tup >= 0 as estimated from pg_catalog.pg_class c inner join pg_catalog.pg_namespace n on c.relnamespace = n.oid
  left join pg_catalog.pg_description d on c.oid = d.objoid and d.objsubid = 0 and d.classoid = 'pg_class'::regclass left join pg_stat_user_tables s on n.nspname = s.schemaname and c.relname = s.relname
where c.relnamespace = n.oid and n.nspname !~ '^information_schema|catalog_history|pg_' and c.relkind in ('r', 'p', 'v', 'f', 'm') order by 1, 2;

with table_privileges as (select t.schemaname, t.objectname, pg_catalog.has_any_column_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"."' || replace(t.objectname, '"', '""') || '"', 'select') as can_select,
  pg_catalog.has_table_privilege(current_user, quote_ident(t.schemaname) || '.' || quote_ident(t.objectname), 'update') as can_update
  from (select schemaname, tablename as objectname from pg_catalog.pg_tables union select schemaname, viewname from pg_views union select schemaname, matviewname from pg_matviews) t
  where t.schemaname !~ '^pg_' and t.schemaname <> 'information_schema')
select t.* from table_privileges t order by 1, 2;

SELECT current_setting('server_version_num')::int/100 AS version, quote_ident(table_name) AS table FROM information_schema.tables
WHERE quote_ident(table_schema) IN (SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END FROM generate_series(array_lower(string_to_array(current_setting('search_path'),','),1),
array_upper(string_to_array(current_setting('search_path'),','),1)) AS i, string_to_array(current_setting('search_path'),',') s) ORDER BY 2;

SELECT floor(extract(epoch from created_at)/3600)*3600 AS "time", avg(total) AS "value" FROM orders WHERE created_at BETWEEN '2026-01-01T00:00:00Z' AND '2026-02-01T00:00:00Z' GROUP BY 1 ORDER BY 1;

-- What prometheus' exporter and monitoring agents read: github.com/prometheus-community/postgres_exporter collector/
-- varies
SELECT current_database() datname, schemaname, relname, seq_scan, idx_scan, n_live_tup, n_dead_tup, COALESCE(last_vacuum, '1970-01-01Z') AS last_vacuum,
  pg_indexes_size(relid), pg_table_size(relid) FROM pg_stat_user_tables;

-- varies
SELECT slot_name, slot_type, CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() - '0/0' ELSE pg_current_wal_lsn() - '0/0' END AS current_wal_lsn, active FROM pg_replication_slots;

-- varies
SELECT CASE WHEN NOT pg_is_in_recovery() THEN 0 ELSE GREATEST(0, EXTRACT(EPOCH FROM (now() - pg_last_xact_replay_timestamp()))) END AS lag, pg_is_in_recovery()::int AS is_replica;

-- varies
SELECT pg_database.datname, tmp.mode, COALESCE(count, 0) AS count FROM (VALUES ('accesssharelock'), ('exclusivelock')) AS tmp(mode) CROSS JOIN pg_database
LEFT JOIN (SELECT database, lower(mode) AS mode, count(*) AS count FROM pg_locks WHERE database IS NOT NULL GROUP BY database, lower(mode)) AS tmp2
ON tmp.mode = tmp2.mode AND pg_database.oid = tmp2.database ORDER BY 1;

-- varies
SELECT datname, state, usename, application_name, backend_type, count(*), COALESCE(max(EXTRACT(EPOCH FROM now() - xact_start))::float, 0) FROM pg_stat_activity GROUP BY 1, 2, 3, 4, 5;

-- varies
SELECT datname, age(datfrozenxid), mxid_age(datminmxid), pg_database_size(datname) FROM pg_database WHERE datallowconn;

-- varies
SELECT * FROM pg_stat_bgwriter;

-- Tableau and Power BI (psqlODBC, Npgsql)
BEGIN; declare "SQL_CUR0x1" cursor with hold for SELECT "orders"."status" AS "status" FROM "public"."orders" "orders" GROUP BY 1 ORDER BY 1; fetch 10 in "SQL_CUR0x1";

COMMIT;

close "SQL_CUR0x1";

CREATE LOCAL TEMPORARY TABLE "#Tableau_5_2_Connect" ("COL" INTEGER) ON COMMIT PRESERVE ROWS;

INSERT INTO "#Tableau_5_2_Connect" SELECT 1;

DROP TABLE "#Tableau_5_2_Connect";

-- Values of own types
SELECT '[1,2)'::depot.width_range * depot.width_range(0, 1.5), 'calm'::depot.mood;

select character_set_name from information_schema.character_sets;
