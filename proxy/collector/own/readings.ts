/**
 * That the records are read is itself recorded, before what was read is handed out. Who asks the same again within five
 * minutes (a view that refreshes itself, the next pages, a mirror of the log) is told of at the first time, and once more
 * with the sums when the time is over: so reading the readings does not feed on itself, and stays fast.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { canonicalJson } from '../../audit/canonicalJson.ts';
import { type RecordsReadEvent, recordedIdentity } from '../../audit/events.ts';
import { callerOf } from '../authentication.ts';
import { clientOf } from './caller.ts';
import type { OwnEvents, OwnFields } from './ownEvents.ts';

export interface Reading {
  readonly how: RecordsReadEvent['how'];
  /** What was asked for: texts alone are recorded. */
  readonly filter: Readonly<Record<string, unknown>>;
  readonly results: number;
  readonly format?: string | undefined;
  readonly ownOnly?: boolean;
}

const windowMs = 5 * 60_000;
/** More that differ are recorded one by one. */
const maxKept = 2_000;

interface Kept {
  readonly fields: Extract<OwnFields, { kind: 'recordsRead' }>;
  results: number;
  requests: number;
  readonly timer: NodeJS.Timeout;
}

export class Readings {
  readonly #own: OwnEvents;
  readonly #windowMs: number;
  readonly #kept = new Map<string, Kept>();

  constructor(own: OwnEvents, options: { readonly windowMs?: number } = {}) {
    this.#own = own;
    this.#windowMs = options.windowMs ?? windowMs;
  }

  /** Answers once it is recorded: what could not be recorded is not handed out. @throws as OwnEvents.record does */
  async record(request: FastifyRequest, reading: Reading): Promise<void> {
    const fields = this.#describe(request, reading);
    // Each export is a copy that leaves: each is told of.
    if (reading.how === 'export') return this.#own.record(fields);
    const { client: _client, results: _results, ...same } = fields;
    const key = canonicalJson(same);
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      kept.results += reading.results;
      kept.requests += 1;
      return;
    }
    await this.#own.record(fields);
    if (this.#kept.size >= maxKept || this.#kept.has(key)) return;
    const timer = setTimeout(() => void this.#close(key), this.#windowMs).unref();
    this.#kept.set(key, { fields, results: 0, requests: 0, timer });
  }

  /** Records the sums that are not recorded yet. */
  async stop(): Promise<void> {
    await Promise.all([...this.#kept.keys()].map((key) => this.#close(key)));
  }

  async #close(key: string): Promise<void> {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    clearTimeout(kept.timer);
    this.#kept.delete(key);
    if (kept.requests === 0) return;
    const { fields, results, requests } = kept;
    await this.#own.recordOnce(
      { ...fields, results, requests },
      `reading:${key}:${randomUUID()}`,
      new Date(Date.now() + 3_600_000),
    );
  }

  #describe(request: FastifyRequest, { how, filter, results, format, ownOnly }: Reading): Kept['fields'] {
    const texts = Object.entries(filter).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string' && !pagingKeys.has(entry[0]),
    );
    return {
      kind: 'recordsRead',
      client: clientOf(request),
      identity: recordedIdentity(callerOf(request).identity),
      how,
      filter: Object.fromEntries(texts),
      results,
      requests: 1,
      ...(format !== undefined && { format }),
      ...(ownOnly === true && { ownOnly }),
    };
  }
}

/** They name a part of what was asked for, not something else. */
const pagingKeys: ReadonlySet<string> = new Set(['cursor', 'limit', 'format']);
