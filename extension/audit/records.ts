/** Checking records, and exporting evidence: a plain answer first, the whole report for who wants it. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { commands, ProgressLocation, Uri, window, workspace } from 'vscode';
import type { RecordsVerdict, StatementSearch } from '../../proxy/control/messages.ts';
import { describeProblem, type ProxyLink } from '../kit/proxyLink.ts';
import { plainLine } from '../kit/userText.ts';

const day = 24 * 3_600_000;
const periods: readonly { readonly label: string; readonly days: number | undefined }[] = [
  { label: 'The last day', days: 1 },
  { label: 'The last 7 days', days: 7 },
  { label: 'The last 30 days', days: 30 },
  { label: 'Everything', days: undefined },
];

/** This machine's records, checked without the collector. */
export async function verifyRecords(link: ProxyLink): Promise<void> {
  const verdict = await working('Checking the records on this machine', (token) =>
    link.request('verifyRecords', {}, token),
  );
  if (verdict !== undefined) await answer(verdict);
}

/** @param search what the page shows; a period is asked for where it names none */
export async function exportEvidence(link: ProxyLink, search: StatementSearch): Promise<void> {
  const period = await choosePeriod(search);
  if (period === undefined) return;
  const name = `portcullis-evidence-${new Date().toISOString().slice(0, 10)}.zip`;
  const target = await window.showSaveDialog({
    title: 'Export Evidence',
    defaultUri: Uri.file(join(homedir(), name)),
    filters: { 'Evidence bundle': ['zip'] },
  });
  if (target === undefined) return;
  const { identity, connection, relation, decision, agent } = search;
  const given = { identity, connection, relation, decision, agent, ...period };
  const filter = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const verdict = await working('Fetching evidence from the collector, and checking it', (token) =>
    link.request('exportEvidence', { path: target.fsPath, ...filter }, token),
  );
  if (verdict !== undefined) await answer(verdict, target);
}

/** Undefined where the person chose none. */
async function choosePeriod(search: StatementSearch): Promise<{ from?: string; to?: string } | undefined> {
  const { since, until } = search;
  if (since !== undefined || until !== undefined) {
    return { ...(since !== undefined && { from: since }), ...(until !== undefined && { to: until }) };
  }
  const chosen = await window.showQuickPick(periods, {
    title: 'Export Evidence',
    placeHolder: 'Of which time? Without another filter the bundle also shows that nothing is missing.',
  });
  if (chosen === undefined) return undefined;
  const { days } = chosen;
  return days === undefined ? {} : { from: new Date(Date.now() - days * day).toISOString() };
}

/** Undefined where it was cancelled or went wrong; the person was told. */
async function working<Result>(
  title: string,
  work: (token: Parameters<ProxyLink['request']>[2]) => Promise<Result>,
): Promise<Result | undefined> {
  let isCancelled = false;
  try {
    return await window.withProgress(
      { location: ProgressLocation.Notification, title, cancellable: true },
      (_progress, token) => {
        token.onCancellationRequested(() => {
          isCancelled = true;
        });
        return work(token);
      },
    );
  } catch (error) {
    if (isCancelled) window.setStatusBarMessage('Portcullis: cancelled; nothing was written.', 5_000);
    else void window.showErrorMessage(plainLine(describeProblem(error), 600));
    return undefined;
  }
}

async function answer({ holds, headline, report }: RecordsVerdict, file?: Uri): Promise<void> {
  const show = holds ? window.showInformationMessage : window.showWarningMessage;
  const words = file === undefined ? headline : `${headline} The bundle is at ${file.fsPath}.`;
  const buttons = file === undefined ? ['Show Report'] : ['Show Report', 'Show File'];
  const chosen = await show(plainLine(words, 600), ...buttons);
  if (chosen === 'Show Report') {
    const document = await workspace.openTextDocument({ language: 'plaintext', content: report });
    await window.showTextDocument(document, { preview: true });
  } else if (chosen === 'Show File' && file !== undefined) {
    await commands.executeCommand('revealFileInOS', file);
  }
}
