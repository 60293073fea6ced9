-- What DBeaver asks when it connects, opens a schema and a table, and shows rows; own wording.
-- Sources: github.com/datafusion-contrib/datafusion-postgres tests/dbeaver.rs (its log), and what the classes PostgreDatabase,
-- PostgreSchema, PostgreTable, PostgreRole and PostgreSessionManager of github.com/dbeaver/dbeaver ask.

SET extra_float_digits = 3;

SET application_name = 'DBeaver 25.1.5 - Main <postgres>';

SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;

SELECT current_schema(),session_user;

SHOW search_path;

SET search_path = depot,public,"$user";

SET search_path = "$user",public;

-- The proxy has set it itself, so it comes from the client.
-- varies
SELECT * FROM pg_catalog.pg_settings WHERE name='standard_conforming_strings';

SELECT string_agg(word, ',') FROM pg_catalog.pg_get_keywords() WHERE word <> ALL ('{a,abs,absolute,zone}'::text[]);

SELECT version();

SELECT db.oid,db.* FROM pg_catalog.pg_database db WHERE 1 = 1 AND NOT datistemplate AND datallowconn OR db.datname = 'demo' ORDER BY db.datname;

SELECT db.oid, pg_catalog.pg_encoding_to_char(db.encoding) AS encoding, has_database_privilege(db.oid, 'CONNECT'),
  pg_catalog.pg_database_size(db.oid) > 0 AS db_size FROM pg_catalog.pg_database db WHERE datname = current_database();

SELECT n.oid,n.*,d.description FROM pg_catalog.pg_namespace n
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=n.oid AND d.objsubid=0 AND d.classoid='pg_namespace'::regclass ORDER BY nspname;

SELECT * FROM pg_catalog.pg_enum WHERE 1<>1 LIMIT 1;

SELECT reltype FROM pg_catalog.pg_class WHERE 1<>1 LIMIT 1;

SELECT t.oid,t.*,c.relkind,format_type(nullif(t.typbasetype, 0), t.typtypmod) AS base_type_name, d.description FROM pg_catalog.pg_type t
LEFT OUTER JOIN pg_catalog.pg_type et ON et.oid=t.typelem LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid=t.typrelid LEFT OUTER JOIN pg_catalog.pg_description d ON t.oid=d.objoid
WHERE t.typname IS NOT NULL AND (c.relkind IS NULL OR c.relkind = 'c') AND (et.typcategory IS NULL OR et.typcategory <> 'C') ORDER BY t.oid;

SELECT e.oid,e.* FROM pg_catalog.pg_enum e ORDER BY e.oid;

SELECT a.oid,a.*,pd.description FROM pg_catalog.pg_roles a LEFT JOIN pg_catalog.pg_shdescription pd ON a.oid = pd.objoid ORDER BY a.rolname;

SELECT r.rolname,m.* FROM pg_catalog.pg_auth_members m, pg_catalog.pg_roles r WHERE m.roleid = r.oid ORDER BY 1, m.member;

SELECT t.oid,t.*,pg_tablespace_location(t.oid) loc FROM pg_catalog.pg_tablespace t ORDER BY t.oid;

SELECT l.oid,l.* FROM pg_catalog.pg_language l ORDER BY l.oid;

SELECT a.oid,a.* FROM pg_catalog.pg_am a ORDER BY a.oid;

SELECT f.oid,f.*,p.proname,ns.nspname AS func_schema_name FROM pg_catalog.pg_foreign_data_wrapper f
LEFT OUTER JOIN pg_catalog.pg_proc p ON p.oid=f.fdwhandler LEFT OUTER JOIN pg_catalog.pg_namespace ns ON p.pronamespace=ns.oid ORDER BY f.fdwname;

SELECT e.oid,e.*,n.nspname AS schema_name FROM pg_catalog.pg_extension e JOIN pg_namespace n ON n.oid=e.extnamespace ORDER BY e.oid;

SELECT e.* FROM pg_catalog.pg_available_extensions e ORDER BY e.name;

