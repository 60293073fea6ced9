/**
 * The journal: every statement's event, on this machine's disk, before the statement runs.
 *
 *   intent() ─▶ pending (memory) ─flush()─▶ kernel ─sync()─▶ disk
 *
 * Lines flushed survive any crash of the process, lines synced a crash of the machine. Nothing that was recorded is
 * lost while the process lives: what cannot be written stays pending and is tried again; what was written is kept until
 * an fdatasync has answered for it, because after a failed one the kernel may have dropped it (fsync(2), NOTES).
 */
import { isoNow, monotonicMicros } from '../../kit/clock.ts';
import { PortcullisError } from '../../kit/errors.ts';
import type { OwnerFile } from '../../kit/ownerFile.ts';
import type {
  HeartbeatFields,
  OutcomeFields,
  RefusalFields,
  SessionClosedFields,
  SessionOpenedFields,
  StartedFields,
} from '../events.ts';
import {
  type EventTemplate,
  type IntentTemplate,
  renderLine,
  renderOutcomeLine,
  renderRefusal,
  renderTemplate,
} from '../eventTemplate.ts';
import { GroupCommit } from './groupCommit.ts';
import { type JournalHead, makeHead, writeHead } from './journalHead.ts';

import { unavailable } from './journalUnavailable.ts';
import type { JournalWriter } from './journalWriter.ts';
import type { LastRun } from './lastRun.ts';
import { PendingLines } from './pendingLines.ts';
import type { JournalDisk } from './segmentFile.ts';

export interface JournalOptions {
  /** A segment that has reached this size is closed at the next sync, and a new one begun. 64 MiB unless told. */
  readonly segmentBytes?: number;
  /** Lines that may wait for a disk that takes none, in bytes. 8 MiB unless told. */
  readonly pendingBytes?: number;
  /** Between heartbeats, milliseconds; ten times as long while there is nothing else to record. A minute unless told. */
  readonly heartbeatMs?: number;
  /** After so many bytes of lines a heartbeat is recorded before its time, to commit to them. 4 MiB unless told. */
  readonly commitmentBytes?: number;
  /** Told once when recording fails, and again when it fails in another way. */
  readonly onFault?: (error: PortcullisError) => void;
  /** Told when recording works again. */
  readonly onResume?: () => void;
  readonly disk?: JournalDisk;
}

/** Everything written is synced this many milliseconds after it was recorded, unless a caller syncs before. */
const backgroundDelay = 20;
const longestRetryDelay = 1000;
const quietTicksPerBeat = 10;

export class Journal {
  private readonly pending = new PendingLines();
  private readonly pendingBytes: number;
  private readonly commits = new GroupCommit(() => this.commit());
  private timer: NodeJS.Timeout | undefined;
  private retryDelay = backgroundDelay;
  private fault: PortcullisError | undefined;
  private isClosed = false;
  private closing: Promise<void> | undefined;
  private heartbeats: NodeJS.Timeout | undefined;
  private lastBeat = monotonicMicros();
  private seqOfBeat = 0;
  private quietTicks = 0;
  /** Number of the last event that was handed to the kernel. */
  private writtenSeq = 0;
  /** The newest commitment, until it is on the disk and journal.head names it. */
  private head: JournalHead | undefined;

  /** Use `openJournal`. */
  constructor(
    private readonly folder: string,
    private readonly writer: JournalWriter,
    private readonly lock: OwnerFile,
    private seq: number,
    private readonly options: JournalOptions,
  ) {
    this.pendingBytes = options.pendingBytes ?? 8 * 2 ** 20;
  }

  /** Number of the event recorded last. */
  get lastSeq(): number {
    return this.seq;
  }

  /** Why nothing can be recorded at present; undefined while all is well. */
  get unavailability(): PortcullisError | undefined {
    return this.fault;
  }

