/** The schema tree as data: connections, schemas, tables and their parts, each with what differs from the baseline. */
import type {
  ConnectionStatus,
  DriftItem,
  SchemaState,
  SnapshotTable,
} from '../../proxy/control/messages.ts';

/** The badge of a node: `!` risky, `~` changed, `+` not in the baseline, `-` no longer in the database. */
export type DriftBadge = '!' | '~' | '+' | '-';

export type SchemaNodeKind =
  | 'connection'
  | 'schema'
  | 'table'
  | 'view'
  | 'column'
  | 'constraint'
  | 'index'
  | 'grant';

export interface SchemaNode {
  /** The same from one reading to the next, so that the tree stays as it was unfolded. */
  readonly id: string;
  readonly kind: SchemaNodeKind;
  readonly label: string;
  readonly description: string;
  readonly isMasked: boolean;
  /** Why it is masked, or what is wrong with the rules of masking: full sentences. */
  readonly reason?: string | undefined;
  readonly badge: DriftBadge | undefined;
  /** What differs here and below, as it is to be told. */
  readonly items: readonly DriftItem[];
  readonly connection: string;
  readonly schema?: string;
  readonly table?: string;
  /** Absent where a node's children are not known before it is unfolded (connections), or where it has none. */
  readonly children?: readonly SchemaNode[];
}

/** A connection of the tree; its schemas where they have been read. */
export function connectionNode(connection: ConnectionStatus, state: SchemaState | undefined): SchemaNode {
  const items = state?.drift.items ?? [];
  const facts = [connection.environment];
  if (connection.state === 'opening') facts.push('connecting');
  if (connection.state === 'failed') facts.push('failed');
  if (state !== undefined && state.drift.baseline === undefined) facts.push('no baseline');
  if (items.length > 0) facts.push(count(items.length, 'difference'));
  const problems = state?.maskingProblems ?? [];
  if (problems.length > 0) facts.push(`${count(problems.length, 'masking rule')} without effect`);
  return {
    id: nodeId([connection.name]),
    kind: 'connection',
    label: connection.name,
    description: facts.join(' · '),
    isMasked: false,
    reason: problems.length === 0 ? undefined : problems.join('\n'),
    badge: strongest(items),
    items,
    connection: connection.name,
    ...(state === undefined ? {} : { children: schemaNodes(connection.name, state) }),
  };
}

function schemaNodes(connection: string, state: SchemaState): SchemaNode[] {
  const drift = groupBy(state.drift.items, ({ schema, table }) => JSON.stringify([schema, table]));
  const tables = new Map<string, { schema: string; name: string; live?: SnapshotTable }>();
  for (const live of state.live.tables)
    tables.set(JSON.stringify([live.schema, live.name]), { schema: live.schema, name: live.name, live });
  // What is missing is in no live snapshot, but must be seen.
  for (const [key, [first]] of drift)
    if (!tables.has(key) && first !== undefined) tables.set(key, { schema: first.schema, name: first.table });
  const nodes = [...tables].map(([key, table]) =>
    tableNode(
      { connection, classifications: state.classifications, reasons: state.reasons ?? {}, ...table },
      drift.get(key) ?? [],
    ),
  );
  return [...groupBy(nodes, ({ schema }) => schema ?? '')]
    .map(([schema, children]) => schemaNode(schema, children))
    .sort(byLabel);
}

function schemaNode(schema: string, children: SchemaNode[]): SchemaNode {
  const connection = children[0]?.connection ?? '';
  const badges = new Set(children.map(({ badge }) => badge));
  const [only] = badges;
  const items = children.flatMap((child) => child.items);
  return {
    id: nodeId([connection, schema]),
    kind: 'schema',
    label: schema,
    description: '',
    isMasked: false,
    // A schema all of whose tables are new, or gone, is so itself.
    badge: badges.size === 1 ? only : strongest(items),
    items,
    connection,
    schema,
    children: children.sort(byLabel),
  };
}

interface TableFacts {
  readonly connection: string;
  readonly schema: string;
  readonly name: string;
  readonly live?: SnapshotTable;
  readonly classifications: SchemaState['classifications'];
  readonly reasons: NonNullable<SchemaState['reasons']>;
}

const kindWords: Readonly<Record<SnapshotTable['kind'], string>> = {
  table: '',
  partitioned: 'partitioned',
  view: 'view',
  materializedView: 'materialized view',
  foreign: 'foreign table',
};

function tableNode(facts: TableFacts, items: readonly DriftItem[]): SchemaNode {
  const { connection, schema, name, live } = facts;
  const own = items.filter(({ part }) => part.kind === 'table');
  const isWhole = own.length > 0 && own.every(({ kind }) => kind !== 'changed');
  const isMissing = live === undefined;
  let parts: readonly SchemaNode[] | undefined;
  return {
    id: nodeId([connection, schema, name]),
    kind: live?.kind === 'view' || live?.kind === 'materializedView' ? 'view' : 'table',
    label: name,
    description: isMissing ? 'missing' : kindWords[live.kind],
    isMasked: false,
    badge: isWhole ? badgeOf(own) : strongest(items),
    items,
    connection,
    schema,
    table: name,
    // Made when it is unfolded: a database may have a hundred thousand columns.
    get children() {
      parts ??= partNodes(facts, items);
      return parts;
    },
  };
}