SELECT c.oid,c.* FROM pg_catalog.pg_collation c ORDER BY c.oid;

SELECT c.contoencoding AS encid,pg_catalog.pg_encoding_to_char(c.contoencoding) AS encname FROM pg_catalog.pg_conversion c
GROUP BY c.contoencoding ORDER BY 2;

-- with: ["@depot"]
SELECT c.oid,c.*,d.description,pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS partition_expr, pg_catalog.pg_get_partkeydef(c.oid) AS partition_key
FROM pg_catalog.pg_class c LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid AND d.objsubid=0 AND d.classoid='pg_class'::regclass
WHERE c.relnamespace=$1 AND c.relkind NOT IN ('i','I','c') ORDER BY c.oid;

-- with: ["@depot"]
SELECT c.relname,a.*,ad.oid AS attr_id,pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) AS def_value,dsc.description,dep.objid
FROM pg_catalog.pg_attribute a INNER JOIN pg_catalog.pg_class c ON (a.attrelid=c.oid)
LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON (a.attrelid=ad.adrelid AND a.attnum = ad.adnum)
LEFT OUTER JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid)
LEFT OUTER JOIN pg_depend dep ON dep.refobjid = a.attrelid AND dep.deptype = 'i' AND dep.refobjsubid = a.attnum AND dep.classid = dep.refclassid
WHERE NOT a.attisdropped AND c.relkind NOT IN ('i','I','c') AND c.relnamespace=$1 ORDER BY a.attrelid, a.attnum;

-- with: ["@depot"]
SELECT c.oid,c.*,t.relname AS tabrelname,rt.relnamespace AS refnamespace,d.description, null AS consrc_copy
FROM pg_catalog.pg_constraint c INNER JOIN pg_catalog.pg_class t ON t.oid=c.conrelid LEFT OUTER JOIN pg_catalog.pg_class rt ON rt.oid=c.confrelid
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid AND d.objsubid=0 AND d.classoid='pg_constraint'::regclass
WHERE t.relnamespace=$1 ORDER BY c.oid;

-- with: ["@depot"]
SELECT i.*,i.indkey AS keys,c.relname,c.relnamespace,c.relam,c.reltablespace,tc.relname AS tabrelname,dsc.description,
  pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS pred_expr,pg_catalog.pg_get_expr(i.indexprs, i.indrelid, true) AS expr,
  pg_catalog.pg_relation_size(i.indexrelid) AS index_rel_size,pg_catalog.pg_stat_get_numscans(i.indexrelid) >= 0 AS index_num_scans
FROM pg_catalog.pg_index i INNER JOIN pg_catalog.pg_class c ON c.oid=i.indexrelid INNER JOIN pg_catalog.pg_class tc ON tc.oid=i.indrelid
LEFT OUTER JOIN pg_catalog.pg_description dsc ON i.indexrelid=dsc.objoid WHERE c.relnamespace=$1 ORDER BY tabrelname, c.relname;

-- with: ["@shelves_lower",1]
SELECT pg_catalog.pg_get_indexdef($1, $2, true);

-- with: ["@depot"]
SELECT p.oid AS poid,p.*,pg_catalog.pg_get_expr(p.proargdefaults, 0) AS arg_defaults,d.description
FROM pg_catalog.pg_proc p LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=p.oid AND d.objsubid = 0
WHERE p.pronamespace=$1 ORDER BY p.oid;

-- with: ["@depot"]
SELECT pg_get_functiondef(p.oid), pg_catalog.pg_get_function_identity_arguments(p.oid) FROM pg_catalog.pg_proc p WHERE p.pronamespace=$1 AND p.prokind IN ('f','p') ORDER BY p.oid;

-- with: ["@depot"]
SELECT c.oid,pg_catalog.pg_get_viewdef(c.oid, true),pg_catalog.pg_get_ruledef(r.oid) FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid
WHERE c.relnamespace=$1 AND c.relkind IN ('v','m') ORDER BY c.oid, r.oid;

