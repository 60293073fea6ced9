/**
 * Prepared statements and portals of one session, by name. A name changes when the server confirms it; until then the
 * change is pending, and holds for the messages that come after it up to the next Sync.
 */
import { PortcullisError } from '../kit/errors.ts';
import type { MaskPlan } from '../masking/maskPlan.ts';
import type { ApprovedMessage, JudgedMessage } from './judging/judgement.ts';
import type { Parameters } from './limiting/lookups.ts';

export interface PreparedStatement {
  readonly text: string;
  /** Replaced when policy, catalog or classifications have changed since. */
  judged: JudgedMessage;
}

export interface Portal {
  readonly statement: PreparedStatement;
  /** Where the names of the statement were looked up when it was bound (LivePath.id); undefined where that does not matter. */
  readonly path: number | undefined;
  /** Given for this statement with these values, where it needs one. */
  readonly approval: ApprovedMessage | undefined;
  /** The values that it was bound with, where they are looked up in protected columns. */
  readonly parameters: Parameters;
  /** When it was bound: microseconds of the monotonic clock. */
  readonly sentAt: number;
  /** True once its rows are described to us: the mask plan is that of this very portal. */
  isDescribed: boolean;
  plan: MaskPlan | undefined;
}

interface Slot<T> {
  live: T | undefined;
  pending: T | undefined;
  pendingSegment: number;
}

/** `wait`: what the name means is open until the server has answered what is under way. */
export type Lookup<T> =
  | { readonly kind: 'found'; readonly value: T }
  | { readonly kind: 'none' }
  | { readonly kind: 'wait' };

export class Names<T> {
  readonly #slots = new Map<string, Slot<T>>();

  get size(): number {
    return this.#slots.size;
  }

  /** What `name` means for a message of `segment` (messages between two Syncs are one segment). */
  find(name: string, segment: number): Lookup<T> {
    const slot = this.#slots.get(name);
    if (slot === undefined) return { kind: 'none' };
    if (slot.pending !== undefined) {
      if (slot.pendingSegment !== segment) return { kind: 'wait' };
      return { kind: 'found', value: slot.pending };
    }
    return slot.live === undefined ? { kind: 'none' } : { kind: 'found', value: slot.live };
  }

  /** The client has asked for it; the server has not yet said yes. */
  propose(name: string, value: T, segment: number): void {
    const slot = this.#slots.get(name);
    if (slot === undefined) {
      this.#slots.set(name, { live: undefined, pending: value, pendingSegment: segment });
    } else {
      slot.pending = value;
      slot.pendingSegment = segment;
    }
  }

  confirm(name: string, value: T): void {
    const slot = this.#slots.get(name);
    if (slot === undefined) {
      this.#slots.set(name, { live: value, pending: undefined, pendingSegment: 0 });
      return;
    }
    slot.live = value;
    if (slot.pending === value) slot.pending = undefined;
  }

  /** The server did not take it. */
  withdraw(name: string, value: T): void {
    const slot = this.#slots.get(name);
    if (slot === undefined || slot.pending !== value) return;
    slot.pending = undefined;
    if (slot.live === undefined) this.#slots.delete(name);
  }

  /** What the name stands for on the server now. */
  live(name: string): T | undefined {
    return this.#slots.get(name)?.live;
  }

  /** The server has dropped it; a newer one under the same name stays. */
  drop(name: string, value: T | undefined): void {
    const slot = this.#slots.get(name);
    if (slot === undefined || slot.live !== value) return;
    slot.live = undefined;
    if (slot.pending === undefined) this.#slots.delete(name);
  }

  /** The server has dropped all that it had; what was asked for since stays. */
  clearLive(): void {
    for (const [name, slot] of this.#slots) {
      slot.live = undefined;
      if (slot.pending === undefined) this.#slots.delete(name);
    }
  }
}

/** Names are kept as latin1 so that any bytes stay distinct; on the wire they go back as the bytes they were. */
export function utf8Name(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8');
}

/** What is said where a portal or a prepared statement is asked for that does not exist. */
export function unknownName(isPortal: boolean, name: string): PortcullisError {
  return new PortcullisError(isPortal ? 'PORTAL_UNKNOWN' : 'STATEMENT_NAME_UNKNOWN', { name });
}