function partNodes(facts: TableFacts, items: readonly DriftItem[]): SchemaNode[] {
  const drift = groupBy(items, ({ part }) => partKey(part.kind, partName(part)));
  const { live } = facts;
  const parts: Part[] = [
    ...(live?.columns ?? []).map((column) => describeColumn(facts, column)),
    ...(live?.constraints ?? []).map(({ name, definition }) => part('constraint', name, definition)),
    ...(live?.indexes ?? []).map(({ name, definition }) => part('index', name, describeIndex(definition))),
  ];
  const shown = new Set(parts.map(({ kind, name }) => partKey(kind, name)));
  for (const item of items) {
    if (item.part.kind === 'table') continue;
    const name = partName(item.part);
    if (shown.has(partKey(item.part.kind, name))) continue;
    shown.add(partKey(item.part.kind, name));
    parts.push(part(item.part.kind, name, item.kind === 'missing' ? 'missing' : ''));
  }
  return parts
    .map((each) => partNode(facts, each, drift.get(partKey(each.kind, each.name)) ?? []))
    .sort((one, other) => partOrder.indexOf(one.kind) - partOrder.indexOf(other.kind));
}

const partOrder: readonly SchemaNodeKind[] = ['column', 'constraint', 'index', 'grant'];

/** Whether it is a part of a table, which has nothing below it. */
export function isPart({ kind }: SchemaNode): boolean {
  return partOrder.includes(kind);
}

interface Part {
  readonly kind: 'column' | 'constraint' | 'index' | 'grant';
  readonly name: string;
  readonly description: string;
  readonly isMasked: boolean;
  readonly reason?: string | undefined;
}

function part(kind: Part['kind'], name: string, description: string): Part {
  return { kind, name, description, isMasked: false };
}

function partNode(facts: TableFacts, shown: Part, items: readonly DriftItem[]): SchemaNode {
  const { connection, schema, name: table } = facts;
  return {
    id: nodeId([connection, schema, table, shown.kind, shown.name]),
    kind: shown.kind,
    label: shown.name,
    description: shown.description,
    isMasked: shown.isMasked,
    reason: shown.reason,
    badge: badgeOf(items),
    items,
    connection,
    schema,
    table,
  };
}

/** A masked column says what it is; any other its type. */
function describeColumn(facts: TableFacts, column: SnapshotTable['columns'][number]): Part {
  const name = `${facts.schema}.${facts.name}.${column.name}`;
  const classification = facts.classifications[name];
  const description =
    classification === undefined
      ? `${column.type}${column.nullable ? '' : ' · not null'}`
      : `${classification} · masked`;
  const isMasked = classification !== undefined;
  return { kind: 'column', name: column.name, description, isMasked, reason: facts.reasons[name] };
}

/** What stands behind `ON schema.table`: the table is the node above. */
function describeIndex(definition: string): string {
  const unique = /^CREATE UNIQUE /.test(definition) ? 'unique ' : '';
  const start = definition.indexOf(' USING ');
  return start < 0 ? definition : `${unique}${definition.slice(start + ' USING '.length)}`;
}

/** Badge of one thing that has these differences itself. */
function badgeOf(items: readonly DriftItem[]): DriftBadge | undefined {
  const [first] = items;
  if (first === undefined) return undefined;
  if (items.some(({ isRisky }) => isRisky)) return '!';
  return ({ unexpected: '+', missing: '-', changed: '~' } as const)[first.kind];
}

/** Badge of what holds things that differ: it has changed, whatever became of them. */
function strongest(items: readonly DriftItem[]): DriftBadge | undefined {
  if (items.length === 0) return undefined;
  return items.some(({ isRisky }) => isRisky) ? '!' : '~';
}

function partName(item: DriftItem['part']): string {
  if (item.kind === 'table') return '';
  return item.kind === 'grant' ? `${item.privilege} to ${item.grantee}` : item.name;
}

function partKey(kind: string, name: string): string {
  return `${kind} ${name}`;
}

function nodeId(path: readonly string[]): string {
  return `/${path.map(encodeURIComponent).join('/')}`;
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function byLabel(one: SchemaNode, other: SchemaNode): number {
  return one.label < other.label ? -1 : one.label > other.label ? 1 : 0;
}

function groupBy<Value>(values: readonly Value[], keyOf: (value: Value) => string): Map<string, Value[]> {
  const groups = new Map<string, Value[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group === undefined) groups.set(keyOf(value), [value]);
    else group.push(value);
  }
  return groups;
}

/** Ids and badges of a node and of all below it that have one. */
export function badgesOf(node: SchemaNode): (readonly [id: string, badge: DriftBadge])[] {
  if (node.badge === undefined) return [];
  return [[node.id, node.badge], ...(node.children ?? []).flatMap(badgesOf)];
}