-- with: ["@shelves"]
SELECT t.oid,t.*,p.pronamespace AS func_schema_id,d.description,pg_catalog.pg_get_triggerdef(t.oid) FROM pg_catalog.pg_trigger t, pg_catalog.pg_proc p
LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=p.oid AND d.objsubid=0 WHERE p.oid=t.tgfoid AND NOT tgisinternal AND tgrelid=$1 ORDER BY t.oid;

-- with: ["@parent"]
SELECT pol.*, pg_catalog.pg_get_expr(pol.polqual, pol.polrelid) FROM pg_catalog.pg_policy pol WHERE pol.polrelid = $1;

-- with: ["@depot"]
SELECT c.relname, pg_catalog.pg_total_relation_size(c.oid) >= 0 AS total_rel_size, pg_catalog.pg_relation_size(c.oid) >= 0 AS rel_size
FROM pg_catalog.pg_class c WHERE c.relnamespace=$1 AND c.relkind IN ('r','m','t') ORDER BY 1;

-- with: ["@shelves"]
SELECT i.*,c.relnamespace FROM pg_catalog.pg_inherits i,pg_catalog.pg_class c WHERE i.inhrelid=$1 AND c.oid=i.inhparent ORDER BY i.inhseqno;

-- with: ["@tickets"]
SELECT s.seqstart, s.seqmin, s.seqmax, s.seqincrement, s.seqcache, s.seqcycle FROM pg_catalog.pg_sequence s WHERE s.seqrelid = $1;

SELECT last_value, is_called FROM depot.tickets;

-- with: ["depot","shelves"]
SELECT * FROM information_schema.table_privileges WHERE table_schema=$1 AND table_name=$2 ORDER BY privilege_type, grantee;

-- with: ["depot","shelves"]
SELECT grantee,privilege_type,is_grantable,column_name FROM information_schema.column_privileges WHERE table_schema=$1 AND table_name=$2 ORDER BY 1, 2, 4;

-- with: ["@depot"]
SELECT defaclrole,defaclobjtype,defaclacl FROM pg_catalog.pg_default_acl WHERE defaclnamespace=$1;

-- with: ["@shelves"]
SELECT DISTINCT dep.deptype, dep.classid, cl.relkind, attr.attname, coalesce(cl.relname, '') AS object FROM pg_depend dep
LEFT JOIN pg_class cl ON dep.objid=cl.oid LEFT JOIN pg_attribute attr ON dep.objid=attr.attrelid AND dep.objsubid=attr.attnum
WHERE dep.refobjid=$1 ORDER BY 2, 1, 5, 4;

-- varies
SELECT sa.pid, sa.usename, sa.application_name, sa.state, sa.wait_event FROM pg_catalog.pg_stat_activity sa WHERE sa.datname = current_database();

-- varies
SELECT l.pid, l.locktype, l.mode, l.granted, pg_catalog.pg_blocking_pids(l.pid), l.relation::regclass FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation;

SELECT x.ctid,x.* FROM depot.shelves x ORDER BY id;

SELECT count(*) FROM public.orders x;

EXPLAIN (FORMAT XML, VERBOSE false) SELECT id FROM public.orders WHERE id = 1;

-- varies
EXPLAIN (FORMAT XML, ANALYSE, BUFFERS) SELECT id FROM public.orders WHERE id = 1;

-- with: ["ord%"]
SELECT x.oid,x.relname,x.relkind,x.relnamespace FROM pg_catalog.pg_class x WHERE x.relkind IN ('r','v','m','p') AND x.relname ILIKE $1 ORDER BY x.relname LIMIT 100;

-- with: ["%total%"]
SELECT DISTINCT x.attname,x.attrelid,x.attnum FROM pg_catalog.pg_attribute x INNER JOIN pg_catalog.pg_class c ON c.oid=x.attrelid
WHERE x.attname ILIKE $1 AND c.relkind IN ('r','v') ORDER BY x.attrelid, x.attnum LIMIT 100;
