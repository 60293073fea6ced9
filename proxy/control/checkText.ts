/** What would happen with each statement of a text: the judgement of the port itself, without running anything. */
import type { Grants } from '../approvals/grants.ts';
import type { Identity } from '../identity/identity.ts';
import { PortcullisError } from '../kit/errors.ts';
import type { LivePolicy } from '../policy/live/livePolicy.ts';
import type { GovernedConnection } from '../session/governedConnection.ts';
import { describeFindings, describeRefusal, offsetOfByte } from '../session/judging/describeFindings.ts';
import { StatementJudge } from '../session/judging/statementJudge.ts';
import type { Analyser } from '../sql/analyser.ts';
import type { StatementFacts } from '../sql/facts.ts';
import type { CheckedStatement } from './messages.ts';

export interface CheckParts {
  readonly analyser: Analyser;
  readonly policy: LivePolicy;
  readonly identity: Identity;
  readonly connection: GovernedConnection;
  /** What the identity may see in clear by approved requests. */
  readonly grants?: Grants | undefined;
}

/** Offsets are UTF-16 code units of `text`. Where part of a text cannot be parsed the other statements are judged. */
export async function checkText(parts: CheckParts, text: string): Promise<CheckedStatement[]> {
  const judge = new StatementJudge(parts.policy, parts.identity, parts.connection);
  judge.clearance.follow(parts.grants);
  const checked: CheckedStatement[] = [];
  for (const piece of await parse(parts.analyser, text)) {
    if (piece.kind === 'broken') checked.push(describeBroken(piece, text));
    else checked.push(...(await checkPiece(judge, piece)));
  }
  return checked;
}

/** A part of the text from one statement's start on, with its facts or why there are none. Offsets in UTF-16. */
type Piece =
  | {
      readonly kind: 'facts';
      readonly start: number;
      readonly text: string;
      readonly facts: readonly StatementFacts[];
    }
  | {
      readonly kind: 'broken';
      readonly start: number;
      readonly text: string;
      readonly error: PortcullisError;
    };

async function parse(analyser: Analyser, text: string): Promise<Piece[]> {
  const whole = await parsePiece(analyser, text, 0);
  if (whole.kind === 'facts') return [whole];
  const pieces = splitAtSemicolons(analyser, text);
  if (pieces === undefined) return [whole];
  return Promise.all(pieces.map(({ start, end }) => parsePiece(analyser, text.slice(start, end), start)));
}

async function parsePiece(analyser: Analyser, text: string, start: number): Promise<Piece> {
  try {
    const facts = analyser.isSimple(text) ? analyser.analyse(text) : await analyser.analyseInWorker(text);
    return { kind: 'facts', start, text, facts };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const refusal = PortcullisError.is(error)
      ? error
      : new PortcullisError('STATEMENT_NOT_UNDERSTOOD', { message });
    return { kind: 'broken', start, text, error: refusal };
  }
}

/** By PostgreSQL's own scanner, so that semicolons in strings, names and comments do not count. */
function splitAtSemicolons(analyser: Analyser, text: string): { start: number; end: number }[] | undefined {
  let tokens: ReturnType<Analyser['parser']['scan']>;
  try {
    tokens = analyser.parser.scan(text);
  } catch {
    return undefined; // an unterminated string: there is no telling where statements end
  }
  const bytes = Buffer.from(text);
  const pieces: { start: number; end: number }[] = [];
  let start: number | undefined;
  let end = 0;
  for (const token of tokens) {
    const isSemicolon = token.kind === 'symbol' && bytes[token.start] === 0x3b;
    if (isSemicolon && start !== undefined) {
      pieces.push({ start: offsetOfByte(text, start), end: offsetOfByte(text, end) });
      start = undefined;
    } else if (!isSemicolon && token.kind !== 'comment') {
      start ??= token.start;
      end = token.end;
    }
  }
  if (start !== undefined) pieces.push({ start: offsetOfByte(text, start), end: offsetOfByte(text, end) });
  return pieces;
}

async function checkPiece(
  judge: StatementJudge,
  piece: Extract<Piece, { kind: 'facts' }>,
): Promise<CheckedStatement[]> {
  // What EXECUTE's names stand for is known to the session that prepared them, not here.
  const weigh = (isFresh: boolean) => judge.weigh(piece.text, piece.facts, () => undefined, isFresh);
  let weighed = weigh(false);
  if (weighed === undefined) {
    await judge.connection.refresh();
    weighed = weigh(true);
  }
  return (weighed?.statements ?? []).map((statement): CheckedStatement => {
    const start = offsetOfByte(piece.text, statement.facts.offset);
    const length = statement.facts.text.trimEnd().length;
    const isUnknownName = statement.refusal?.code === 'STATEMENT_NAME_UNKNOWN';
    const findings = isUnknownName ? [] : describeFindings(statement, piece.text);
    const isDenied = statement.refusal !== undefined && !isUnknownName;
    return {
      start: piece.start + start,
      end: piece.start + start + length,
      outcome: isDenied ? 'deny' : statement.decision.outcome,
      findings: findings.map((finding) => shift(finding, piece.start)),
    };
  });
}

function describeBroken(piece: Extract<Piece, { kind: 'broken' }>, text: string): CheckedStatement {
  const lead = piece.text.length - piece.text.trimStart().length;
  const finding = shift(describeRefusal(piece.error, piece.text, 'syntax'), piece.start);
  return {
    start: piece.start + lead,
    end: Math.max(piece.start + lead, Math.min(text.length, piece.start + piece.text.trimEnd().length)),
    outcome: 'unparsed',
    findings: [finding],
  };
}

function shift<T extends { readonly start?: number; readonly end?: number }>(finding: T, by: number): T {
  if (finding.start === undefined || finding.end === undefined) return finding;
  return { ...finding, start: finding.start + by, end: finding.end + by };
}
