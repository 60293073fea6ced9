/** Texts that code puts together and executes: what is known of them before it runs. */
import { asList, asNode, asText, entryOf, fieldsOf, type Node, namesOf } from '../tree.ts';

/** What the text is, with a name or a string of our own for each part that is not known. */
export interface ExecutedText {
  readonly text: string;
  /** True where it has such parts. */
  readonly hasHoles: boolean;
}

const hole = 'portcullis_hole';
const openName: ExecutedText = { text: `"${hole}"`, hasHoles: true };
const openString: ExecutedText = { text: `'${hole}'`, hasHoles: true };

/**
 * Reads the expression that EXECUTE is given, as a SELECT: constants, what `||` joins, and what format(), quote_ident(),
 * quote_literal() and a cast to regclass put in as one name or one string, whatever that is (manual 41.5.4 and 9.4.1).
 * Undefined where a part of it may be anything.
 */
export function readExecutedText(select: Node | undefined): ExecutedText | undefined {
  const targets = asList(asNode(select?.['SelectStmt'])['targetList']);
  return targets.length === 1 ? readPart(asNode(asNode(targets[0])['ResTarget'])['val']) : undefined;
}

function readPart(node: unknown): ExecutedText | undefined {
  const [tag, fields] = entryOf(node);
  switch (tag) {
    case 'A_Const': {
      const text = asText(asNode(fields['sval'])['sval']);
      return text === undefined ? undefined : { text, hasHoles: false };
    }
    case 'A_Expr':
      return namesOf(fields['name']).join('.') === '||'
        ? join([readPart(fields['lexpr']), readPart(fields['rexpr'])])
        : undefined;
    case 'TypeCast': {
      const type = namesOf(asNode(fields['typeName'])['names']).at(-1) ?? '';
      if (type === 'text' || type === 'varchar') return readPart(fields['arg']);
      return type === 'regclass' ? openName : undefined;
    }
    case 'FuncCall':
      return readCall(namesOf(fields['funcname']), asList(fields['args']));
    default:
      return undefined;
  }
}

function readCall(names: readonly string[], args: readonly unknown[]): ExecutedText | undefined {
  if (names.length > 1 && names[0] !== 'pg_catalog') return undefined;
  switch (names.at(-1)) {
    case 'quote_ident':
      return openName;
    case 'quote_literal':
    case 'quote_nullable':
      return openString;
    case 'format':
      return readFormat(args);
    default:
      return undefined;
  }
}

/** Of format()'s specifiers those without a position or a width. */
function readFormat([template, ...args]: readonly unknown[]): ExecutedText | undefined {
  const [tag, fields] = entryOf(template);
  const text = tag === 'A_Const' ? asText(asNode(fields['sval'])['sval']) : undefined;
  if (text === undefined || args.some((arg) => fieldsOf(arg, 'NamedArgExpr') !== undefined)) return undefined;
  let next = 0;
  const parts = text.split(/(%[\s\S]?)/).map((part): ExecutedText | undefined => {
    if (!part.startsWith('%')) return { text: part, hasHoles: false };
    switch (part[1]) {
      case '%':
        return { text: '%', hasHoles: false };
      case 'I':
        next += 1;
        return openName;
      case 'L':
        next += 1;
        return openString;
      case 's':
        return readPart(args[next++]);
      default:
        return undefined;
    }
  });
  return join(parts);
}

function join(parts: readonly (ExecutedText | undefined)[]): ExecutedText | undefined {
  let text = '';
  let hasHoles = false;
  for (const part of parts) {
    if (part === undefined) return undefined;
    text += part.text;
    hasHoles ||= part.hasHoles;
  }
  return { text, hasHoles };
}

/** Statements that tell nothing of rows, whichever names and strings are in them. */
const rowless: ReadonlySet<string> = new Set([
  'AlterDatabaseStmt',
  'AlterObjectSchemaStmt',
  'AlterOwnerStmt',
  'AlterRoleStmt',
  'AlterSeqStmt',
  'CommentStmt',
  'CreateRoleStmt',
  'CreateSchemaStmt',
  'CreateSeqStmt',
  'CreateStmt',
  'DropRoleStmt',
  'DropStmt',
  'GrantRoleStmt',
  'GrantStmt',
  'ListenStmt',
  'LockStmt',
  'NotifyStmt',
  'RefreshMatViewStmt',
  'ReindexStmt',
  'RenameStmt',
  'TruncateStmt',
  'UnlistenStmt',
  'VacuumStmt',
]);

/** Settings that say nothing of how rows are found. */
const plainSetting = /^(?:search_path|timezone|datestyle|\w+_timeout|application_name|[\w$]+\.[\w$.]+)$/i;

/** Of ALTER TABLE, what evaluates nothing for the rows that are there. */
const rowlessAlterations: ReadonlySet<string> = new Set([
  'AT_AddColumn',
  'AT_AttachPartition',
  'AT_ChangeOwner',
  'AT_DetachPartition',
  'AT_DisableTrig',
  'AT_DropColumn',
  'AT_DropConstraint',
  'AT_DropNotNull',
  'AT_EnableRowSecurity',
  'AT_EnableTrig',
  'AT_SetNotNull',
]);

/** True where the statement tells nothing of what is in rows: then it does not matter which names and strings are in it. */
export function isRowless(tree: Node): boolean {
  const [tag, fields] = entryOf(tree);
  switch (tag) {
    case 'AlterTableStmt':
      return asList(fields['cmds']).every((node) => {
        const command = asNode(fieldsOf(node, 'AlterTableCmd'));
        return rowlessAlterations.has(asText(command['subtype']) ?? '') && !computes(command);
      });
    case 'IndexStmt':
      return fields['whereClause'] === undefined && !computes(fields['indexParams']);
    case 'SelectStmt':
      return isCount(fields);
    case 'VariableSetStmt':
      return plainSetting.test(asText(fields['name']) ?? '');
    default:
      return rowless.has(tag) && !computes(fields);
  }
}

/** SELECT count(*) FROM one table, and nothing else. */
function isCount({ targetList, fromClause, limitOption: _limitOption, op: _op, ...more }: Node): boolean {
  const [target, ...others] = asList(targetList);
  const call = asNode(fieldsOf(asNode(asNode(target)['ResTarget'])['val'], 'FuncCall'));
  const { funcname, agg_star: isStar, funcformat: _format, location: _location, ...rest } = call;
  const isPlain = others.length === 0 && Object.keys(more).length === 0 && Object.keys(rest).length === 0;
  const [table, ...tables] = asList(fromClause);
  const isOne = fieldsOf(table, 'RangeVar') !== undefined && tables.length === 0;
  return isPlain && isOne && isStar === true && namesOf(funcname).join('.') === 'count';
}

/** What may read, but for calls that make a time, an id or the next number. */
const computing: ReadonlySet<string> = new Set([
  'A_Expr',
  'A_Indirection',
  'BoolExpr',
  'CaseExpr',
  'CoalesceExpr',
  'ColumnRef',
  'SubLink',
]);
const makers: ReadonlySet<string> = new Set(['now', 'clock_timestamp', 'gen_random_uuid', 'nextval']);

function computes(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(computes);
  return Object.entries(asNode(node)).some(([key, value]) => {
    if (key === 'expr' || computing.has(key) || key.endsWith('Stmt')) return true;
    const isOther = key === 'FuncCall' && !makers.has(namesOf(asNode(value)['funcname']).join('.'));
    return isOther || computes(value);
  });
}
