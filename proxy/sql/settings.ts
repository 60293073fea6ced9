/** What changing a setting means: most concern the session alone, some open the server. */
import type { Effect } from './facts.ts';

/** Settings by which a session becomes somebody else, or makes the server load, hide or skip something. */
const serverSettings: ReadonlyMap<string, string> = new Map([
  ['role', 'changes who the server takes the session for'],
  ['session_authorization', 'changes who the server takes the session for'],
  ['session_replication_role', 'switches off triggers, rules and foreign keys'],
  ['local_preload_libraries', 'loads a library into the server'],
  ['session_preload_libraries', 'loads a library into the server'],
  ['shared_preload_libraries', 'loads a library into the server'],
  ['dynamic_library_path', 'changes where the server loads libraries from'],
  ['extension_control_path', 'changes where the server loads extensions from'],
  ['jit_provider', 'loads a library into the server'],
  ['allow_system_table_mods', 'lets system tables be changed'],
  ['allow_in_place_tablespaces', 'lets files be made in the data folder'],
  ['ignore_system_indexes', 'makes the server ignore its own indexes'],
  ['ignore_checksum_failure', 'makes the server ignore damaged data'],
  ['zero_damaged_pages', 'makes the server erase damaged data'],
  ['lo_compat_privileges', 'switches off permission checks of large objects'],
  ['createrole_self_grant', 'changes what new roles are granted'],
  ['track_activities', 'changes what the server shows of this session'],
  ['event_triggers', 'switches off event triggers'],
]);

/** Prefixes of settings that decide what the server itself records. */
const serverLogPrefixes = ['log_', 'pgaudit.', 'auto_explain.'];

/** ASCII but letters and digits: what the server leaves out of an encoding's name before it looks for it (src/common/encnames.c). */
const betweenLettersOfEncodings = /[\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]/g;

/**
 * The effect of `SET name TO value`, of `set_config`, and of a startup parameter.
 * @param value the constant value, or undefined where it is a default, reset, or not constant.
 * @returns one effect: `session` with `setting` and `value`, or `serverAccess` for the settings of DESIGN.md §5's last rows.
 */
export function readSetting(name: string, value: string | undefined): readonly Effect[] {
  const setting = name.toLowerCase();
  const details = value === undefined ? { setting } : { setting, value: asUnderstood(setting, value) };
  const why = serverSettings.get(setting);
  if (why !== undefined) {
    return [{ kind: 'serverAccess', predicate: 'none', ...details, why: `sets ${setting}, which ${why}` }];
  }
  if (serverLogPrefixes.some((prefix) => setting.startsWith(prefix))) {
    const changes = `sets ${setting}, which changes what the server records`;
    return [{ kind: 'serverAccess', predicate: 'none', ...details, why: changes }];
  }
  return [{ kind: 'session', predicate: 'none', ...details }];
}

function asUnderstood(setting: string, value: string): string {
  return setting === 'client_encoding' ? bareEncodingName(value) : value;
}

/** An encoding as the server reads its name: asyncpg asks for `'utf-8'`, quotes and all, and gets UTF8. Case does not matter. */
export function bareEncodingName(value: string): string {
  return value.replace(betweenLettersOfEncodings, '');
}
