/** Checks records for a window, and hands out evidence: the same code and the same words as the command line's. */
import type { CancellationToken } from 'vscode-jsonrpc';
import type { EvidenceFilter } from '../audit/evidence/evidenceFilter.ts';
import { fetchBundle } from '../audit/evidence/fetchBundle.ts';
import { describeVerification } from '../audit/verify/describeVerification.ts';
import type { Verification } from '../audit/verify/verdicts.ts';
import { verifyBundle } from '../audit/verify/verifyBundle.ts';
import { verifyJournal } from '../audit/verify/verifyJournal.ts';
import { CollectorClient } from '../kit/collectorClient.ts';
import type { RecordsVerdict } from './messages.ts';

/** Until the first bytes come, and between any two pieces. */
const timeoutMs = 120_000;

/** @param folder the journal's. @throws Error in words where it cannot be read */
export async function verifyRecords(folder: string): Promise<RecordsVerdict> {
  return describe(await verifyJournal(folder));
}

/** Nothing is written where it was cancelled meanwhile. @throws CollectorRefusal, CollectorUnreachable; Error where the file cannot be written */
export async function exportEvidence(
  collector: { readonly url: string; readonly token: () => string | Promise<string> },
  filter: EvidenceFilter,
  path: string,
  token: CancellationToken,
): Promise<RecordsVerdict & { bytes: number }> {
  const client = new CollectorClient({ ...collector, timeoutMs });
  const abort = new AbortController();
  const cancelled = () => new Error('the export was cancelled; nothing was written');
  const listening = token.onCancellationRequested(() => abort.abort(cancelled()));
  try {
    const bundle = await fetchBundle(client, filter, path, { signal: abort.signal });
    try {
      const verdict = describe(await verifyBundle(bundle.part, { path }));
      if (token.isCancellationRequested) throw cancelled();
      await bundle.keep();
      return { ...verdict, bytes: bundle.bytes };
    } finally {
      await bundle.drop();
    }
  } finally {
    listening.dispose();
  }
}

function describe(verification: Verification): RecordsVerdict {
  const { integrity, completeness, events } = verification;
  const what = `${events.toLocaleString('en-US')} ${events === 1 ? 'event' : 'events'}`;
  return {
    holds: integrity.holds && completeness.holds,
    headline: headlineOf(what, integrity.holds, completeness.holds),
    report: describeVerification(verification),
  };
}

function headlineOf(what: string, isWhole: boolean, isComplete: boolean): string {
  if (isWhole && isComplete)
    return `All is well: ${what}, unchanged since they were recorded, and none missing.`;
  if (isWhole)
    return `${what}, unchanged since they were recorded, but not all that should be there is there.`;
  if (isComplete) return `Something was changed after it was recorded (${what} looked at).`;
  return `Something was changed after it was recorded, and something is missing (${what} looked at).`;
}
