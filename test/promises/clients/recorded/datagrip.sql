-- What DataGrip asks when it connects and introspects a schema, by its functions, columns and forms; own wording.
-- Sources: its server log in github.com/datafusion-contrib/datafusion-postgres/issues/165 and that project's tests/datagrip.rs;
-- github.com/yugabyte/yugabyte-db/issues/9328; github.com/questdb/questdb/issues/1196; github.com/cube-js/cube/issues/7714.

SET extra_float_digits = 3;

SET application_name = '';

select version();

SET application_name = 'DataGrip 2025.2.3';

select current_database() as a, current_schemas(false) as b;

SHOW TRANSACTION ISOLATION LEVEL;

select round(extract(epoch from pg_postmaster_start_time() at time zone 'UTC')) as startup_time;

-- varies
select L.transactionid::varchar::bigint as transaction_id from pg_catalog.pg_locks L
where L.transactionid is not null order by pg_catalog.age(L.transactionid) desc limit 1;

-- varies
select case when pg_catalog.pg_is_in_recovery() then null else (pg_catalog.txid_current() % 4294967296)::varchar::bigint end as current_txid;

select N.oid::bigint as id, datname as name, D.description, datistemplate as is_template, datallowconn as allow_connections,
  pg_catalog.pg_get_userbyid(N.datdba) as "owner"
from pg_catalog.pg_database N left join pg_catalog.pg_shdescription D on N.oid = D.objoid
order by case when datname = pg_catalog.current_database() then -1::bigint else N.oid::bigint end;

select N.oid::bigint as id, N.xmin as state_number, nspname as name, D.description, pg_catalog.pg_get_userbyid(N.nspowner) as "owner"
from pg_catalog.pg_namespace N left join pg_catalog.pg_description D on N.oid = D.objoid
order by case when nspname = pg_catalog.current_schema() then -1::bigint else N.oid::bigint end;

show DateStyle;

select name, is_dst from pg_catalog.pg_timezone_names union distinct select abbrev as name, is_dst from pg_catalog.pg_timezone_abbrevs order by 1, 2;

select R.oid::bigint as role_id, rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication /* false */ is_replication,
  rolconnlimit, rolvaliduntil, rolbypassrls /* false */ bypass_rls, rolconfig, D.description
from pg_catalog.pg_roles R left join pg_catalog.pg_shdescription D on D.objoid = R.oid;

select member id, roleid role_id, admin_option from pg_catalog.pg_auth_members order by id, roleid::text;

select T.oid::bigint as id, T.spcname as name, T.xmin as state_number, pg_catalog.pg_get_userbyid(T.spcowner) as owner,
  pg_catalog.pg_tablespace_location(T.oid) /* null */ as location, T.spcoptions /* null */ as options, D.description as comment
from pg_catalog.pg_tablespace T left join pg_catalog.pg_shdescription D on D.objoid = T.oid
--  where pg_catalog.age(T.xmin) <= #TXAGE;

select T.oid as object_id, T.spcacl as acl from pg_catalog.pg_tablespace T
union all select T.oid as object_id, T.datacl as acl from pg_catalog.pg_database T;

select ssl from pg_stat_ssl where pid = pg_backend_pid();

select usesuper from pg_user where usename = current_user;

select t.oid as id, t.xmin as state_number, t.evtname, t.evtevent, t.evtfoid, pg_catalog.pg_get_userbyid(t.evtowner) as owner, t.evttags,
  case when t.evtenabled = 'D' then 1 else 0 end as is_disabled
from pg_catalog.pg_event_trigger t;

select fdw.oid as id, fdw.xmin as state_number, fdw.fdwname, pr.proname as handler, nspc.nspname as handler_schema, pr2.proname as validator,
  fdw.fdwoptions as options, pg_catalog.pg_get_userbyid(fdw.fdwowner) as "owner"
