/** What a person asks reviewers for who wants to see protected columns in clear: which may be asked for, and the request. */
import type { NewRequest, UnmaskColumn } from '../../approvals/request.ts';
import type { Identity } from '../../identity/identity.ts';
import { PortcullisError } from '../../kit/errors.ts';
import type { Classifications } from '../../masking/classification.ts';
import { cleanText } from '../../masking/detecting/cleanText.ts';
import type { LivePolicy } from '../../policy/live/livePolicy.ts';
import type { CatalogRelation } from '../../schema/catalog.ts';
import type { SqlParser } from '../../sql/parser.ts';
import { recordedText } from '../../sql/recordedText.ts';
import { isSystemSchema } from '../clearance.ts';
import type { GovernedConnection } from '../governedConnection.ts';

/** For how long columns may be asked for; what is asked for without a time gets the first. */
export const askableMinutes: readonly number[] = [15, 30, 60];
export const longestReason = 1_000;

export interface AskParts {
  readonly policy: LivePolicy;
  readonly identity: Identity;
  readonly connection: GovernedConnection;
  readonly parser: SqlParser;
}

/** A protected column, and whether it may be asked for. */
export interface AskableColumn extends UnmaskColumn {
  /** By which policy, and of which groups somebody has to approve; undefined where it cannot be asked for. */
  readonly permit: { readonly policy: string; readonly approvers: readonly string[] } | undefined;
}

/**
 * Finds columns by `schema.table.column`.
 * @param seen what the identity does not see in clear anyway
 * @throws PortcullisError UNMASK_REFUSED for what is no column, or is not masked
 */
export function findColumns(
  parts: AskParts,
  seen: Classifications,
  names: readonly string[],
  minutes: number,
): AskableColumn[] {
  return [...new Set(names)].map((name) => {
    const found = [...parts.connection.catalog.relations.values()].flatMap((relation) =>
      askableOf(parts, seen, relation, minutes, ({ column }) => column === name),
    );
    const [column] = found;
    if (column !== undefined && found.length === 1) return column;
    throw refuse(`${name} is no masked column of ${parts.connection.info.name}`);
  });
}

/** Protected columns of a relation that the identity does not see in clear. */
export function askableOf(
  { policy, identity, connection }: AskParts,
  seen: Classifications,
  { oid, schema, name, columns }: CatalogRelation,
  minutes: number,
  isMeant: (column: { readonly column: string; readonly name: string }) => boolean,
): AskableColumn[] {
  if (isSystemSchema(schema)) return [];
  return columns.flatMap((each) => {
    const column = `${schema}.${name}.${each.name}`;
    if (!isMeant({ column, name: each.name })) return [];
    const classification = seen.of(oid, each.number)?.kind;
    if (classification === undefined) return [];
    const asked = { classification, relation: { schema, name }, column: each.name };
    const permit = policy.unmaskedByApproval(identity, connection.info, asked, minutes);
    return [{ column, classification, relation: oid, attribute: each.number, permit }];
  });
}

/**
 * The request for these columns. What the reviewer reads of the statement has no constants: they may be what the columns hold.
 * @throws PortcullisError UNMASK_REFUSED where one of them cannot be asked for, or no reason is given
 */
export function makeAsk(
  { connection, parser }: AskParts,
  columns: readonly AskableColumn[],
  wish: {
    readonly minutes: number;
    readonly reason: string;
    readonly text?: string | undefined;
    readonly application: string;
  },
): Omit<NewRequest, 'digest' | 'parameters'> {
  const reason = wish.reason.trim();
  if (reason === '') throw refuse('the reviewers are not told why you want to see it');
  if (reason.length > longestReason) throw refuse(`the reason is longer than ${longestReason} characters`);
  if (!askableMinutes.includes(wish.minutes))
    throw refuse(`columns are shown in clear for ${askableMinutes.join(', ')} minutes`);
  const approvers = columns.flatMap(({ column, classification, permit }) => {
    if (permit !== undefined) return permit.approvers;
    throw refuse(`no policy lets you ask to see ${column}, which is ${classification}`);
  });
  const { name, environment } = connection.info;
  const text =
    wish.text === undefined ? '' : recordedText(parser, wish.text, { keepLiterals: false, clean: cleanText });
  return {
    connection: name,
    environment,
    text: text === '' ? describeColumns(columns) : text,
    findings: columns.map(({ column, classification, permit }) => ({
      policy: permit?.policy ?? '',
      code: 'approve.unmask',
      message: `${column} (${classification}) would be seen in clear for ${wish.minutes} minutes on ${name} (${environment})`,
    })),
    relations: relationsOf(columns),
    application: wish.application,
    approvers: [...new Set(approvers)].sort(),
    reason,
    unmask: {
      columns: columns.map(({ permit: _permit, ...column }) => column),
      minutes: wish.minutes,
    },
  };
}

function refuse(message: string): PortcullisError {
  return new PortcullisError('UNMASK_REFUSED', { message });
}

/** For who asks without a statement. */
function describeColumns(columns: readonly AskableColumn[]): string {
  return `-- No statement: any that shows ${columns.map(({ column }) => column).join(', ')}`;
}

function relationsOf(columns: readonly AskableColumn[]): NewRequest['relations'] {
  const kinds = new Map<string, Set<string>>();
  for (const { column, classification } of columns) {
    const relation = column.slice(0, column.lastIndexOf('.'));
    kinds.set(relation, (kinds.get(relation) ?? new Set()).add(classification));
  }
  return [...kinds].map(([name, found]) => ({ name, classifications: [...found].sort() }));
}
