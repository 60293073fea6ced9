/** From an event to its row: whose it is, what it touches, and the columns that are searched. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../audit/canonicalJson.ts';
import type { JournalEvent } from '../../audit/events.ts';
import { logEntryOf } from '../../audit/log/logEntry.ts';
import { leafHash } from '../../audit/log/merkleTree.ts';
import type { Identity } from '../../identity/identity.ts';
import { Problem } from '../problem.ts';

/** What an event without an identity of its own takes over from the one it belongs to. */
export interface Inherited {
  readonly subject: string;
  readonly email: string | null;
  readonly connection: string | null;
  readonly decision: string | null;
  readonly relations: readonly string[];
}

/** Hashes of an event, hex. */
export interface EventHashes {
  /** SHA-256 of the canonical JSON. */
  readonly digest: string;
  /** Over its entry in the log (RFC 6962). */
  readonly leaf: string;
}

/** The names are those of the columns; `leaf` is kept with the log. */
export interface EventRow extends Inherited, EventHashes {
  readonly seq: number;
  readonly at: string;
  readonly kind: string;
  readonly session: string | null;
  readonly outcome_of: number | null;
  readonly changes_schema: boolean;
  readonly event: JournalEvent;
}

/** Effects after which a database may look different. */
const schemaEffects: ReadonlySet<string> = new Set(['create', 'alterAdditive', 'alter', 'drop', 'privilege']);

/** @throws Problem 400 where it has no canonical form */
export function hashEvent(proxy: string, event: { readonly seq: number }): EventHashes {
  try {
    const text = canonicalJson(event);
    return {
      digest: createHash('sha256').update(text).digest('hex'),
      leaf: leafHash(logEntryOf(proxy, event.seq, text)).toString('hex'),
    };
  } catch (error) {
    // TypeError: half a surrogate pair. RangeError: nested too deeply.
    if (error instanceof TypeError || error instanceof RangeError) {
      throw new Problem(
        400,
        `Event ${event.seq} cannot be recorded: it has no canonical JSON form (RFC 8785).`,
      );
    }
    throw error;
  }
}

/**
 * @param sender whoever sent it; what an event says about its own address is not believed, unless the sender serves many
 * @param isService whether the sender may speak for others
 * @param inherited of the intent or the session it belongs to
 */
export function makeEventRow(
  proxy: string,
  event: JournalEvent,
  sender: Identity,
  isService: boolean,
  inherited: Inherited | undefined,
): EventRow {
  const identity = 'identity' in event ? event.identity : undefined;
  const subject = identity?.subject ?? inherited?.subject ?? sender.subject;
  const named = identity?.email ?? inherited?.email ?? null;
  const email = subject === sender.subject ? sender.email : isService ? named : null;
  const decision = 'decision' in event ? event.decision?.outcome : undefined;
  const effects = ('effects' in event ? event.effects : undefined) ?? [];
  return {
    seq: event.seq,
    at: event.at,
    kind: event.kind,
    subject,
    email,
    connection: ('connection' in event ? event.connection : undefined) ?? inherited?.connection ?? null,
    decision: decision ?? (isRefused(event) ? 'deny' : (inherited?.decision ?? null)),
    relations: namesOf(event) ?? inherited?.relations ?? [],
    session: ('session' in event ? event.session : undefined) ?? null,
    outcome_of: event.kind === 'outcome' ? event.for : null,
    changes_schema: event.kind === 'intent' && effects.some(({ kind }) => schemaEffects.has(kind)),
    ...hashEvent(proxy, event),
    event,
  };
}

function isRefused(event: JournalEvent): boolean {
  return event.kind === 'refusal' || (event.kind === 'signIn' && event.status === 'refused');
}

function namesOf(event: JournalEvent): readonly string[] | undefined {
  if (!('relations' in event) || event.relations === undefined) return undefined;
  const names = event.relations.flatMap(({ schema, name }) =>
    schema === undefined ? [name] : [`${schema}.${name}`, name],
  );
  return [...new Set(names)];
}
