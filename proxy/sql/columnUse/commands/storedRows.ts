/** Utility statements that use the values which tables hold already, without naming a column of them. */
import { recordViolation, requireUse, type UseContext } from '../context.ts';
import { listProtected, readRelation } from '../queries/relation.ts';
import { readColumn } from '../scope.ts';
import { type Fields, fieldsOf, isFields, readList, readNames } from '../tree.ts';
import type { Source } from '../value.ts';

/**
 * CLUSTER table USING index, ALTER TABLE … CLUSTER ON index: rows are stored in the order of the index, and come in it from then on.
 * Which columns it is over is not known (it may be of this transaction), so that any of the table's may be sorted by.
 */
export function judgeClustering(context: UseContext, fields: Fields): void {
  const isNamed =
    fields['indexname'] !== undefined ||
    readList(fields['cmds']).some((node) => fieldsOf(node, 'AlterTableCmd')?.['subtype'] === 'AT_ClusterOn');
  if (!isNamed || !isFields(fields['relation'])) return;
  const item = readRelation(context, fields['relation'], undefined, true);
  for (const { value } of listProtected(item, [])) requireUse(context, value, 'order', 'sorted by CLUSTER');
}

/** A new CHECK of a domain (and VALIDATE) is evaluated for every value of it that is stored: an error tells that one fails. */
export function judgeDomainCheck(context: UseContext, fields: Fields): void {
  const constraint = fieldsOf(fields['def'], 'Constraint') ?? {};
  const adds = fields['subtype'] === 'C' && constraint['skip_validation'] !== true;
  if (!adds && fields['subtype'] !== 'V') return;
  const name = readNames(fields['typeName']).at(-1) ?? '';
  for (const source of findValuesOfType(context, name)) {
    recordViolation(context, source, `checked by a constraint of its type ${name}`, undefined);
  }
}

/** Protected columns of that domain, of one over it, or of an array of either. */
function findValuesOfType(context: UseContext, domain: string): Source[] {
  const { catalog, classifications } = context;
  const altered = catalog.code.domainsNamed(domain);
  const isOfType = (typeName: string): boolean => {
    const name = typeName.replace(/(?:\(.*\))?(?:\[\])*$/, '').replace(/^.*\.(?=[^.]*$)/, '');
    const bare = name.replace(/^"(.*)"$/, '$1').replaceAll('""', '"');
    return bare === domain || catalog.code.domainsNamed(bare).some((oid) => altered.includes(oid));
  };
  const found: Source[] = [];
  for (const relation of catalog.relations.values()) {
    if ((classifications.inRelation(relation.oid)?.size ?? 0) === 0) continue;
    for (const { number, name, typeName } of relation.columns) {
      if (!isOfType(typeName)) continue;
      found.push(...readColumn(context, relation, number, name, typeName).sources);
    }
  }
  return found;
}
