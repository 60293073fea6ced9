/** What the default pack decides for developers: the table of DESIGN.md §5, one line per effect that can stand in it. */
import type { Outcome } from '../../../proxy/policy/decision.ts';
import type { Effect, EffectKind } from '../../../proxy/sql/facts.ts';
import { effect } from './effects.ts';

export interface PackRow {
  readonly label: string;
  readonly effect: Effect;
  /** In production, staging, development. */
  readonly outcomes: readonly [Outcome, Outcome, Outcome];
  /** Whether an agent of a developer may do it. */
  readonly isForAgents?: true;
}

const everywhere = ['allow', 'allow', 'allow'] as const;
const nowhere = ['deny', 'deny', 'deny'] as const;
const reviewed = ['approve', 'allow', 'allow'] as const;
const dangerous = ['deny', 'approve', 'allow'] as const;
const opaque = ['approve', 'approve', 'allow'] as const;

function row(
  label: string,
  outcomes: readonly [Outcome, Outcome, Outcome],
  kind: EffectKind,
  more: Partial<Effect> = {},
): PackRow {
  return { label, effect: effect(kind, more), outcomes };
}

function agentRow(label: string, kind: EffectKind, more: Partial<Effect> = {}): PackRow {
  return { ...row(label, everywhere, kind, more), isForAgents: true };
}

const orders = { relation: { name: 'orders' } };
const temporary = { relation: { schema: 'pg_temp', name: 'scratch' }, temporary: true };
const config = { relation: { name: 'model_settings' } };

const reads = [
  agentRow('SELECT', 'read', orders),
  agentRow('SELECT 1', 'read'),
  agentRow('SELECT from a configuration table', 'read', config),
  agentRow('SELECT from a system catalog', 'read', { relation: { schema: 'pg_catalog', name: 'pg_class' } }),
  agentRow('BEGIN', 'transaction'),
  agentRow('DECLARE', 'session', { object: 'cursor' }),
];

const settings = [
  ...[
    ['statement_timeout', '5s'],
    ['search_path', 'public'],
    ['application_name', 'psql'],
    ['default_transaction_read_only', 'off'],
    ['transaction_read_only', 'off'],
    ['row_security', 'off'],
    ['standard_conforming_strings', 'on'],
    ['client_encoding', 'UTF8'],
    ['client_encoding', 'utf-8'],
    ['backslash_quote', 'safe_encoding'],
    ['transform_null_equals', 'off'],
    ['debug_print_plan', 'on'],
  ].map(([setting = '', value = '']) => agentRow(`SET ${setting} = ${value}`, 'session', { setting, value })),
  ...[
    'role',
    'session_authorization',
    'session_replication_role',
    'SESSION_REPLICATION_ROLE',
    'session_preload_libraries',
    'local_preload_libraries',
    'dynamic_library_path',
    'allow_system_table_mods',
    'lo_compat_privileges',
    'zero_damaged_pages',
    'ignore_system_indexes',
    'ignore_checksum_failure',
    'log_statement',
    'log_min_duration_statement',
    'track_activities',
    'pgaudit.log',
    'auto_explain.log_analyze',
  ].map((setting) => row(`SET ${setting}`, nowhere, 'session', { setting, value: 'off' })),
  ...[
    ['standard_conforming_strings', 'off'],
    ['client_encoding', 'SJIS'],
    ['client_encoding', 'SQL_ASCII'],
    ['backslash_quote', 'on'],
    ['transform_null_equals', 'on'],
  ].map(([setting = '', value = '']) =>
    row(`SET ${setting} = ${value}`, nowhere, 'session', { setting, value }),
  ),
  ...['standard_conforming_strings', 'client_encoding', 'backslash_quote'].map((setting) =>
    row(`SET ${setting} to something that is not constant`, nowhere, 'session', { setting }),
  ),
];

const writes = [
  row('INSERT', reviewed, 'insert', orders),
  row('UPDATE with WHERE', reviewed, 'update', { ...orders, predicate: 'real' }),
  row('UPDATE without WHERE', dangerous, 'update', { ...orders, predicate: 'absent' }),
  row('UPDATE with an always-true WHERE', dangerous, 'update', { ...orders, predicate: 'alwaysTrue' }),
  row('UPDATE whose WHERE is not told', dangerous, 'update', orders),
  row('DELETE with WHERE', reviewed, 'delete', { ...orders, predicate: 'real' }),
  row('DELETE without WHERE', dangerous, 'delete', { ...orders, predicate: 'absent' }),
  row('DELETE with an always-true WHERE', dangerous, 'delete', { ...orders, predicate: 'alwaysTrue' }),
  row('MERGE', reviewed, 'merge', orders),
  row('COPY FROM STDIN', reviewed, 'copyIn', orders),
  row('CALL', reviewed, 'call', { functionName: 'settle' }),
  row('nextval', reviewed, 'sequence', { functionName: 'nextval', relation: { name: 'orders_id_seq' } }),
  row('nextval of a sequence named pg_…', reviewed, 'sequence', { relation: { name: 'pg_bouncer_ids' } }),
  row('INSERT into configuration', opaque, 'insert', config),
  row('UPDATE configuration with WHERE', opaque, 'update', { ...config, predicate: 'real' }),
  row('UPDATE configuration without WHERE', dangerous, 'update', { ...config, predicate: 'absent' }),
  row('DELETE from configuration with WHERE', opaque, 'delete', { ...config, predicate: 'real' }),
  row('MERGE into configuration', opaque, 'merge', config),
  row('COPY FROM STDIN into configuration', opaque, 'copyIn', config),
  row('UPDATE pg_settings', nowhere, 'update', { relation: { name: 'pg_settings' }, predicate: 'real' }),
  row('DELETE FROM pg_catalog.…', nowhere, 'delete', {
    relation: { schema: 'pg_catalog', name: 'pg_class' },
    predicate: 'real',
  }),
  row('INSERT INTO cron.job', nowhere, 'insert', { relation: { schema: 'cron', name: 'job' } }),
  row('INSERT INTO a user table that is named pg_…', reviewed, 'insert', {
    relation: { schema: 'public', name: 'pg_notes' },
  }),
];

