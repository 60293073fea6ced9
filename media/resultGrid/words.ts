/** Numbers, times and states in the words of the results page. */
import type { ResultSnapshot } from '../../extension/kit/gridMessages.ts';

const secondMs = 1_000;
const minuteMs = 60 * secondMs;

/** `84 ms`, `3.2 s`, `2 min 05 s` */
export function duration(ms: number): string {
  if (ms < secondMs) return `${Math.round(ms)} ms`;
  if (ms < minuteMs) return `${(ms / secondMs).toFixed(1)} s`;
  const seconds = Math.floor((ms % minuteMs) / secondMs);
  return `${Math.floor(ms / minuteMs)} min ${String(seconds).padStart(2, '0')} s`;
}

export function count(number: number, one: string): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? one : `${one}s`}`;
}

/** What a command tag says: `INSERT 0 3` is 3 rows affected. */
export function commandWords(tag: string): string {
  const affected = /^(?:INSERT \d+|UPDATE|DELETE|MERGE|COPY|MOVE) (\d+)$/.exec(tag)?.[1];
  return affected === undefined
    ? tag
    : `${tag.replace(/ .*$/, '')}: ${count(Number(affected), 'row')} affected`;
}

export interface StateWords {
  readonly icon: string;
  readonly text: string;
  readonly tone: 'plain' | 'warning' | 'error';
}

export function stateWords({ state }: ResultSnapshot): StateWords {
  switch (state.kind) {
    case 'running':
      return { icon: 'loading codicon-modifier-spin', text: 'Running', tone: 'plain' };
    case 'held':
      return { icon: 'clock', text: 'Waiting for approval', tone: 'warning' };
    case 'done':
      return { icon: 'check', text: 'Done', tone: 'plain' };
    case 'stopped':
      return { icon: 'warning', text: 'Stopped', tone: 'warning' };
    case 'cancelled':
      return { icon: 'circle-slash', text: 'Cancelled', tone: 'warning' };
    case 'failed':
      return { icon: 'error', text: 'Failed', tone: 'error' };
  }
}
