/** Accepts a connection's schema as its new baseline, after a question that says what that does. */
import { window } from 'vscode';
import { describeProblem, type ProxyLink, ProxyProblem } from '../kit/proxyLink.ts';
import { describeAcceptance } from './driftTexts.ts';

const accept = 'Accept as Baseline';

/** True where there is a new baseline. */
export async function acceptBaseline(link: ProxyLink, connection: string): Promise<boolean> {
  try {
    // What is accepted is the schema as it is now, not as the tree last saw it.
    const { drift } = await link.request('readSchema', { connection, refresh: true });
    const { question, detail } = describeAcceptance(drift);
    const answer = await window.showWarningMessage(question, { modal: true, detail }, accept);
    if (answer !== accept) return false;
    await link.request('acceptBaseline', { connection });
    return true;
  } catch (error) {
    // The answer to what somebody just asked for: it stands where they look.
    const isProblem = ProxyProblem.is(error);
    const hint = isProblem ? error.hint : undefined;
    await window.showErrorMessage(isProblem ? error.message : describeProblem(error), {
      modal: true,
      ...(hint === undefined ? {} : { detail: hint }),
    });
    return false;
  }
}
