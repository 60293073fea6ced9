/** What PostgreSQL's own functions do besides computing: by hand for those that do anything, by list for the rest. */
import type { EffectKind } from '../facts.ts';
import { harmlessFunctions, informationSchemaFunctions } from './harmlessFunctions.ts';

/** `setting`: set_config, which is judged like a SET. */
export type FunctionKind = EffectKind | 'setting';

export interface FunctionDescription {
  readonly kind: FunctionKind;
  /** Continues "calls NAME, which …". */
  readonly why: string;
}

interface Group {
  readonly kind: FunctionKind;
  readonly why: string;
  readonly names: string;
}

/** Those of PostgreSQL and of extensions that are harmless else, which run a query whose text, or whose table, they are told. */
const queryRunners = `query_to_xml query_to_xml_and_xmlschema query_to_xmlschema cursor_to_xml cursor_to_xmlschema table_to_xml
  table_to_xml_and_xmlschema table_to_xmlschema schema_to_xml schema_to_xml_and_xmlschema schema_to_xmlschema
  database_to_xml database_to_xml_and_xmlschema database_to_xmlschema ts_stat ts_rewrite
  addgeometrycolumn dropgeometrycolumn dropgeometrytable find_srid populate_geometry_columns st_estimatedextent
  st_findextent standardize_address updategeometrysrid`;

const queryRunnerNames: ReadonlySet<string> = new Set(queryRunners.split(/\s+/));

/** True for a function that runs a query whose text or table it is told. */
export function runsQueries(name: string): boolean {
  return queryRunnerNames.has(name);
}

/**
 * Reviewed by hand from pg_proc of PostgreSQL 13 to 18: every volatile function, and every other one that runs a
 * query whose text it is given or that reaches files. `pg_catalog`, and the extensions that come with PostgreSQL.
 */
const groups: readonly Group[] = [
  { kind: 'setting', why: 'changes a setting', names: 'set_config' },
  { kind: 'sequence', why: 'moves a sequence', names: 'nextval setval' },
  {
    kind: 'lock',
    why: 'takes or frees an advisory lock',
    names: `pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all
      pg_advisory_unlock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock
      pg_try_advisory_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared`,
  },
  { kind: 'notify', why: 'notifies other sessions', names: 'pg_notify' },
  { kind: 'delay', why: 'waits', names: 'pg_sleep pg_sleep_for pg_sleep_until' },
  {
    kind: 'maintenance',
    why: 'maintains indexes or statistics',
    names: `brin_desummarize_range brin_summarize_new_values brin_summarize_range gin_clean_pending_list
      pg_clear_attribute_stats pg_clear_relation_stats pg_restore_attribute_stats pg_restore_relation_stats pg_stat_reset
      pg_stat_reset_backend_stats pg_stat_reset_replication_slot pg_stat_reset_shared
      pg_stat_reset_single_function_counters pg_stat_reset_single_table_counters pg_stat_reset_slru
      pg_stat_reset_subscription_stats pg_stat_statements_reset`,
  },
  {
    kind: 'procedural',
    why: 'runs a query whose text it is given',
    names: queryRunners,
  },
  {
    kind: 'procedural',
    why: 'reads or writes large objects, which hold data that cannot be classified',
    names: `lo_close lo_creat lo_create lo_from_bytea lo_get lo_lseek lo_lseek64 lo_open lo_put lo_tell lo_tell64
      lo_truncate lo_truncate64 lo_unlink loread lowrite`,
  },
  {
    kind: 'procedural',
    why: 'shows the statements of others, whose constants may be protected',
    names: 'pg_stat_get_activity pg_stat_get_backend_activity pg_stat_statements',
  },
  { kind: 'procedural', why: 'marks a table of an extension', names: 'pg_extension_config_dump' },
  {
    kind: 'serverAccess',
    why: 'reads or writes files of the server',
    names: `pg_read_file pg_read_binary_file pg_stat_file pg_ls_dir pg_ls_logdir pg_ls_waldir pg_ls_tmpdir
      pg_ls_archive_statusdir pg_ls_logicalmapdir pg_ls_logicalsnapdir pg_ls_replslotdir pg_ls_summariesdir
      pg_hba_file_rules pg_ident_file_mappings pg_show_all_file_settings lo_import lo_export pg_file_write pg_file_read
      pg_file_sync pg_file_rename pg_file_unlink pg_file_length pg_logdir_ls pg_get_loaded_modules
      pg_read_file_old`,
  },
  {
    kind: 'serverAccess',
    why: 'shows how the server is installed',
    names: 'pg_config pg_current_logfile',
  },
  {
    kind: 'serverAccess',
    why: 'acts on the sessions of others',
    names: 'pg_terminate_backend pg_cancel_backend pg_log_backend_memory_contexts',
  },
  {
    kind: 'serverAccess',
    why: 'administers the server',
    names: `pg_reload_conf pg_rotate_logfile pg_rotate_logfile_old pg_logfile_rotate pg_switch_wal pg_promote
      pg_wal_replay_pause pg_wal_replay_resume pg_backup_start pg_backup_stop pg_start_backup pg_stop_backup
      pg_create_restore_point pg_log_standby_snapshot pg_import_system_collations pg_nextoid
      pg_stop_making_pinned_objects`,
  },
  {
    kind: 'serverAccess',
    why: 'takes part in replication',
    names: `pg_create_physical_replication_slot pg_create_logical_replication_slot pg_copy_physical_replication_slot
      pg_copy_logical_replication_slot pg_drop_replication_slot pg_replication_slot_advance pg_sync_replication_slots
      pg_logical_emit_message pg_logical_slot_get_changes pg_logical_slot_get_binary_changes
      pg_logical_slot_peek_changes pg_logical_slot_peek_binary_changes pg_replication_origin_advance
      pg_replication_origin_create pg_replication_origin_drop pg_replication_origin_oid pg_replication_origin_progress
      pg_replication_origin_session_is_setup pg_replication_origin_session_progress
      pg_replication_origin_session_reset pg_replication_origin_session_setup pg_replication_origin_xact_reset
      pg_replication_origin_xact_setup pg_show_replication_origin_status`,
  },
  {
    kind: 'serverAccess',
    why: 'belongs to pg_upgrade',
    names: `binary_upgrade_set_next_attribute_versions binary_upgrade_add_sub_rel_state binary_upgrade_create_empty_extension
      binary_upgrade_logical_slot_has_caught_up binary_upgrade_replorigin_advance binary_upgrade_set_missing_value
      binary_upgrade_set_next_array_pg_type_oid binary_upgrade_set_next_heap_pg_class_oid
      binary_upgrade_set_next_heap_relfilenode binary_upgrade_set_next_index_pg_class_oid
      binary_upgrade_set_next_index_relfilenode binary_upgrade_set_next_multirange_array_pg_type_oid
      binary_upgrade_set_next_multirange_pg_type_oid binary_upgrade_set_next_pg_authid_oid
      binary_upgrade_set_next_pg_enum_oid binary_upgrade_set_next_pg_tablespace_oid
      binary_upgrade_set_next_pg_type_oid binary_upgrade_set_next_toast_pg_class_oid
      binary_upgrade_set_next_toast_relfilenode binary_upgrade_set_record_init_privs`,
  },
  {
    kind: 'serverAccess',
    why: 'reaches another server',
    names: `dblink dblink_connect dblink_connect_u dblink_disconnect dblink_exec dblink_open dblink_fetch dblink_close
      dblink_send_query dblink_get_result dblink_get_notify dblink_cancel_query dblink_is_busy
      dblink_get_connections dblink_error_message dblink_fdw_validator dblink_build_sql_insert
      dblink_build_sql_delete dblink_build_sql_update dblink_get_pkey dblink_current_query postgres_fdw_disconnect
      postgres_fdw_disconnect_all postgres_fdw_get_connections`,
  },
  {
    kind: 'serverAccess',
    why: 'reads tables below the rules of the database',
    names: `get_raw_page heap_page_items heap_page_item_attrs bt_page_items bt_page_stats bt_multi_page_stats bt_metap
      brin_page_items hash_page_items gist_page_items gist_page_items_bytea gin_leafpage_items tuple_data_split
      page_header fsm_page_contents pgrowlocks pg_get_wal_records_info pg_get_wal_record_info pg_get_wal_block_info`,
  },
];