from pg_catalog.pg_foreign_data_wrapper fdw left outer join pg_catalog.pg_proc pr on fdw.fdwhandler = pr.oid
  left outer join pg_catalog.pg_namespace nspc on pr.pronamespace = nspc.oid left outer join pg_catalog.pg_proc pr2 on fdw.fdwvalidator = pr2.oid;

select srv.oid as id, srv.srvfdw, srv.xmin as state_number, srv.srvname, srv.srvtype, srv.srvversion, pg_catalog.pg_get_userbyid(srv.srvowner) as "owner"
from pg_catalog.pg_foreign_server srv;

select A.oid, A.xmin as state_number, A.amname, A.amhandler::oid as handler_id,
  pg_catalog.quote_ident(N.nspname) || '.' || pg_catalog.quote_ident(P.proname) as handler_name, A.amtype
from pg_am A join pg_proc P on A.amhandler::oid = P.oid join pg_namespace N on P.pronamespace = N.oid;

select E.oid as id, E.xmin as state_number, extname, extversion, extnamespace, nspname,
  array(select unnest from unnest(available_versions) where unnest > extversion) as available_updates
from pg_catalog.pg_extension E join pg_namespace N on E.extnamespace = N.oid
  left join (select name, array_agg(version) as available_versions from pg_available_extension_versions() group by name) V on E.extname = V.name;

select l.oid as id, l.xmin state_number, lanname, lanpltrusted, h.proname as handler, i.proname as inline, v.proname as validator
from pg_catalog.pg_language l left join pg_catalog.pg_proc h on h.oid = lanplcallfoid left join pg_catalog.pg_proc i on i.oid = laninline
  left join pg_catalog.pg_proc v on v.oid = lanvalidator
order by lanname;

select D.objoid id, case when 'pg_catalog.pg_am'::regclass = classoid then 'A' when 'pg_catalog.pg_cast'::regclass = classoid then 'C'
  when 'pg_catalog.pg_extension'::regclass = classoid then 'E' end as kind, D.objsubid sub_id, D.description
from pg_catalog.pg_description D
where classoid in ('pg_catalog.pg_am'::regclass, 'pg_catalog.pg_cast'::regclass, 'pg_catalog.pg_extension'::regclass) order by 1, 2;

select C.oid, C.xmin as state_number, C.castsource, pg_catalog.quote_ident(SN.nspname) || '.' || pg_catalog.quote_ident(S.typname) as source_name,
  C.casttarget, C.castfunc, pg_catalog.quote_ident(F.proname) as function_name, C.castcontext, C.castmethod
from pg_cast C left outer join pg_proc F on C.castfunc::oid = F.oid join pg_type S on C.castsource::oid = S.oid join pg_namespace SN on S.typnamespace = SN.oid
where pg_catalog.age(C.xmin) <= 2147483647 order by C.oid;

select E.oid as extension_id, D.objid as member_id
from pg_extension E join pg_depend D on E.oid = D.refobjid and D.refclassid = 'pg_extension'::regclass::oid where D.deptype = 'e' order by extension_id, member_id;

-- with: ["@depot","@depot","@depot","@depot","@depot"]
select T.oid as oid, relnamespace as schemaId, pg_catalog.translate(relkind, 'rmvpfS', 'rmvrfS') as kind
from pg_catalog.pg_class T where relnamespace in ( $1 ) and relkind in ('r', 'm', 'v', 'p', 'f', 'S')
union all
select T.oid, T.typnamespace, 'T' from pg_catalog.pg_type T left outer join pg_catalog.pg_class C on T.typrelid = C.oid
where T.typnamespace in ( $2 ) and (T.typtype in ('d','e') or C.relkind = 'c' or (T.typtype = 'b' and (T.typelem = 0 or T.typcategory <> 'A')) or T.typtype = 'p' and not T.typisdefined)
union all select oid, collnamespace, 'C' from pg_catalog.pg_collation where collnamespace in ( $3 )
union all select oid, oprnamespace, 'O' from pg_catalog.pg_operator where oprnamespace in ( $4 )
union all select oid, pronamespace, case when prokind != 'a' then 'R' else 'a' end from pg_catalog.pg_proc where pronamespace in ( $5 )
order by schemaId, oid;

