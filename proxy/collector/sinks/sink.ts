/** What a sink is: somewhere else that is handed what was recorded, batch by batch, and says whether it has it. */
import type { CloudEvent } from '../../audit/ocsf/cloudEvents.ts';

/** One event to be handed on. */
export interface SinkItem {
  /** Of its leaf in the log. */
  readonly index: number;
  /** RFC 3339: when the collector took it. */
  readonly receivedAt: string;
  readonly event: CloudEvent;
  /** The event as JSON: what most sinks send, and what its size is counted by. */
  readonly text: string;
}

/** What came of a batch. Reasons are words for a person, and hold nothing that a receiver could have put there to mislead. */
export type Delivery =
  /** The receiver has all of it, for good. */
  | { readonly kind: 'taken' }
  /** It may take the same batch later. `isAway`: it says nothing about the batch, so that no number of tries tells anything. */
  | { readonly kind: 'later'; readonly reason: string; readonly isAway: boolean; readonly afterMs?: number }
  /** It never will. `canSplit`: perhaps because of one event among them, which smaller batches will find. */
  | { readonly kind: 'refused'; readonly reason: string; readonly canSplit: boolean };

export interface Sink {
  /** Never an empty batch. Settles within the time that its settings give it, or soon after `signal`. */
  deliver(items: readonly SinkItem[], signal: AbortSignal): Promise<Delivery>;
  /** Lets go of what it holds open. */
  close(): Promise<void>;
}

export type SinkKind = 'webhook' | 'otlp' | 'syslog' | 'jsonLines';

/** What is the same for all kinds. */
export interface SinkSettings {
  readonly name: string;
  /** Only events with one of these decisions; all, and those without any, where it is absent. */
  readonly decisions?: readonly string[];
  /** Only events of these environments; all, and those of none, where it is absent. */
  readonly environments?: readonly string[];
  /** Where a sink that is new begins. */
  readonly start: 'now' | 'beginning';
  readonly batchEvents: number;
  /** So many failures that do say something about a batch make it refused. */
  readonly tries: number;
  readonly timeoutMs: number;
  readonly target: SinkTarget;
}

export type SinkTarget = WebhookTarget | OtlpTarget | SyslogTarget | JsonLinesTarget;

export interface WebhookTarget {
  readonly kind: 'webhook';
  readonly url: string;
  /** Standard Webhooks: each signs, so that a receiver may know the old one or the new one. */
  readonly secrets: readonly Buffer[];
  readonly headers: Readonly<Record<string, string>>;
  /** PEM: authorities trusted in place of the usual ones. */
  readonly ca?: string;
}

export interface OtlpTarget {
  readonly kind: 'otlp';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly ca?: string;
}

export interface SyslogTarget {
  readonly kind: 'syslog';
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly ca?: string;
}

export interface JsonLinesTarget {
  readonly kind: 'jsonLines';
  readonly path: string;
}
