/** Statements and the state of the synchronisation in words: the same ones in the tree and on the page. */
import type { ActivityEntry, SyncStatus } from '../../proxy/control/messages.ts';
import type { ActivityRow, ActivitySnapshot } from '../kit/activityMessages.ts';
import { showLine } from '../kit/visibleText.ts';

/** @param now for telling today from other days */
export function rowOf(entry: ActivityEntry & { readonly proxy?: string }, now: Date): ActivityRow {
  const { proxy, seq, at, connection, environment, application, decision, isSynced, reason } = entry;
  return {
    id: proxy === undefined ? String(seq) : `${proxy}/${seq}`,
    seq,
    at,
    time: showTime(at, now),
    what: entry.text === '' ? '(no statement)' : showLine(entry.text, 1000),
    connection,
    environment,
    application: showLine(application),
    address: showLine(entry.address),
    who: showLine(entry.who),
    agent: showLine(entry.agent ?? ''),
    relations: entry.relations.map((name) => showLine(name)),
    effects: entry.effects,
    policies: entry.policies,
    decision,
    outcome: outcomeOf(entry),
    isTrouble: !['ok', 'running'].includes(entry.status),
    reason: entry.status === 'refused' ? showLine(reason ?? '', 1000) : '',
    rows: entry.rows === undefined ? '' : count(entry.rows),
    duration: entry.micros === undefined ? '' : showDuration(entry.micros),
    maskedColumns: entry.maskedColumns.map(
      ({ column, classification }) => `${showLine(column)} (${classification})`,
    ),
    unmaskedColumns: (entry.unmaskedColumns ?? []).map(
      ({ column, classification, policy, request, reason }) =>
        `${showLine(column)} (${classification}), by ${policy}${request === undefined ? '' : `, request ${request}`}${reason === undefined ? '' : `: ${showLine(reason)}`}`,
    ),
    isSynced,
  };
}

function outcomeOf({ status, decision, reason }: ActivityEntry): string {
  const state = reason === undefined ? '' : ` ${showLine(reason, 20)}`;
  switch (status) {
    case 'refused':
      if (decision === 'deny') return 'denied';
      return decision === 'approve' ? 'needs approval' : 'refused';
    case 'error':
      return `failed${state}`;
    case 'notRun':
      return 'not run';
    case 'unknown':
      return 'outcome unknown';
    case 'ok':
      return decision === 'approve' ? 'ok, approved' : 'ok';
    default:
      return status;
  }
}

/** Description of a tree item: what is empty is left out. */
export function describeRow(row: ActivityRow): string {
  const { rows, maskedColumns } = row;
  return [
    row.time,
    row.isTrouble || row.outcome === 'running' ? row.outcome : '',
    rows === '' || row.isTrouble ? '' : `${rows} ${rows === '1' ? 'row' : 'rows'}`,
    row.duration,
    maskedColumns.length === 0 ? '' : `${maskedColumns.length} masked`,
    row.isSynced ? '' : 'waits to be sent',
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

/** Everything about a statement, for a tooltip. */
export function explainRow(row: ActivityRow): string[] {
  return [
    `${row.outcome}${row.reason === '' ? '' : `: ${row.reason}`}`,
    `On ${row.connection || 'no connection'}${row.environment && ` (${row.environment})`}${row.application && `, from ${row.application}`}`,
    row.rows === '' ? '' : `${row.rows} rows in ${row.duration}`,
    row.maskedColumns.length === 0 ? '' : `Masked: ${row.maskedColumns.join(', ')}`,
    row.unmaskedColumns.length === 0 ? '' : `In clear: ${row.unmaskedColumns.join('; ')}`,
    row.isSynced
      ? `Event ${row.seq} is at the collector`
      : `Event ${row.seq} is on this machine and waits to be sent to the collector`,
  ].filter((line) => line !== '');
}

export function describeSync(sync: SyncStatus, now: Date): ActivitySnapshot['sync'] {
  const { waiting, lastSentAt, problem } = sync;
  const last = lastSentAt === undefined ? '' : `; last sent ${showTime(lastSentAt, now)}`;
  const events = `${count(waiting)} ${waiting === 1 ? 'event waits' : 'events wait'} to be sent`;
  if (problem !== undefined) {
    const why = problem.message.replace(/^Events (wait to be sent|are not sent): /, '').replace(/\.$/, '');
    return {
      text: `${waiting === 0 ? 'The collector cannot be told' : events}: ${why}${last}.`,
      hint: problem.hint ?? '',
      isTrouble: true,
    };
  }
  if (waiting > 0) return { text: `${events}${last}.`, hint: '', isTrouble: false };
  return lastSentAt === undefined
    ? { text: 'No event waits to be sent.', hint: '', isTrouble: false }
    : { text: `All events are at the collector${last}.`, hint: '', isTrouble: false };
}

function showTime(at: string, now: Date): string {
  const then = new Date(at);
  if (Number.isNaN(then.getTime())) return showLine(at, 30);
  const two = (number: number) => String(number).padStart(2, '0');
  const minutes = `${two(then.getHours())}:${two(then.getMinutes())}`;
  if (then.toDateString() === now.toDateString()) return `${minutes}:${two(then.getSeconds())}`;
  return `${then.toLocaleDateString('en-US', { month: 'short', day: 'numeric' })} ${minutes}`;
}

/** Microseconds for people. */
export function showDuration(micros: number): string {
  if (micros < 1000) return `${micros} µs`;
  if (micros < 10_000) return `${(micros / 1000).toFixed(1)} ms`;
  if (micros < 999_500) return `${Math.round(micros / 1000)} ms`;
  if (micros < 59_950_000) return `${(micros / 1_000_000).toFixed(1)} s`;
  const seconds = Math.round(micros / 1_000_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
