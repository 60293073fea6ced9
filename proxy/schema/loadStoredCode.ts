/** Reads the code that a database holds: functions, triggers, rules, what foreign keys do, expressions, operators, casts. */
import type { Client } from 'pg';
import { addTo, firstUserOid } from './catalogRows.ts';
import type {
  CalledFunction,
  ReferentialAction,
  RowEvent,
  StoredCast,
  StoredCode,
  StoredExpression,
  StoredFunction,
  StoredRule,
  StoredTrigger,
} from './storedCode.ts';

/** Bytes of a body; one that is longer counts as opaque. */
const longestBody = 256 * 1024;

const calledColumns = `p.oid AS function_oid, pn.nspname AS function_schema, p.proname AS function_name`;
const calledNamespace = `JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace`;

/** pg_type.typcategory: booleans, dates, enums, shapes, addresses, numbers, ranges, spans of time and strings of bits. */
const plainCategories = "('B', 'D', 'E', 'G', 'I', 'N', 'R', 'T', 'V')";

/** pg_get_functiondef refuses aggregates. */
const functionsQuery = `
  SELECT ${calledColumns}, l.lanname AS language, e.extname AS extension,
         CASE WHEN l.lanname IN ('sql', 'plpgsql') AND p.prokind <> 'a' AND e.oid IS NULL
                AND pg_catalog.octet_length(p.prosrc) <= ${longestBody}
           THEN pg_catalog.pg_get_functiondef(p.oid) END AS definition,
         EXISTS (SELECT FROM pg_catalog.unnest(p.proargtypes) arg JOIN pg_catalog.pg_type t ON t.oid = arg
           WHERE t.typcategory NOT IN ${plainCategories} OR t.typname ~ '^(oid|reg.*)$') AS is_steerable
  FROM pg_catalog.pg_proc p ${calledNamespace}
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
    AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
  LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
  WHERE p.oid >= ${firstUserOid}`;

/**
 * What aggregates call, and the functions that make values of a range type (manual 8.17.8), which CREATE TYPE makes in C: these
 * compare bounds and call what the type names. Over a type that PostgreSQL does not bring they stay opaque. PostgreSQL 13 has
 * no multiranges.
 */
const partsQuery = `
  SELECT a.aggfnoid::pg_catalog.oid AS aggregate, ${calledColumns}
  FROM pg_catalog.pg_aggregate a,
    LATERAL pg_catalog.unnest(ARRAY[a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
      a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn]::pg_catalog.oid[]) part
  JOIN pg_catalog.pg_proc p ON p.oid = part ${calledNamespace}
  WHERE a.aggfnoid::pg_catalog.oid >= ${firstUserOid}
  UNION ALL
  SELECT f.oid, ${calledColumns}
  FROM pg_catalog.pg_range r JOIN pg_catalog.pg_opclass o ON o.oid = r.rngsubopc
  JOIN pg_catalog.pg_proc f ON f.oid >= ${firstUserOid}
    AND f.prorettype IN (r.rngtypid, (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::pg_catalog.oid)
    AND f.prosrc IN ('range_constructor2', 'range_constructor3',
      'multirange_constructor0', 'multirange_constructor1', 'multirange_constructor2')
  JOIN pg_catalog.pg_language l ON l.oid = f.prolang AND l.lanname = 'internal',
    LATERAL (SELECT r.rngcanonical::pg_catalog.oid UNION SELECT r.rngsubdiff::pg_catalog.oid
      UNION SELECT amproc::pg_catalog.oid FROM pg_catalog.pg_amproc
      WHERE amprocfamily = o.opcfamily AND amproclefttype = o.opcintype AND amprocrighttype = o.opcintype) AS of_range (part)
  JOIN pg_catalog.pg_proc p ON p.oid = part ${calledNamespace}
  WHERE r.rngsubtype < ${firstUserOid}`;

