/** Records that were changed may lack what every event of their kind has, whatever that is. */
import type { Findings, Problem } from './verdicts.ts';

/** Runs `read`; a member that is not there, or is of another type, is a finding, not the end of the verification. */
export function reportMisshapen(findings: Findings, where: Omit<Problem, 'message'>, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    findings.altered('the event does not have the form of its kind', where);
  }
}