-- with: ["@depot"]
with T as (select T.oid as oid, T.relkind as kind, T.relnamespace as schemaId from pg_catalog.pg_class T
  where T.relnamespace in ( $1 ) and T.relkind in ('r', 'm', 'v', 'f', 'p'))
select T.schemaId, T.oid as majorOid, pg_catalog.translate(T.kind, 'rmvpf', 'rmvrf') as kind, C.attnum as position, C.attname as name
from T join pg_catalog.pg_attribute C on T.oid = C.attrelid where C.attnum > 0 and not C.attisdropped order by schemaId, majorOid, position;

-- with: ["@depot","1"]
select cls.xmin as state_number, sq.seqrelid, cls.relname, pg_catalog.format_type(sq.seqtypid, null) as data_type, sq.seqstart, sq.seqincrement,
  sq.seqmin, sq.seqmax, sq.seqcache, sq.seqcycle, pg_catalog.pg_get_userbyid(cls.relowner) as "owner"
from pg_catalog.pg_sequence sq join pg_class cls on sq.seqrelid = cls.oid
where cls.relnamespace = $1::oid and pg_catalog.age(cls.xmin) <= coalesce(nullif(greatest(pg_catalog.age($2::varchar::xid), -1), -1), 2147483647);

-- with: ["@depot"]
select T.oid, T.xmin, T.typname, T.typtype, T.typcategory, T.typrelid, T.typbasetype,
  case when T.typtype in ('c','e') then null else pg_catalog.format_type(T.typbasetype, T.typtypmod) end as type_def,
  T.typndims, T.typdefault, T.typnotnull, pg_catalog.pg_get_userbyid(T.typowner) as "owner"
from pg_catalog.pg_type T left outer join pg_catalog.pg_class C on T.typrelid = C.oid
where T.typnamespace = $1::oid and (T.typtype in ('d','e') or C.relkind = 'c') order by 1;

-- with: ["@depot"]
select T.relkind, T.relname, T.oid, T.xmin, false /* T.relhasoids */ as with_oids, T.reltablespace, T.reloptions, T.relpersistence,
  (select pg_catalog.array_agg(inhparent::bigint order by inhseqno)::varchar from pg_catalog.pg_inherits where T.oid = inhrelid) as ancestors,
  (select pg_catalog.array_agg(inhrelid::bigint order by inhrelid)::varchar from pg_catalog.pg_inherits where T.oid = inhparent) as successors,
  T.relispartition, pg_catalog.pg_get_partkeydef(T.oid) /* null */ as partition_key,
  pg_catalog.pg_get_expr(T.relpartbound, T.oid) /* null */ as partition_expression, T.relam am_id, pg_catalog.pg_get_userbyid(T.relowner) as "owner"
from pg_catalog.pg_class T where relnamespace = $1::oid and relkind in ('r', 'm', 'v', 'f', 'p') order by 1, 3;

-- with: ["@depot"]
select ft.ftrelid, srv.srvname, ft.ftoptions, pg_catalog.pg_get_userbyid(cls.relowner) as "owner"
from pg_catalog.pg_foreign_table ft left outer join pg_catalog.pg_foreign_server srv on ft.ftserver = srv.oid join pg_catalog.pg_class cls on ft.ftrelid = cls.oid
where cls.relnamespace = $1::oid order by 1;