/** Those that fire in an ordinary session: session_replication_role cannot be changed through the proxy. */
const triggersQuery = `
  SELECT t.tgrelid AS relation, t.tgname AS name, t.tgtype AS type, ${calledColumns},
         pg_catalog.pg_get_triggerdef(t.oid) AS definition
  FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid ${calledNamespace}
  WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')`;

const rulesQuery = `
  SELECT ev_class AS relation, rulename AS name, ev_type AS event, pg_catalog.pg_get_ruledef(oid) AS definition
  FROM pg_catalog.pg_rewrite WHERE ev_type <> '1' AND ev_enabled IN ('O', 'A') AND oid >= ${firstUserOid}`;

const actionsQuery = `
  SELECT confrelid AS relation, conname AS name, conrelid AS child, confdeltype AS on_delete, confupdtype AS on_update
  FROM pg_catalog.pg_constraint
  WHERE contype = 'f' AND (confdeltype IN ('c', 'n', 'd') OR confupdtype IN ('c', 'n', 'd'))`;

const expressionsQuery = `
  SELECT d.adrelid AS relation, 'write' AS "when", 'default of ' || c.relname || '.' || a.attname AS name,
         pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS text
  FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_class c ON c.oid = d.adrelid
  JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  WHERE d.adrelid >= ${firstUserOid}
  UNION ALL
  SELECT CASE WHEN k.conrelid = 0 THEN k.contypid ELSE k.conrelid END, 'write', 'constraint ' || k.conname,
         pg_catalog.pg_get_expr(k.conbin, k.conrelid)
  FROM pg_catalog.pg_constraint k WHERE k.contype = 'c' AND k.oid >= ${firstUserOid}
  UNION ALL
  SELECT i.indrelid, 'maintenance', 'index ' || c.relname, pg_catalog.pg_get_expr(part, i.indrelid)
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid,
    LATERAL (VALUES (i.indexprs), (i.indpred)) AS parts (part)
  WHERE part IS NOT NULL AND i.indrelid >= ${firstUserOid}
  UNION ALL
  SELECT p.polrelid, 'read', 'policy ' || p.polname, pg_catalog.pg_get_expr(part, p.polrelid)
  FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid AND c.relrowsecurity,
    LATERAL (VALUES (p.polqual), (p.polwithcheck)) AS parts (part)
  WHERE part IS NOT NULL`;

const operatorsQuery = `
  SELECT o.oprname AS symbol, ${calledColumns}
  FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode ${calledNamespace}
  WHERE o.oid >= ${firstUserOid}`;

const castsQuery = `
  SELECT s.oid AS source, s.typname AS source_name, t.oid AS target, t.typname AS target_name, ${calledColumns}
  FROM pg_catalog.pg_cast k JOIN pg_catalog.pg_proc p ON p.oid = k.castfunc ${calledNamespace}
  JOIN pg_catalog.pg_type s ON s.oid = k.castsource JOIN pg_catalog.pg_type t ON t.oid = k.casttarget
  WHERE k.oid >= ${firstUserOid}`;

/** A domain over a domain has the constraints of both. */
const domainsQuery = `
  WITH RECURSIVE domain (name, oid, base) AS (
    SELECT typname, oid, typbasetype FROM pg_catalog.pg_type WHERE typtype = 'd' AND oid >= ${firstUserOid}
    UNION
    SELECT d.name, t.oid, t.typbasetype FROM domain d JOIN pg_catalog.pg_type t ON t.oid = d.base AND t.typtype = 'd'
  )
  SELECT name, oid FROM domain`;

const eventTriggersQuery = `
  SELECT v.evtname AS name, ${calledColumns}
  FROM pg_catalog.pg_event_trigger v JOIN pg_catalog.pg_proc p ON p.oid = v.evtfoid ${calledNamespace}
  WHERE v.evtenabled IN ('O', 'A')`;

/**
 * What `catalogProbe` has to notice besides relations, as SELECTs of (kind, text) for its UNION. The version (xmin) of a
 * row changes with every change of it, and with nothing else.
 */
