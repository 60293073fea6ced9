/** How the collector's sinks stand, in one line. */
import type { SinkStatus } from '../../proxy/control/messages.ts';
import type { ActivitySnapshot } from '../kit/activityMessages.ts';
import { showLine } from '../kit/visibleText.ts';

/** So many are named; of the others it is said how many they are. */
const named = 3;

/** Undefined where there are none. */
export function describeSinks(sinks: readonly SinkStatus[]): ActivitySnapshot['sinks'] {
  if (sinks.length === 0) return undefined;
  const all = `${sinks.length} ${sinks.length === 1 ? 'sink' : 'sinks'}`;
  const behind = sinks.filter((sink) => !isCurrent(sink));
  if (behind.length === 0) return { text: `${all}: all current.`, isTrouble: false };
  const current = sinks.length - behind.length;
  const parts = [
    ...(current > 0 ? [`${current} current`] : []),
    ...behind.slice(0, named).map(describeSink),
    ...(behind.length > named ? [`and ${behind.length - named} more behind`] : []),
  ];
  // What is gone stays gone: a warning that nobody can end is read by nobody.
  const isTrouble = behind.some(({ state, failed }) => state === 'retrying' || failed > 0);
  return { text: `${all}: ${parts.join('; ')}.`, isTrouble };
}

function isCurrent({ waiting, failed, gone, state }: SinkStatus): boolean {
  return waiting === 0 && failed === 0 && gone === 0 && state !== 'retrying';
}

function describeSink({ name, kind, waiting, failed, gone, problem }: SinkStatus): string {
  const facts = [
    ...(waiting > 0 ? [`${count(waiting)} undelivered`] : []),
    ...(failed > 0 ? [`${count(failed)} refused for good`] : []),
    ...(gone > 0 ? [`${count(gone)} removed by retention before it had them`] : []),
  ];
  const has = facts.length === 0 ? 'cannot be reached' : `has ${facts.join(', ')}`;
  const why =
    problem === undefined ? '' : `: ${showLine(problem, 200).replace(/^Events wait to be sent: /, '')}`;
  return `${kind} ${showLine(name, 60)} ${has}${why.replace(/\.$/, '')}`;
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}