  /**
   * Records that a statement is about to be forwarded; answers its number. The statement may be forwarded once
   * `flush` (or `sync`) has come back; where either throws, call {@link withdraw} and refuse it.
   * @throws PortcullisError JOURNAL_UNAVAILABLE where too much waits already: nothing was recorded
   */
  intent(template: IntentTemplate): number {
    this.requireRoom();
    return this.append(template);
  }

  /**
   * For an intent whose statement will not be forwarded because `flush` or `sync` threw. One that still waits is replaced
   * by a mark that says so; one that was written gets the outcome notRun.
   */
  withdraw(seq: number): void {
    if (this.pending.withdraw(seq)) return;
    this.outcome({ for: seq, micros: 0, rows: 0, sqlState: '53100', status: 'notRun' });
  }

  /** Records what came of an intent. Written with the next flush, or within 20 ms. Never lost while the process lives. */
  outcome(fields: OutcomeFields): number {
    this.requireOpen();
    this.seq += 1;
    this.pending.add(this.seq, renderOutcomeLine(isoNow(), this.seq, fields));
    this.schedule(backgroundDelay);
    return this.seq;
  }

  /** Records what was not let through. @throws PortcullisError JOURNAL_UNAVAILABLE as `intent` does */
  refusal(fields: RefusalFields): number {
    this.requireRoom();
    return this.append(renderRefusal(fields));
  }

  /** @throws PortcullisError JOURNAL_UNAVAILABLE as `intent` does */
  sessionOpened(fields: SessionOpenedFields): number {
    this.requireRoom();
    return this.append(renderTemplate('sessionOpened', fields));
  }

  sessionClosed(fields: SessionClosedFields): number {
    return this.append(renderTemplate('sessionClosed', fields));
  }

  /**
   * Records that the proxy started, and an end for everything that the last run had begun when it was cut off: what came
   * of its statements is not known, and saying so closes the books. Returns when all of it is on the disk.
   * @throws PortcullisError JOURNAL_UNAVAILABLE (as rejection)
   */
  async start(fields: StartedFields, { openIntents, openSessions }: Omit<LastRun, 'tree'>): Promise<void> {
    this.commitTo('started', fields);
    for (const seq of openIntents) this.outcome({ for: seq, micros: 0, rows: 0, status: 'unknown' });
    for (const [session, statements] of openSessions) {
      this.sessionClosed({ session, reason: 'crashed', statements });
    }
    await this.sync();
    this.heartbeats = setInterval(() => this.tick(), this.options.heartbeatMs ?? 60_000);
    this.heartbeats.unref();
  }

  /** Milliseconds since the last heartbeat or start. */
  private get awake(): number {
    return Math.floor((monotonicMicros() - this.lastBeat) / 1000);
  }

  /** Most proxies are idle most of the day: their heartbeats must not drown what was done. */
  private tick(): void {
    this.quietTicks = this.seq === this.seqOfBeat ? this.quietTicks + 1 : 0;
    if (this.quietTicks % quietTicksPerBeat === 0) this.beat();
  }

  /** Records that the proxy lives. Where nothing can be written, the next heartbeat tries again. */
  private beat(): void {
    try {
      this.commitTo('heartbeat', { awake: this.awake });
      this.lastBeat = monotonicMicros();
      this.seqOfBeat = this.seq;
    } catch {
      // `flush` has reported it.
    }
  }

  /**
   * Records an event that commits to all lines before it: they are written first, and the event is the next line.
   * @throws PortcullisError JOURNAL_UNAVAILABLE where they cannot be written: nothing was recorded
   */
  private commitTo(
    kind: 'started' | 'heartbeat' | 'stopped',
    fields: StartedFields | HeartbeatFields | object,
  ) {
    this.flush();
    const template = renderTemplate(kind, { ...fields, tree: this.writer.closeTree() });
    this.seq += 1;
    const line = renderLine(isoNow(), this.seq, template);
    this.pending.add(this.seq, line);
    this.head = makeHead(this.seq, line);
    this.schedule(backgroundDelay);
  }