export const storedCodeFacts = `
  SELECT 'function', pg_catalog.concat_ws(' ', oid, xmin) FROM pg_catalog.pg_proc WHERE oid >= ${firstUserOid}
  UNION ALL
  SELECT 'trigger', pg_catalog.concat_ws(' ', oid, xmin) FROM pg_catalog.pg_trigger WHERE NOT tgisinternal
  UNION ALL
  SELECT 'eventTrigger', pg_catalog.concat_ws(' ', oid, xmin) FROM pg_catalog.pg_event_trigger
  UNION ALL
  SELECT 'policy', pg_catalog.concat_ws(' ', p.oid, p.xmin, c.relrowsecurity)
  FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
  UNION ALL
  SELECT 'default', pg_catalog.concat_ws(' ', oid, xmin) FROM pg_catalog.pg_attrdef WHERE oid >= ${firstUserOid}
  UNION ALL
  SELECT 'check', pg_catalog.concat_ws(' ', oid, xmin) FROM pg_catalog.pg_constraint
  WHERE contype = 'c' AND oid >= ${firstUserOid}
  UNION ALL
  SELECT 'domain', pg_catalog.concat_ws(' ', oid, typname, typbasetype) FROM pg_catalog.pg_type
  WHERE typtype = 'd' AND oid >= ${firstUserOid}
  UNION ALL
  SELECT 'index', pg_catalog.concat_ws(' ', indexrelid) FROM pg_catalog.pg_index
  WHERE (indexprs IS NOT NULL OR indpred IS NOT NULL) AND indexrelid >= ${firstUserOid}
  UNION ALL
  SELECT 'operator', pg_catalog.concat_ws(' ', oid, xmin) FROM pg_catalog.pg_operator WHERE oid >= ${firstUserOid}
  UNION ALL
  SELECT 'cast', pg_catalog.concat_ws(' ', oid, xmin) FROM pg_catalog.pg_cast WHERE oid >= ${firstUserOid}
  UNION ALL
  SELECT 'aggregate', pg_catalog.concat_ws(' ', aggfnoid::pg_catalog.oid, xmin) FROM pg_catalog.pg_aggregate
  WHERE aggfnoid::pg_catalog.oid >= ${firstUserOid}`;

interface CalledRow {
  readonly function_oid: number;
  readonly function_schema: string;
  readonly function_name: string;
}