-- with: ["@depot","@depot","@depot"]
with procs as (select prorettype, proargtypes, proallargtypes from pg_catalog.pg_proc where pronamespace = $1::oid),
  opers as (select oprleft, oprright, oprresult from pg_catalog.pg_operator where oprnamespace = $2::oid),
  aggregates as (select A.aggtranstype, A.aggmtranstype from pg_catalog.pg_aggregate A join pg_catalog.pg_proc P on A.aggfnoid = P.oid where P.pronamespace = $3::oid),
  used as (select prorettype as type_id from procs union select distinct unnest(proargtypes) from procs union select distinct unnest(proallargtypes) from procs
    union select oprleft from opers where oprleft is not null union select oprresult from opers union select aggtranstype::oid from aggregates)
select type_id, pg_catalog.format_type(type_id, null) as type_spec from used where type_id <> 0 order by 1;

-- with: ["@depot"]
with languages as (select oid as lang_oid, lanname as lang from pg_catalog.pg_language),
  routines as (select proname, prolang as lang_oid, oid as r_id, xmin as r_state_number, proargnames, proargmodes, proargtypes::int[] as in_types,
    proallargtypes::int[] as all_types, pg_catalog.pg_get_expr(proargdefaults, 0) as arg_defaults, provariadic, prorettype, proretset, prokind, provolatile,
    proisstrict, prosecdef, proconfig, procost, pg_catalog.pg_get_userbyid(proowner) as "owner", prorows, proleakproof, proparallel
  from pg_catalog.pg_proc where pronamespace = $1::oid and not (prokind = 'a') and pg_catalog.age(xmin) <= 2147483647)
select * from routines natural join languages order by r_id;

-- with: ["@depot"]
select P.oid, P.xmin, P.proname, P.proargtypes::int[], A.aggtransfn::oid, A.aggtransfn::regproc::text as transition, A.aggtranstype, A.aggfinalfn::oid,
  case when A.aggfinalfn::oid = 0 then null else A.aggfinalfn::regproc::varchar end as final, A.agginitval,
  case when A.aggsortop = 0 then null else A.aggsortop::regoper::varchar end as sort, A.aggmtransfn::oid, A.aggkind, A.aggcombinefn::oid, P.proparallel
from pg_catalog.pg_aggregate A join pg_catalog.pg_proc P on A.aggfnoid = P.oid where P.pronamespace = $1::oid order by P.oid;

-- with: ["@depot"]
select O.oid, O.xmin, oprname, oprkind, oprleft, oprright, oprresult, oprcode::oid as main_id, oprcode::varchar as main_name, oprrest::varchar,
  oprcom::regoper::varchar as com_name, oprnegate::regoper::varchar as neg_name, oprcanmerge, oprcanhash, pg_catalog.pg_get_userbyid(O.oprowner) as "owner"
from pg_catalog.pg_operator O where oprnamespace = $1::oid;

-- with: ["@depot"]
select O.oid, O.amopstrategy, O.amopopr::regoperator::varchar as op_sig, SF.opfname, O.amopfamily, C.oid
from pg_catalog.pg_amop O left join pg_opfamily F on O.amopfamily = F.oid left join pg_opfamily SF on O.amopsortfamily = SF.oid
  left join pg_depend D on D.classid = 'pg_amop'::regclass and O.oid = D.objid and D.objsubid = 0
  left join pg_opclass C on D.refclassid = 'pg_opclass'::regclass and C.oid = D.refobjid and D.refobjsubid = 0
where C.opcnamespace = $1::oid or C.opcnamespace is null and F.opfnamespace = $1::oid order by C.oid, F.oid;

-- with: ["@depot"]
select P.oid, P.amprocnum, P.amproc::oid as proc_id, P.amproc::regprocedure::varchar as proc_sig, P.amproclefttype::regtype::varchar, P.amprocfamily
from pg_catalog.pg_amproc P left join pg_opfamily F on P.amprocfamily = F.oid where F.opfnamespace = $1::oid;

-- with: ["@depot"]
select C.attrelid, C.attnum, C.attname, C.xmin, C.atttypmod, C.attndims, pg_catalog.format_type(C.atttypid, C.atttypmod) as type_spec, C.atttypid, C.attnotnull,
  pg_catalog.pg_get_expr(D.adbin, T.oid) as default_expression, C.attidentity, C.attgenerated, C.attisdropped, C.attoptions, C.attstorage
