/** How a database's structure carries values from column to column: foreign keys, views, generated columns. */
import type { Client } from 'pg';
import { type ColumnLineage, findRelations, readExpressionColumns, readViewLineage } from './viewLineage.ts';

export interface Reference {
  readonly relation: number;
  readonly columns: readonly number[];
  readonly target: number;
  readonly target_columns: readonly number[];
}

/** A view's columns by number; `isUnderstood` is false where they are only known to come from these relations. */
export interface KnownLineage {
  /** Changes with the view's query. */
  readonly stamp: string;
  readonly columns: ReadonlyMap<number, ColumnLineage>;
  readonly isUnderstood: boolean;
  /** Relations that an ununderstood query names. */
  readonly relations: readonly number[];
}

export interface GeneratedColumn {
  readonly relation: number;
  readonly column: number;
  /** Columns of the same relation, 0 for all. */
  readonly sources: readonly number[];
}

export interface ValuePaths {
  readonly references: readonly Reference[];
  readonly generated: readonly GeneratedColumn[];
  readonly views: ReadonlyMap<number, KnownLineage>;
  /** Names of functions by OID whose result may be anything: their code reads tables, files or other databases. */
  readonly opaqueFunctions: ReadonlyMap<number, string>;
}

/** OIDs below belong to what initdb made (FirstNormalObjectId, access/transam.h). */
const firstUserOid = 16_384;
/** Views whose queries are asked for at once; in between, others get their turn. */
const viewsAtOnce = 50;

const referencesQuery = `
  SELECT conrelid AS relation, conkey AS columns, confrelid AS target, confkey AS target_columns
  FROM pg_catalog.pg_constraint WHERE contype = 'f'`;

const generatedQuery = `
  SELECT d.adrelid AS relation, d.adnum AS column, d.adbin::pg_catalog.text AS expression
  FROM pg_catalog.pg_attrdef d
  JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  WHERE a.attgenerated <> ''`;

const stampsQuery = `
  SELECT r.ev_class AS view, pg_catalog.concat_ws(' ', r.oid, r.xmin) AS stamp
  FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
  WHERE r.ev_type = '1' AND c.relkind IN ('v', 'm') AND c.oid >= ${firstUserOid}`;

const actionsQuery = `
  SELECT ev_class AS view, ev_action::pg_catalog.text AS action
  FROM pg_catalog.pg_rewrite WHERE ev_type = '1' AND ev_class = ANY ($1::pg_catalog.oid[])`;

/** An immutable function promises to read nothing; code in C is an extension's, and known by name where it reads. */
const opaqueQuery = `
  SELECT p.oid, p.proname AS name FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  WHERE (p.oid >= ${firstUserOid} AND l.lanname NOT IN ('c', 'internal') AND p.provolatile <> 'i')
    OR p.proname ~ '^((query|table|cursor|schema|database)_to_xml|pg_read_|lo_get$|loread$|dblink|crosstab|connectby|ts_stat$)'`;

/**
 * Reads the paths. Views whose query is the one in `known` are not read again. Rejects with the server's error.
 */
export async function readValuePaths(
  client: Client,
  known: ReadonlyMap<number, KnownLineage> | undefined,
): Promise<ValuePaths> {
  const references = await client.query<Reference>(referencesQuery);
  const generated = await client.query<{ relation: number; column: number; expression: string }>(
    generatedQuery,
  );
  const opaque = await client.query<{ oid: number; name: string }>(opaqueQuery);
  return {
    references: references.rows,
    generated: generated.rows.map(({ relation, column, expression }) => ({
      relation,
      column,
      sources: readSources(expression),
    })),
    views: await readViews(client, known),
    opaqueFunctions: new Map(opaque.rows.map(({ oid, name }) => [oid, name])),
  };
}

function readSources(expression: string): readonly number[] {
  try {
    return readExpressionColumns(expression);
  } catch {
    return [0]; // not understood: all columns
  }
}

async function readViews(
  client: Client,
  known: ReadonlyMap<number, KnownLineage> | undefined,
): Promise<ReadonlyMap<number, KnownLineage>> {
  const stamps = await client.query<{ view: number; stamp: string }>(stampsQuery);
  const views = new Map<number, KnownLineage>();
  const stale = new Map<number, string>();
  for (const { view, stamp } of stamps.rows) {
    const lineage = known?.get(view);
    if (lineage?.stamp === stamp) views.set(view, lineage);
    else stale.set(view, stamp);
  }
  const oids = [...stale.keys()];
  for (let from = 0; from < oids.length; from += viewsAtOnce) {
    const batch = oids.slice(from, from + viewsAtOnce);
    const { rows } = await client.query<{ view: number; action: string }>(actionsQuery, [batch]);
    for (const { view, action } of rows) views.set(view, readLineage(action, stale.get(view) ?? ''));
  }
  return views;
}

function readLineage(action: string, stamp: string): KnownLineage {
  try {
    return { stamp, columns: readViewLineage(action), isUnderstood: true, relations: [] };
  } catch {
    // A newer server's form, or nested too deeply: all its columns may show all that it reads.
    return { stamp, columns: new Map(), isUnderstood: false, relations: findRelations(action) };
  }
}