  /**
   * Hands everything recorded to the kernel, in one write: from then on it survives any crash of this process.
   * @throws PortcullisError JOURNAL_UNAVAILABLE: nothing was written, everything still waits and is tried again
   */
  flush(): void {
    this.requireOpen();
    try {
      this.writer.requireUsable();
      if (this.pending.isEmpty) return;
      this.writer.write(this.pending.text());
    } catch (error) {
      throw this.fail(error);
    }
    this.pending.clear();
    this.writtenSeq = this.seq;
    if (this.fault !== undefined) this.resume();
  }

  /**
   * Brings everything recorded to the disk. Calls that arrive while one fdatasync runs share the next one.
   * @throws PortcullisError JOURNAL_UNAVAILABLE (as rejection)
   */
  sync(): Promise<void> {
    try {
      this.flush();
    } catch (error) {
      return Promise.reject(error);
    }
    return this.writer.isDirty ? this.commits.join() : this.commits.current();
  }

  /**
   * Records the stop, brings everything to the disk and gives the folder free; nothing can be recorded afterwards.
   * @throws PortcullisError JOURNAL_UNAVAILABLE (as rejection) where lines could not be written; the folder is free all the same
   */
  close(): Promise<void> {
    this.closing ??= this.stop();
    return this.closing;
  }

  private async stop(): Promise<void> {
    clearInterval(this.heartbeats);
    try {
      this.commitTo('stopped', { awake: this.awake });
      await this.sync();
    } finally {
      this.isClosed = true;
      clearTimeout(this.timer);
      await this.commits.idle();
      this.writer.close();
      this.lock.release();
    }
  }

  private append(template: EventTemplate): number {
    this.requireOpen();
    this.seq += 1;
    this.pending.add(this.seq, renderLine(isoNow(), this.seq, template));
    this.schedule(backgroundDelay);
    return this.seq;
  }

  private requireOpen(): void {
    if (this.isClosed) throw unavailable(new Error('the journal is closed'));
  }

  /** Outcomes are always taken (there are no more of them than statements that run); everything else needs room. */
  private requireRoom(): void {
    if (this.pending.size > this.pendingBytes)
      throw this.fault ?? unavailable(new Error('too much waits to be written'));
  }

  private async commit(): Promise<void> {
    // A head whose line still waits is published after the commit that brings the line to the disk.
    const head = this.head !== undefined && this.head.seq <= this.writtenSeq ? this.head : undefined;
    try {
      await this.writer.commit((error) => this.fail(error));
    } catch (error) {
      throw this.fail(error);
    }
    if (this.fault !== undefined && this.pending.isEmpty) this.resume();
    if (head !== undefined) this.publish(head);
    if (this.isClosed || this.writer.uncommittedBytes < (this.options.commitmentBytes ?? 4 * 2 ** 20)) return;
    this.beat();
  }

  private publish(head: JournalHead): void {
    writeHead(this.folder, head);
    if (this.head === head) this.head = undefined;
  }

  private schedule(delay: number): void {
    if (this.timer !== undefined || this.isClosed) return;
    this.timer = setTimeout(() => this.syncInBackground(), delay);
    this.timer.unref();
  }

  private syncInBackground(): void {
    this.timer = undefined;
    // A segment that failed is replaced by a commit; flush would only refuse.
    const done = this.writer.hasFailed ? this.commits.join() : this.sync();
    done.then(
      () => {
        if (!this.pending.isEmpty || this.writer.isDirty) this.schedule(backgroundDelay);
      },
      () => this.schedule(this.retryDelay), // `fail` has reported it
    );
  }

  private fail(error: unknown): PortcullisError {
    const fault = PortcullisError.is(error) ? error : unavailable(error);
    const isNews = fault.message !== this.fault?.message;
    this.fault = fault;
    this.retryDelay = Math.min(this.retryDelay * 2, longestRetryDelay);
    this.schedule(this.retryDelay);
    if (isNews) this.options.onFault?.(fault);
    return fault;
  }

  private resume(): void {
    this.fault = undefined;
    this.retryDelay = backgroundDelay;
    this.options.onResume?.();
  }
}
