/** What the proxy says about a text, as marks in the editor: where, how loud, in which words. No part of it is ours. */
import type { CheckedStatement, RequestFinding } from '../../proxy/control/messages.ts';

export type Loudness = 'error' | 'warning' | 'information' | 'hint';

/** One mark; offsets in UTF-16 code units of the text that was checked. */
export interface Mark {
  readonly start: number;
  readonly end: number;
  readonly loudness: Loudness;
  /** The finding's message and detail, in the proxy's own words. */
  readonly message: string;
  /** The smallest change that would pass; empty where there is none. */
  readonly hint: string;
  /** Id of the policy; empty for what could not be parsed. */
  readonly policy: string;
  readonly code: string;
  /** The statement it stands in. */
  readonly statement: { readonly start: number; readonly end: number };
}

/**
 * @param caret where the reader types; undefined where nobody does. Half-typed SQL must not shout: a statement there
 *   that cannot be parsed is a hint only.
 */
export function marksOf(statements: readonly CheckedStatement[], caret: number | undefined): Mark[] {
  const typed = caret === undefined ? undefined : statements.findLast(({ start }) => start <= caret);
  return statements.flatMap((statement) => {
    const isTyping = statement === typed;
    if (statement.outcome === 'allow') return [];
    const findings = statement.findings.length === 0 ? [standIn(statement.outcome)] : statement.findings;
    return findings.map((finding) => markOf(statement, finding, isTyping));
  });
}

function markOf(statement: CheckedStatement, finding: RequestFinding, isTyping: boolean): Mark {
  const { start, end } = rangeOf(statement, finding);
  return {
    start,
    end,
    loudness: loudnessOf(statement.outcome, finding.code, isTyping),
    message:
      finding.detail === undefined || finding.detail === ''
        ? finding.message
        : `${finding.message}\n${finding.detail}`,
    hint: finding.hint ?? '',
    policy: finding.policy,
    code: finding.code,
    statement: { start: statement.start, end: statement.end },
  };
}

/** The finding's own place where it has one within its statement, else the statement. */
function rangeOf(
  statement: CheckedStatement,
  { start, end }: RequestFinding,
): { start: number; end: number } {
  const hasPlace =
    start !== undefined &&
    end !== undefined &&
    start >= statement.start &&
    end <= statement.end &&
    start < end;
  return hasPlace ? { start, end } : { start: statement.start, end: statement.end };
}

/** A denied statement may have findings that alone would need approval: each mark is as loud as its own finding. */
function loudnessOf(outcome: CheckedStatement['outcome'], code: string, isTyping: boolean): Loudness {
  if (outcome === 'unparsed') return isTyping ? 'hint' : 'information';
  if (code.startsWith('approve.')) return 'warning';
  if (code.startsWith('deny.')) return 'error';
  return outcome === 'approve' ? 'warning' : 'error';
}

/** For an outcome without a finding: it is told all the same. */
function standIn(outcome: 'approve' | 'deny' | 'unparsed'): RequestFinding {
  const message = {
    approve: 'the statement needs approval',
    deny: 'the statement is denied',
    unparsed: 'the statement cannot be parsed as it stands, so it is not judged yet',
  }[outcome];
  return { policy: '', code: outcome, message };
}
