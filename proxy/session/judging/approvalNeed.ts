/** What a reviewer is asked: made from the decisions on a text that none refuses and some want approved. */
import { PortcullisError } from '../../kit/errors.ts';
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
  return {
    findings: asking.flatMap((statement) => describeFindings(statement, weighed.text)),
    approvers: [...new Set(approvers)].sort(),
    relations: describeRelations(
      weighed.statements.flatMap(({ facts }) => facts.relations),
      connection,
    ),
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

function describeRelations(
  names: readonly RelationName[],
  connection: GovernedConnection,
): ApprovalNeed['relations'] {
  const { catalog, classifications } = connection;
  const described = new Map<string, { name: string; classifications: string[] }>();
  for (const { schema, name } of names) {
    for (const relation of catalog.named(name)) {
      if (schema !== undefined && relation.schema !== schema) continue;
      const full = `${relation.schema}.${relation.name}`;
      const kinds = [...(classifications.inRelation(relation.oid)?.values() ?? [])].map(({ kind }) => kind);
      described.set(full, { name: full, classifications: [...new Set(kinds)].sort() });
    }
  }
  return [...described.values()];
}
