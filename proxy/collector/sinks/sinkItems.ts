/**
 * From leaves of the log to what a sink is sent. A statement whose outcome came with it in one batch is one event. Where the
 * outcome came later, the statement has been told of without it, and the outcome is an event of its own, with all that is
 * known of the statement. Which of the two is decided by what the store holds, never by when somebody looks.
 */
import type { JournalEvent } from '../../audit/events.ts';
import { type CloudEvent, toCloudEvents } from '../../audit/ocsf/cloudEvents.ts';
import type { Leaf, LeafContext, StoredEvent } from '../store/sinks/leaves.ts';
import type { SinkItem, SinkSettings } from './sink.ts';

export interface Projected {
  readonly items: readonly SinkItem[];
  /** Leaves whose event the store no longer holds, so that nothing can be sent. */
  readonly gone: readonly number[];
}

export function projectLeaves(
  leaves: readonly Leaf[],
  context: LeafContext,
  filter: Pick<SinkSettings, 'decisions' | 'environments'>,
): Projected {
  const items: SinkItem[] = [];
  const gone: number[] = [];
  for (const leaf of leaves) {
    const { stored } = leaf;
    const told = stored && describe(stored, context);
    if (stored === undefined || told === 'gone') {
      gone.push(leaf.index);
    } else if (told !== undefined && passes(filter, stored.decision, told.environment)) {
      const { event } = told;
      items.push({ index: leaf.index, receivedAt: stored.receivedAt, event, text: JSON.stringify(event) });
    }
  }
  return { items, gone };
}

interface Told {
  readonly event: CloudEvent;
  readonly environment: string | undefined;
}

/** Undefined where there is nothing to tell: an outcome that is told of with its statement. */
function describe(stored: StoredEvent, context: LeafContext): Told | 'gone' | undefined {
  const { proxy, event } = stored;
  if (event.kind === 'outcome') {
    const intent = context.intents.get(`${proxy}/${event.for}`);
    if (intent === undefined) return 'gone';
    return intent.receivedAt === stored.receivedAt ? undefined : describeOutcome(stored, intent);
  }
  if (event.kind === 'intent') {
    const outcome = context.outcomes.get(`${proxy}/${event.seq}`);
    return wrap(stored, outcome?.receivedAt === stored.receivedAt ? outcome : undefined);
  }
  if (event.kind === 'sessionClosed') return wrap(stored, context.sessions.get(`${proxy}/${event.session}`));
  return wrap(stored, undefined);
}

function wrap(stored: StoredEvent, other: StoredEvent | undefined): Told | undefined {
  const [event] = toCloudEvents([stored], other === undefined ? [] : [other]);
  if (event === undefined) return undefined;
  return { event, environment: environmentOf(stored.event) ?? (other && environmentOf(other.event)) };
}

function describeOutcome(outcome: StoredEvent, intent: StoredEvent): Told | undefined {
  const told = wrap({ ...intent, receivedAt: outcome.receivedAt }, outcome);
  if (told === undefined) return undefined;
  const { seq, at, kind } = outcome.event;
  const { event } = told;
  const metadata = {
    ...event.data.metadata,
    uid: `${outcome.proxy}/${seq}`,
    sequence: seq,
    original_time: at,
    event_code: kind,
  };
  return {
    environment: told.environment,
    event: {
      ...event,
      id: String(seq),
      type: `portcullis.${kind}`,
      time: at,
      data: { ...event.data, time: Date.parse(at), metadata },
    },
  };
}

function environmentOf(event: JournalEvent): string | undefined {
  return 'environment' in event && typeof event.environment === 'string' ? event.environment : undefined;
}

function passes(
  { decisions, environments }: Pick<SinkSettings, 'decisions' | 'environments'>,
  decision: string | undefined,
  environment: string | undefined,
): boolean {
  const isWanted = (wanted: readonly string[] | undefined, value: string | undefined) =>
    wanted === undefined || (value !== undefined && wanted.includes(value));
  return isWanted(decisions, decision) && isWanted(environments, environment);
}