from pg_catalog.pg_class T join pg_catalog.pg_attribute C on T.oid = C.attrelid left join pg_catalog.pg_attrdef D on (C.attrelid, C.attnum) = (D.adrelid, D.adnum)
where T.relnamespace = $1::oid and T.relkind in ('r', 'm', 'v', 'f', 'p') and C.attnum > 0 order by 1, 2;

-- with: ["@depot"]
select tab.oid, tab.relkind, ind_stor.relname, ind_head.indexrelid, ind_stor.xmin, ind_head.indisunique, ind_head.indisprimary,
  pg_catalog.pg_get_expr(ind_head.indpred, ind_head.indrelid) as condition, ind_stor.reltablespace, opcmethod
from pg_catalog.pg_class tab join pg_catalog.pg_index ind_head on ind_head.indrelid = tab.oid
  join pg_catalog.pg_class ind_stor on tab.relnamespace = ind_stor.relnamespace and ind_stor.oid = ind_head.indexrelid
  left join pg_catalog.pg_opclass on pg_opclass.oid = any(indclass)
where tab.relnamespace = $1::oid and tab.relkind in ('r', 'm', 'v', 'p') and ind_stor.relkind in ('i', 'I') order by 1, 4, opcmethod;

-- with: ["@depot"]
select ind_head.indexrelid, k col_idx, k <= indnkeyatts in_key, ind_head.indkey[k - 1] column_position, ind_head.indoption[k - 1] column_options,
  collname, case when opcdefault then null else opcname end as opclass_str,
  case when indexprs is null then null when ind_head.indkey[k - 1] = 0 then chr(27) || pg_catalog.pg_get_indexdef(ind_head.indexrelid, k::int, true)
    else pg_catalog.pg_get_indexdef(ind_head.indexrelid, k::int, true) end as expression, amcanorder can_order
from pg_catalog.pg_index ind_head join pg_catalog.pg_class ind_stor on ind_stor.oid = ind_head.indexrelid
  cross join unnest(ind_head.indkey) with ordinality u(u, k) left join pg_catalog.pg_collation on pg_collation.oid = ind_head.indcollation[k - 1]
  cross join pg_catalog.pg_indexam_has_property(ind_stor.relam, 'can_order') amcanorder left join pg_catalog.pg_opclass on pg_opclass.oid = ind_head.indclass[k - 1]
where ind_stor.relnamespace = $1::oid order by ind_head.indexrelid, k;

-- with: ["@depot"]
select T.oid, relkind, C.oid::bigint con_id, C.xmin, conname, contype, conkey, conindid, confrelid, confkey, confupdtype, confdeltype, confmatchtype,
  condeferrable, condeferred, convalidated, conislocal, pg_catalog.pg_get_expr(conbin, T.oid) as con_expression,
  array(select unnest::regoper::varchar from unnest(conexclop)) as con_operators
from pg_catalog.pg_constraint C join pg_catalog.pg_class T on C.conrelid = T.oid
where relkind in ('r', 'v', 'f', 'p') and relnamespace = $1::oid and contype in ('p', 'u', 'f', 'c', 'x') and connamespace = $1::oid order by 3;

-- with: ["@depot"]
select R.ev_class, R.oid, R.xmin, R.rulename, pg_catalog.translate(ev_type, '1234', 'SUID') as rule_event_code, R.ev_enabled, R.is_instead,
  pg_catalog.pg_get_ruledef(R.oid) as source_code
from pg_catalog.pg_rewrite R join pg_catalog.pg_class C on C.oid = R.ev_class where C.relnamespace = $1::oid and R.rulename != '_RETURN'::name order by 2;

