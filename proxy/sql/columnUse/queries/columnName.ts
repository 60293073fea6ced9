/** The name that PostgreSQL gives an output column without AS (parse_target.c, FigureColname). */
import {
  endsWithStar,
  type Fields,
  fieldsOf,
  isFields,
  readList,
  readNames,
  readTag,
  readText,
} from '../tree.ts';

/** Undefined where we cannot tell: then it may be any. */
export function nameColumn(node: unknown): string | undefined {
  return figureName(node)?.name;
}

/** `isOwn`: it comes from the expression itself, so that a cast or a CASE around it keeps it. */
interface FiguredName {
  readonly name: string;
  readonly isOwn: boolean;
}

const nameless = '?column?';

const fixedNames: Readonly<Record<string, string>> = {
  A_ArrayExpr: 'array',
  CoalesceExpr: 'coalesce',
  GroupingFunc: 'grouping',
  JsonArrayAgg: 'json_arrayagg',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonObjectConstructor: 'json_object',
  RowExpr: 'row',
};

const withoutName: ReadonlySet<string> = new Set([
  'A_Const',
  'ParamRef',
  'BoolExpr',
  'BooleanTest',
  'NullTest',
]);

function figureName(node: unknown): FiguredName | undefined {
  const tagged = readTag(node);
  if (tagged === undefined) return undefined;
  const { tag, fields } = tagged;
  const fixed = fixedNames[tag];
  if (fixed !== undefined) return own(fixed);
  if (withoutName.has(tag)) return { name: nameless, isOwn: false };
  switch (tag) {
    case 'ColumnRef':
      return endsWithStar(fields['fields']) ? undefined : own(readNames(fields['fields']).at(-1));
    case 'A_Indirection':
      return own(readNames(fields['indirection']).at(-1)) ?? figureName(fields['arg']);
    case 'A_Expr':
      return fields['kind'] === 'AEXPR_NULLIF' ? own('nullif') : { name: nameless, isOwn: false };
    case 'CaseExpr':
      return keepOwn(fields['defresult'], 'case');
    case 'CollateClause':
      return figureName(fields['arg']);
    case 'FuncCall':
      return own(readNames(fields['funcname']).at(-1));
    case 'MinMaxExpr':
      return own(fields['op'] === 'IS_LEAST' ? 'least' : 'greatest');
    case 'SubLink':
      return nameSubLink(fields);
    case 'TypeCast': {
      const type = isFields(fields['typeName']) ? fields['typeName'] : {};
      return keepOwn(fields['arg'], readNames(type['names']).at(-1));
    }
    default:
      return undefined;
  }
}

/** The name of what is inside, where it has one of its own. */
function keepOwn(inside: unknown, otherwise: string | undefined): FiguredName | undefined {
  const inner = inside === undefined ? { name: nameless, isOwn: false } : figureName(inside);
  if (inner === undefined || inner.isOwn) return inner;
  return otherwise === undefined ? undefined : { name: otherwise, isOwn: false };
}

function nameSubLink(fields: Fields): FiguredName | undefined {
  switch (fields['subLinkType']) {
    case 'EXISTS_SUBLINK':
      return own('exists');
    case 'ARRAY_SUBLINK':
      return own('array');
    case 'EXPR_SUBLINK':
      return own(nameFirst(fieldsOf(fields['subselect'], 'SelectStmt') ?? {}));
    default:
      return { name: nameless, isOwn: false };
  }
}

/** The first column of a query: of a set operation its leftmost part says. */
function nameFirst(query: Fields): string | undefined {
  if (isFields(query['larg'])) return nameFirst(query['larg']);
  if (query['valuesLists'] !== undefined) return 'column1';
  const target = fieldsOf(readList(query['targetList'])[0], 'ResTarget');
  return target === undefined ? undefined : (readText(target['name']) ?? nameColumn(target['val']));
}

function own(name: string | undefined): FiguredName | undefined {
  return name === undefined ? undefined : { name, isOwn: true };
}