/** Schemas of extensions whose functions run things elsewhere or later. */
const serverSchemas: ReadonlySet<string> = new Set([
  'cron',
  'dblink',
  'aws_s3',
  'aws_lambda',
  'pglogical',
  'pgagent',
]);

const harmless: FunctionDescription = { kind: 'read', why: 'computes a value' };

const described: ReadonlyMap<string, FunctionDescription> = new Map<string, FunctionDescription>([
  ...wordsOf(harmlessFunctions).map((name): [string, FunctionDescription] => [name, harmless]),
  ...groups.flatMap(({ kind, why, names }) =>
    wordsOf(names).map((name): [string, FunctionDescription] => [name, { kind, why }]),
  ),
]);

const informationSchema: ReadonlySet<string> = new Set(wordsOf(informationSchemaFunctions));

/**
 * What is known of a function; undefined where nothing is.
 * @param schema as the text gives it. Without one, a function of another schema on the search_path may be meant: the
 * caller who has the catalog has to look for its name there.
 */
export function describeFunction(schema: string | undefined, name: string): FunctionDescription | undefined {
  if (schema === undefined || schema === 'pg_catalog') {
    return described.get(name);
  }
  if (schema === 'information_schema' && informationSchema.has(name)) {
    return harmless;
  }
  return serverSchemas.has(schema)
    ? { kind: 'serverAccess', why: `belongs to ${schema}, which runs things elsewhere` }
    : undefined;
}

/** pg_operator of PostgreSQL 13 to 18, and `!=`, which the grammar reads as `<>`. */
const knownOperators: ReadonlySet<string> = new Set(
  wordsOf(`
  !! !~ !~* !~~ !~~* # ## #- #> #>> % & && &< &<| &> * *< *<= *<> *= *> *>= + - -> ->> -|- / < <-> << <<= <<| <= <> <@
  <^ = > >= >> >>= >^ ? ?# ?& ?- ?-| ?| ?|| @ @-@ @> @? @@ @@@ ^ ^@ | |&> |/ |>> || ||/ ~ ~* ~<=~ ~<~ ~= ~>=~ ~>~ ~~ ~~*
  != !`),
);

export function isKnownOperator(symbol: string): boolean {
  return knownOperators.has(symbol);
}

function wordsOf(text: string): string[] {
  return text.trim().split(/\s+/);
}
