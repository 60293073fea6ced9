/** The command that asks to see masked columns in clear: from the schema tree, or with a choice of columns. */
import { commands, window } from 'vscode';
import type { SightTerms } from '../../proxy/control/messages.ts';
import { describeProblem, type ProxyLink } from '../kit/proxyLink.ts';
import { showLine } from '../kit/visibleText.ts';
import type { RequestStore } from './requestStore.ts';

export interface SightTarget {
  readonly connection: string;
  /** `schema.table.column` */
  readonly columns: readonly string[];
}

/** @param target a node of the schema tree; anything else lets a person choose */
export async function askToSee(link: ProxyLink, store: RequestStore, target: unknown): Promise<void> {
  try {
    const wanted = readTarget(target) ?? (await pickTarget(link));
    if (wanted === undefined) return;
    const terms = await link.request('readSightTerms', wanted);
    const refused = terms.columns.filter(({ mayAsk }) => !mayAsk);
    if (refused.length > 0) {
      const names = refused.map(({ column, classification }) => `${showLine(column)} (${classification})`);
      void window.showWarningMessage(`No policy lets you ask to see ${names.join(', ')}.`);
      return;
    }
    await ask(link, store, wanted, terms);
  } catch (error) {
    void window.showErrorMessage(`Nothing was asked for. ${describeProblem(error)}`);
  }
}

async function ask(
  link: ProxyLink,
  store: RequestStore,
  wanted: SightTarget,
  { approvers, minutes: choices, columns }: SightTerms,
): Promise<void> {
  const names = columns.map(({ column }) => showLine(column)).join(', ');
  const who = approvers.map((name) => showLine(name)).join(' and ');
  const reason = await window.showInputBox({
    title: `Ask to See ${names} (1 of 2)`,
    prompt: `Why you need it: ${who} will read this, and it goes on record`,
    ignoreFocusOut: true,
    validateInput: (text) => (text.trim() === '' ? 'Say why: the reviewer decides by it.' : undefined),
  });
  if (reason === undefined) return;
  const chosen = await window.showQuickPick(
    choices.map((minutes) => ({ label: `${minutes} minutes`, minutes })),
    { title: `Ask to See ${names} (2 of 2)`, placeHolder: 'For how long, from the approval on' },
  );
  if (chosen === undefined) return;
  const request = await link.request('askToSee', { ...wanted, minutes: chosen.minutes, reason });
  store.put(request);
  const answer = await window.showInformationMessage(
    `Your request to see ${names} is with ${who}. The answer comes in the Approvals view.`,
    'Show Request',
  );
  if (answer !== undefined) await commands.executeCommand('portcullis.openRequest', request.id);
}

/** Of all masked columns of a connection. */
async function pickTarget(link: ProxyLink): Promise<SightTarget | undefined> {
  const ready = (link.status?.connections ?? []).filter(({ state }) => state === 'ready');
  const connection =
    ready.length > 1
      ? await window.showQuickPick(
          ready.map(({ name }) => name),
          { placeHolder: 'Connection' },
        )
      : ready[0]?.name;
  if (connection === undefined) {
    if (ready.length === 0) void window.showInformationMessage('No connection is open. Sign in first.');
    return undefined;
  }
  const { columns } = await link.request('explainColumns', { connection });
  const masked = columns.filter(({ method }) => method !== undefined);
  const picked = await window.showQuickPick(
    masked.map(({ schema, table, column, classification, why }) => ({
      label: showLine(`${schema}.${table}.${column}`),
      description: classification ?? '',
      detail: showLine(why),
      name: `${schema}.${table}.${column}`,
    })),
    { placeHolder: 'Columns to see in clear', canPickMany: true, matchOnDescription: true },
  );
  return picked === undefined || picked.length === 0
    ? undefined
    : { connection, columns: picked.map(({ name }) => name) };
}

/** A node of the schema tree that stands for a column. */
function readTarget(target: unknown): SightTarget | undefined {
  if (typeof target !== 'object' || target === null) return undefined;
  const { kind, connection, schema, table, label } = target as Readonly<Record<string, unknown>>;
  const isColumn =
    kind === 'column' && [connection, schema, table, label].every((part) => typeof part === 'string');
  return isColumn
    ? { connection: connection as string, columns: [`${schema}.${table}.${label}`] }
    : undefined;
}
