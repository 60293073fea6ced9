/** A statement that says in a comment that it wants to see what it reads in clear: what it then has to be approved for. */
import { PortcullisError } from '../../kit/errors.ts';
import type { SqlParser } from '../../sql/parser.ts';
import { readUnmaskWish, type UnmaskWish } from '../../sql/readUnmaskWish.ts';
import { type AskableColumn, type AskParts, askableMinutes, askableOf, makeAsk } from './askToSee.ts';
import type { ApprovalNeed } from './judgement.ts';
import { readNamedColumns } from './namedColumns.ts';
import type { StatementJudge, WeighedText } from './statementJudge.ts';

/**
 * Undefined where nothing is wished for, or nothing is masked that it names: then it runs as any other.
 * @throws PortcullisError UNMASK_REFUSED where it cannot be asked for
 */
export function describeSight(
  weighed: WeighedText,
  judge: StatementJudge,
  parser: SqlParser,
): ApprovalNeed | undefined {
  if (weighed.isByName || !isAboutUse(weighed)) return undefined;
  const wish = readUnmaskWish(parser, weighed.text);
  if (wish === undefined) return undefined;
  const minutes = wish.minutes ?? askableMinutes[0] ?? 0;
  const { policy, identity, connection } = judge;
  const parts: AskParts = { policy, identity, connection, parser };
  const columns = columnsNamed(parts, judge, weighed, minutes);
  if (columns.length === 0) return undefined;
  if (weighed.statements.some(({ decision }) => decision.outcome === 'approve')) {
    const message = 'the statement itself needs approval, so ask in one that only reads';
    throw new PortcullisError('UNMASK_REFUSED', { message });
  }
  const askable = columns.filter(({ permit }) => permit !== undefined);
  return toNeed(parts, askable.length > 0 ? askable : columns, { ...wish, minutes }, weighed.text);
}

/** What a refused statement could do: the way to say so, where asking is of use. */
export function offerSight(
  weighed: WeighedText,
  judge: StatementJudge,
  parser: SqlParser,
): PortcullisError | undefined {
  const { refusal } = weighed;
  if (refusal === undefined || !isAboutUse(weighed)) return undefined;
  const { policy, identity, connection } = judge;
  const parts: AskParts = { policy, identity, connection, parser };
  const columns = columnsNamed(parts, judge, weighed, askableMinutes[0] ?? 0);
  if (!columns.some(({ permit }) => permit !== undefined)) return undefined;
  const offer = 'Or ask to see it in clear: put /* unmask: why you need it */ before the statement.';
  const { message, detail, hint, position } = refusal;
  return new PortcullisError(
    'COLUMN_USE_REFUSED',
    { message },
    { detail, position, hint: hint === undefined ? offer : `${hint} ${offer}` },
  );
}

/** Refused for how it uses protected columns alone, which it may where it sees them in clear. */
function isAboutUse({ statements }: WeighedText): boolean {
  return statements.every(
    ({ refusal, decision }) =>
      refusal === undefined || (refusal.code === 'COLUMN_USE_REFUSED' && decision.outcome !== 'deny'),
  );
}

function columnsNamed(
  parts: AskParts,
  { clearance }: StatementJudge,
  { statements }: WeighedText,
  minutes: number,
): AskableColumn[] {
  const found = new Map<string, AskableColumn>();
  for (const { facts } of statements) {
    const named = readNamedColumns(facts.tree);
    for (const { schema, name } of facts.relations) {
      for (const relation of parts.connection.catalog.named(name)) {
        if (schema !== undefined && relation.schema !== schema) continue;
        const columns = askableOf(
          parts,
          clearance.classifications,
          relation,
          minutes,
          (column) => named === 'all' || named.has(column.name),
        );
        for (const column of columns) found.set(`${column.relation}.${column.attribute}`, column);
      }
    }
  }
  return [...found.values()];
}

function toNeed(
  parts: AskParts,
  columns: readonly AskableColumn[],
  { minutes, reason }: UnmaskWish & { readonly minutes: number },
  text: string,
): ApprovalNeed {
  const ask = makeAsk(parts, columns, { minutes, reason, text, application: '' });
  const { findings, approvers, relations, text: shown } = ask;
  return { findings, approvers, relations, text: shown, footing: '', sight: ask };
}