-- with: ["@depot"]
select T.tgrelid, T.oid, T.xmin, T.tgname, pg_catalog.pg_get_triggerdef(T.oid, true) as source_code, T.tgfoid, pg_catalog.encode(T.tgargs, 'escape') as args,
  T.tgtype & 31 as bits, T.tgdeferrable, T.tgenabled, pg_catalog.pg_get_expr(T.tgqual, T.tgrelid) as condition, T.tgattr
from pg_catalog.pg_trigger T join pg_catalog.pg_class TC on TC.oid = T.tgrelid where TC.relnamespace = $1::oid and not T.tgisinternal order by 2;

-- with: ["@depot"]
select T.oid as view_id, pg_catalog.pg_get_viewdef(T.oid, true) as source_text from pg_catalog.pg_class T
  join pg_catalog.pg_namespace N on T.relnamespace = N.oid where N.oid = $1::oid and T.relkind in ('m', 'v') order by 1;

-- with: ["@depot"]
with system_languages as (select oid as lang from pg_catalog.pg_language where lanname in ('c', 'internal'))
select oid as id, pg_catalog.pg_get_function_arguments(oid) as arguments_def, pg_catalog.pg_get_function_result(oid) as result_def,
  pg_catalog.pg_get_function_sqlbody(oid) as sqlbody_def, prosrc as source_text
from pg_catalog.pg_proc where pronamespace = $1::oid and not (prokind = 'a') and prolang not in (select lang from system_languages) order by 1;

-- with: ["@depot"]
select D.objoid id, pg_catalog.translate(C.relkind, 'rmvpfS', 'rmvrfS') kind, D.objsubid sub_id, D.description
from pg_catalog.pg_description D join pg_catalog.pg_class C on D.objoid = C.oid where C.relnamespace = $1::oid and C.relkind != 'c' and D.classoid = 'pg_catalog.pg_class'::regclass
union all select P.oid, 'R', 0, D.description from pg_catalog.pg_proc P join pg_catalog.pg_description D on P.oid = D.objoid where P.pronamespace = $1::oid order by 1, 3;

-- with: ["@depot"]
select T.oid as object_id, T.relacl as acl from pg_catalog.pg_class T where relnamespace = $1::oid
union all select T.oid, T.proacl from pg_catalog.pg_proc T where pronamespace = $1::oid
union all select T.oid, T.typacl from pg_catalog.pg_type T where typnamespace = $1::oid order by 1;

-- with: ["@depot"]
select objid as dependent_id, refobjid as owner_id, refobjsubid as owner_subobject_id, deptype from pg_depend
where classid = 'pg_class'::regclass::oid and refclassid = 'pg_class'::regclass::oid and objid in (select oid from pg_class where relnamespace = $1::oid) order by 1, 2, 3;

-- with: ["@depot"]
select T.oid, pol.oid, pol.polname, pol.polcmd, pol.polroles, pg_catalog.pg_get_expr(pol.polqual, pol.polrelid) as using_expression
from pg_catalog.pg_policy pol join pg_catalog.pg_class T on T.oid = pol.polrelid where T.relnamespace = $1::oid;

SELECT typinput='pg_catalog.array_in'::regproc as is_array, typtype, typname, pg_type.oid FROM pg_catalog.pg_type LEFT JOIN
(select ns.oid as nspoid, ns.nspname, r.r from pg_namespace as ns join (select s.r, (current_schemas(false))[s.r] as nspname
from generate_series(1, array_upper(current_schemas(false), 1)) as s(r)) as r using ( nspname )) as sp ON sp.nspoid = typnamespace
WHERE pg_type.oid = '1034' ORDER BY sp.r, pg_type.oid DESC;

SELECT e.typdelim FROM pg_catalog.pg_type t, pg_catalog.pg_type e WHERE t.oid = '1034' and t.typelem = e.oid;

SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;

BEGIN READ ONLY;

SELECT t.* FROM public.products t ORDER BY id LIMIT 501;

select count(*) from (SELECT t.* FROM public.products t) x;

COMMIT;

SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE;
