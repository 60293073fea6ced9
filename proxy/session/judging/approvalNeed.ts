/** What a reviewer is asked: made from the decisions on a text that none refuses and some want approved. */
import { createHash } from 'node:crypto';
import { PortcullisError } from '../../kit/errors.ts';
import type { CatalogRelation } from '../../schema/catalog.ts';
import type { RelationName } from '../../sql/facts.ts';
import type { GovernedConnection } from '../governedConnection.ts';
import { describeFindings } from './describeFindings.ts';
import type { ApprovalNeed } from './judgement.ts';
import type { WeighedText } from './statementJudge.ts';

/** Undefined where no statement of the text needs approval. */
export function describeNeed(weighed: WeighedText, connection: GovernedConnection): ApprovalNeed | undefined {
  const asking = weighed.statements.filter(({ decision }) => decision.outcome === 'approve');
  if (asking.length === 0) return undefined;
  const approvers = asking.flatMap(({ decision }) =>
    decision.findings.flatMap((finding) => finding.approvers?.split(' and ') ?? []),
  );
  const relations = findRelations(
    weighed.statements.flatMap(({ facts }) => facts.relations),
    connection,
  );
  return {
    findings: asking.flatMap((statement) => describeFindings(statement, weighed.text)),
    approvers: [...new Set(approvers)].sort(),
    relations: describeRelations(relations, connection),
    footing: describeFooting(relations),
    text: [weighed.text, ...weighed.namedTexts.map((text) => `-- EXECUTE runs:\n${text}`)].join('\n'),
  };
}

/** The refusal of what needs approval where there is nobody to ask. */
export function unaskable({ findings }: ApprovalNeed): PortcullisError {
  const [first] = findings;
  return new PortcullisError(
    'APPROVAL_UNAVAILABLE',
    { message: first?.message ?? 'the statement needs approval' },
    {
      detail: [first?.detail, 'It was not run: this proxy has no collector to ask for approval.']
        .filter((sentence) => sentence !== undefined)
        .join(' '),
      hint: first?.hint,
    },
  );
}

/** All that the names may stand for, by `schema.name`. */
function findRelations(
  names: readonly RelationName[],
  { catalog }: GovernedConnection,
): ReadonlyMap<string, CatalogRelation> {
  const found = new Map<string, CatalogRelation>();
  for (const { schema, name } of names) {
    for (const relation of catalog.named(name)) {
      if (schema === undefined || relation.schema === schema)
        found.set(`${relation.schema}.${relation.name}`, relation);
    }
  }
  return found;
}

function describeRelations(
  relations: ReadonlyMap<string, CatalogRelation>,
  { classifications }: GovernedConnection,
): ApprovalNeed['relations'] {
  return [...relations].map(([name, { oid }]) => {
    const kinds = [...(classifications.inRelation(oid)?.values() ?? [])].map(({ kind }) => kind);
    return { name, classifications: [...new Set(kinds)].sort() };
  });
}

/** Another table of that name, a view in its place, or columns that have changed places are another thing. */
function describeFooting(relations: ReadonlyMap<string, CatalogRelation>): string {
  const seen = [...relations.values()].map(({ oid, kind, columns, definition }) => [
    oid,
    kind,
    columns.map(({ number, name, typeName }) => [number, name, typeName]),
    definition,
  ]);
  return createHash('sha256').update(JSON.stringify(seen)).digest('hex');
}

/** For a fast-path call that needs approval. */
export function unreviewable(): PortcullisError {
  return new PortcullisError(
    'APPROVAL_UNAVAILABLE',
    { message: 'the function needs approval, and a fast-path call shows a reviewer nothing to read' },
    { detail: 'It was not run.', hint: 'Call it with SELECT.' },
  );
}
