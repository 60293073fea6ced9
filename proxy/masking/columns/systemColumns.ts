/** Columns of the server's own relations that hold users' values or secrets: PostgreSQL 13 to 18, and pg_stat_statements. */
import type { ClassificationKind } from '../classification.ts';

/** Per kind: `relation.column column …`. Manual, chapters 52 (catalogs), 53 (views), 27.2 (activity), 37 (information schema), F.32. */
const table: readonly (readonly [ClassificationKind, readonly string[]])[] = [
  [
    'secret.statistics',
    [
      // The correlation tells where the rows stand among each other: of few rows, in which order.
      'pg_stats.most_common_vals histogram_bounds most_common_elems range_bounds_histogram correlation',
      'pg_stats_ext.most_common_vals',
      'pg_stats_ext_exprs.most_common_vals histogram_bounds most_common_elems range_bounds_histogram correlation',
      'pg_statistic.stavalues1 stavalues2 stavalues3 stavalues4 stavalues5',
      'pg_statistic.stanumbers1 stanumbers2 stanumbers3 stanumbers4 stanumbers5',
      'pg_statistic_ext_data.stxdmcv stxdexpr',
      'pg_stat_activity.query',
      'pg_stat_statements.query',
    ],
  ],
  ['secret.password', ['pg_authid.rolpassword', 'pg_shadow.passwd']],
  [
    'secret.token',
    [
      'pg_user_mapping.umoptions',
      'pg_user_mappings.umoptions',
      '_pg_user_mappings.umoptions',
      'user_mapping_options.option_value',
      'pg_subscription.subconninfo',
      'pg_stat_wal_receiver.conninfo',
      // Settings of roles are where applications are told to keep secrets; those of the server hold connection strings.
      'pg_db_role_setting.setconfig',
      'pg_roles.rolconfig',
      'pg_user.useconfig',
      'pg_shadow.useconfig',
      'pg_file_settings.setting',
      'pg_hba_file_rules.options',
      'pg_largeobject.data',
    ],
  ],
];

const kinds = new Map<string, ClassificationKind>(
  table.flatMap(([kind, lines]) =>
    lines.flatMap((line) => {
      const [relation = '', columns = ''] = line.split('.');
      return columns.split(' ').map((column) => [`${relation}.${column}`, kind] as const);
    }),
  ),
);

/** Whether a relation's own columns are judged by this table alone: its rows are the server's. */
export function isSystemRelation(schema: string, relation: string): boolean {
  return schema === 'pg_catalog' || schema === 'information_schema' || relation === 'pg_stat_statements';
}

/** What a column of a {@link isSystemRelation} is; pg_stat_statements lies in whichever schema its extension was made in. */
export function classifySystemColumn(relation: string, column: string): ClassificationKind | undefined {
  return kinds.get(`${relation}.${column}`);
}