/** Reads it all; PostgreSQL 13 to 18 (manual, chapter 52). Rejects with the server's error. */
export async function loadStoredCode(client: Client): Promise<StoredCode> {
  const read = async <Row extends object>(text: string): Promise<Row[]> =>
    (await client.query<Row>(text)).rows;

  const parts = new Map<number, CalledFunction[]>();
  for (const row of await read<CalledRow & { aggregate: number }>(partsQuery)) {
    addTo(parts, row.aggregate, calledBy(row));
  }
  const functions = new Map<number, StoredFunction>();
  const functionsByName = new Map<string, StoredFunction[]>();
  type FunctionRow = CalledRow & {
    language: string;
    extension: string | null;
    definition: string | null;
    is_steerable: boolean;
  };
  for (const row of await read<FunctionRow>(functionsQuery)) {
    const { language, extension, definition, is_steerable: isSteerable } = row;
    const stored: StoredFunction = {
      ...calledBy(row),
      language,
      extension: extension ?? undefined,
      definition: definition ?? undefined,
      isSteerable,
      parts: parts.get(row.function_oid) ?? [],
    };
    functions.set(stored.oid, stored);
    addTo(functionsByName, stored.name, stored);
  }

  const triggers = new Map<number, StoredTrigger[]>();
  type TriggerRow = CalledRow & { relation: number; name: string; type: number; definition: string };
  for (const row of await read<TriggerRow>(triggersQuery)) {
    const { name, definition } = row;
    addTo(triggers, row.relation, { name, definition, calls: calledBy(row), events: eventsOf(row.type) });
  }

  const rules = new Map<number, StoredRule[]>();
  type RuleRow = { relation: number; name: string; event: string; definition: string };
  for (const { relation, name, event, definition } of await read<RuleRow>(rulesQuery)) {
    addTo(rules, relation, { name, definition, event: ruleEvents[event] ?? 'delete' });
  }

  const actions = new Map<number, ReferentialAction[]>();
  type ActionRow = { relation: number; name: string; child: number; on_delete: string; on_update: string };
  for (const { relation, name, child, on_delete, on_update } of await read<ActionRow>(actionsQuery)) {
    const onDelete = on_delete === 'c' ? 'delete' : 'nd'.includes(on_delete) ? 'update' : 'nothing';
    const onUpdate = 'cnd'.includes(on_update) ? 'update' : 'nothing';
    addTo(actions, relation, { name, child, onDelete, onUpdate });
  }

  const expressions = new Map<number, StoredExpression[]>();
  type ExpressionRow = StoredExpression & { relation: number };
  for (const { relation, when, name, text } of await read<ExpressionRow>(expressionsQuery)) {
    addTo(expressions, relation, { when, name, text });
  }

  const operators = new Map<string, CalledFunction[]>();
  for (const row of await read<CalledRow & { symbol: string }>(operatorsQuery)) {
    addTo(operators, row.symbol, calledBy(row));
  }
  type CastRow = CalledRow & { source: number; source_name: string; target: number; target_name: string };
  const casts = (await read<CastRow>(castsQuery)).map((row): StoredCast => {
    const [source, target] = [
      [row.source, row.source_name],
      [row.target, row.target_name],
    ] as const;
    const own = [source, target].filter(([oid]) => oid >= firstUserOid);
    const telling = own.length > 0 ? own : [target];
    return {
      types: telling.map(([oid]) => oid),
      typeNames: telling.map(([, name]) => name),
      calls: calledBy(row),
    };
  });
  const domains = new Map<string, number[]>();
  for (const { name, oid } of await read<{ name: string; oid: number }>(domainsQuery))
    addTo(domains, name, oid);
  const eventTriggers = (await read<CalledRow & { name: string }>(eventTriggersQuery)).map((row) => ({
    name: row.name,
    calls: calledBy(row),
  }));

  return {
    functionsNamed: (name) => functionsByName.get(name) ?? [],
    functionByOid: (oid) => functions.get(oid),
    operatorsNamed: (symbol) => operators.get(symbol) ?? [],
    casts,
    domainsNamed: (name) => domains.get(name) ?? [],
    triggersOn: (oid) => triggers.get(oid) ?? [],
    rulesOn: (oid) => rules.get(oid) ?? [],
    actionsOf: (oid) => actions.get(oid) ?? [],
    // OIDs of relations and of types are counted together: none is both (both live in pg_class's or pg_type's own index,
    // and a clash would only add an expression that is not evaluated).
    expressionsOn: (oid) => expressions.get(oid) ?? [],
    expressionsOfType: (oid) => expressions.get(oid) ?? [],
    eventTriggers,
  };
}

/** pg_rewrite.ev_type. */
const ruleEvents: Readonly<Record<string, RowEvent>> = { '2': 'update', '3': 'insert', '4': 'delete' };

/** Bits of pg_trigger.tgtype (catalog/pg_trigger.h). */
const triggerEvents: readonly (readonly [number, RowEvent])[] = [
  [4, 'insert'],
  [8, 'delete'],
  [16, 'update'],
  [32, 'truncate'],
];

function eventsOf(type: number): readonly RowEvent[] {
  return triggerEvents.filter(([bit]) => (type & bit) !== 0).map(([, event]) => event);
}

function calledBy(row: CalledRow): CalledFunction {
  return { oid: row.function_oid, schema: row.function_schema, name: row.function_name };
}
