/** Why a statement may not run, or not yet, as people see it in the editor and on the review page. */
import type { RequestFinding } from '../../approvals/request.ts';
import type { PortcullisError } from '../../kit/errors.ts';
import type { Finding } from '../../policy/decision.ts';
import type { StatementFacts } from '../../sql/facts.ts';
import type { WeighedStatement } from './statementJudge.ts';

/** Findings of a statement that is denied, or needs approval; none where it may run. */
export function describeFindings(
  { facts, decision, use, refusal }: WeighedStatement,
  text: string,
): RequestFinding[] {
  if (decision.outcome !== 'allow')
    return decision.findings.map((finding) => toRequestFinding(finding, facts, text));
  if (refusal === undefined) return [];
  return [describeRefusal(refusal, text, use.violations.length > 0 ? 'column-use' : 'portcullis')];
}

/** A refusal as a finding; its position, if it has one, marks the word that stands there. */
export function describeRefusal(refusal: PortcullisError, text: string, policy: string): RequestFinding {
  const { message, detail, hint, position } = refusal;
  return {
    policy,
    code: refusal.code,
    message,
    ...(detail === undefined ? {} : { detail }),
    ...(hint === undefined ? {} : { hint }),
    ...(position === undefined ? {} : wordAt(text, offsetOfCharacter(text, position - 1))),
  };
}

function toRequestFinding(finding: Finding, facts: StatementFacts, text: string): RequestFinding {
  const { policy, code, message, detail, hint, location } = finding;
  const isInside =
    location !== undefined &&
    location >= facts.offset &&
    location < facts.offset + Buffer.byteLength(facts.text);
  return {
    policy,
    code,
    message,
    ...(detail === undefined ? {} : { detail }),
    ...(hint === undefined ? {} : { hint }),
    ...(isInside ? wordAt(text, offsetOfByte(text, location)) : {}),
  };
}

/** UTF-16 offset of a UTF-8 byte offset. */
export function offsetOfByte(text: string, bytes: number): number {
  return Buffer.from(text).subarray(0, bytes).toString().length;
}

/** UTF-16 offset of the character (code point) with that number, from 0. */
function offsetOfCharacter(text: string, index: number): number {
  return [...text].slice(0, index).join('').length;
}

/** The name, keyword or sign at an offset: `public."Order items"`, `DROP`, `*`. */
function wordAt(text: string, start: number): { start: number; end: number } {
  const word =
    /^(?:(?:"(?:[^"]|"")*"|[\p{L}\p{N}_$]+)(?:\s*\.\s*(?:"(?:[^"]|"")*"|[\p{L}\p{N}_$]+))*|\S)/u.exec(
      text.slice(start),
    );
  return { start, end: start + (word?.[0].length ?? 0) };
}