const temporaries = [
  row('CREATE TEMP TABLE', everywhere, 'create', { ...temporary, object: 'table' }),
  row('CREATE TEMP TABLE named settings', everywhere, 'create', {
    temporary: true,
    relation: { name: 'settings' },
  }),
  row('INSERT INTO pg_temp', everywhere, 'insert', temporary),
  row('INSERT INTO pg_temp.settings', everywhere, 'insert', {
    temporary: true,
    relation: { schema: 'pg_temp', name: 'settings' },
  }),
  row('UPDATE pg_temp without WHERE', everywhere, 'update', { ...temporary, predicate: 'absent' }),
  row('DELETE FROM pg_temp without WHERE', everywhere, 'delete', { ...temporary, predicate: 'absent' }),
  row('DROP TABLE pg_temp', everywhere, 'drop', { ...temporary, object: 'table' }),
  row('TRUNCATE pg_temp', everywhere, 'truncate', temporary),
  row('CREATE FUNCTION pg_temp', reviewed, 'create', { temporary: true, object: 'function' }),
  row('CREATE TRIGGER on pg_temp', reviewed, 'create', { ...temporary, object: 'trigger' }),
  row('DROP FUNCTION pg_temp', dangerous, 'drop', { temporary: true, object: 'function' }),
];

const schemaChanges = [
  row('CREATE TABLE', reviewed, 'create', { ...orders, object: 'table' }),
  row('CREATE INDEX', reviewed, 'create', { ...orders, object: 'index' }),
  row('ADD COLUMN', reviewed, 'alterAdditive', { ...orders, object: 'table' }),
  row('COMMENT', reviewed, 'comment', { ...orders, object: 'table' }),
  row('REFRESH', reviewed, 'refresh', { ...orders, object: 'materialized view' }),
  row('DROP TABLE', dangerous, 'drop', { ...orders, object: 'table' }),
  row('DROP SCHEMA', dangerous, 'drop', { object: 'schema' }),
  row('TRUNCATE', dangerous, 'truncate', orders),
  row('TRUNCATE configuration', dangerous, 'truncate', config),
  row('ALTER TABLE', dangerous, 'alter', { ...orders, object: 'table' }),
];

const others = [
  row('GRANT', ['deny', 'deny', 'approve'], 'privilege', { ...orders, object: 'table' }),
  row('CREATE ROLE', ['deny', 'deny', 'approve'], 'privilege', { object: 'role' }),
  row('DO', opaque, 'procedural', { object: 'block' }),
  row('a function that is not known', opaque, 'procedural', { functionName: 'settle' }),
  row('COPY TO PROGRAM', nowhere, 'serverAccess', { object: 'program' }),
  row('pg_read_file', nowhere, 'serverAccess', { functionName: 'pg_read_file' }),
  row('pg_terminate_backend', nowhere, 'serverAccess', { functionName: 'pg_terminate_backend' }),
  row('SET ROLE', nowhere, 'serverAccess', { setting: 'role' }),
  agentRow('LOCK TABLE IN ACCESS SHARE MODE', 'lock', { ...orders, lockMode: 1 }),
  row('SELECT FOR UPDATE', everywhere, 'lock', { lockMode: 2 }),
  ...[3, 4, 5, 6, 7, 8].map((lockMode) =>
    row(`LOCK TABLE, level ${lockMode}`, opaque, 'lock', { ...orders, lockMode }),
  ),
  row('a lock whose level is not told', opaque, 'lock', orders),
  row('pg_advisory_lock', everywhere, 'lock', { functionName: 'pg_advisory_lock' }),
  row('pg_try_advisory_xact_lock', everywhere, 'lock', { functionName: 'pg_try_advisory_xact_lock' }),
  row('NOTIFY', everywhere, 'notify'),
  row('VACUUM', reviewed, 'maintenance', { ...orders, object: 'table' }),
  row('VACUUM of a temporary table', everywhere, 'maintenance', { ...temporary, object: 'table' }),
  row('pg_sleep', reviewed, 'delay', { functionName: 'pg_sleep' }),
  row('what is not understood', nowhere, 'unknown'),
];

export const packRows: readonly PackRow[] = [
  ...reads,
  ...settings,
  ...writes,
  ...temporaries,
  ...schemaChanges,
  ...others,
];

/** All kinds there are: the compiler asks for each. */
const isKind: Readonly<Record<EffectKind, true>> = {
  read: true,
  session: true,
  transaction: true,
  insert: true,
  update: true,
  delete: true,
  merge: true,
  copyIn: true,
  call: true,
  sequence: true,
  create: true,
  alterAdditive: true,
  comment: true,
  refresh: true,
  drop: true,
  truncate: true,
  alter: true,
  privilege: true,
  procedural: true,
  serverAccess: true,
  lock: true,
  notify: true,
  maintenance: true,
  delay: true,
  unknown: true,
};

export const effectKinds = Object.keys(isKind) as readonly EffectKind[];
