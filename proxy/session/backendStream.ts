/** What the server sends: answers are matched to what was asked, rows and error texts masked, outcomes written. */
import { monotonicMicros } from '../kit/clock.ts';
import { PortcullisError } from '../kit/errors.ts';
import type { CopyRows } from '../masking/copy/copyRows.ts';
import { maskErrorFields } from '../masking/maskMessage.ts';
import { type MaskPlan, maskedColumnsOf } from '../masking/maskPlan.ts';
import { OutputBuffer } from '../masking/outputBuffer.ts';
import { type NoteFound, RowMasker } from '../masking/rowMasker.ts';
import { MessageCursor } from '../wire/cursor.ts';
import { checkLength, type FrameSink, FrameWalker, Partial, Verdict } from '../wire/frameWalker.ts';
import { Backend, maxMessageBytes, TransactionStatus, WireError } from '../wire/protocol.ts';
import { encodeMaskNotice, encodeRefusal, readErrorFields, readTag } from './answerMessages.ts';
import { type ColumnProbe, dropPosition, isUnasked } from './columnProbe.ts';
import { countCopied, rewriteCopyData, startCopyOut } from './copyOut.ts';
import type { TableProbe } from './following/tableProbe.ts';
import { type CountedChange, currentRun, type Expectation, judgementOf } from './inFlight.ts';
import type { JudgedStatement, StatementRun } from './judging/judgement.ts';
import { rowsInTag } from './limiting/changedRows.ts';
import { commitQuery, failingParse, failingQuery, rollbackQuery } from './ownMessages.ts';
import type { SessionState } from './sessionState.ts';
import type { StatementPipeline } from './statementPipeline.ts';

/** Settings that the server must report as we pinned them; with others it reads another text than we judge. */
const pinned: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  standard_conforming_strings: 'on',
};

const flushOutputAt = 65_536;
const passInPiecesFrom = 1024 * 1024;

export interface BackendPeer {
  /** Bytes for the client; valid during the call only. */
  toClient(bytes: Buffer): void;
  pauseServer(): void;
  resumeServer(): void;
  onFatal(error: Error): void;
}

export class BackendStream implements FrameSink {
  readonly walker = new FrameWalker(this);
  readonly #state: SessionState;
  readonly #pipeline: StatementPipeline;
  readonly #peer: BackendPeer;
  /** Rewritten rows gather here and leave together. */
  #output = new OutputBuffer();
  /** Masks the rows of the answer under way; undefined where nothing is masked. */
  #masker: RowMasker | undefined;
  /** Whose rows `#masker` is for. */
  #maskedFor: Expectation | undefined;
  /** Rewrites what is being copied out; undefined where nothing of it is masked. */
  #copyOut: CopyRows | undefined;
  #isEnded = false;
  /** Messages of ours that wait for the end of one of the server's. */
  #unsaid: Buffer[] = [];
  /** True once the server has said goodbye by itself (FATAL): nothing needs to be added. */
  hasSaidFatal = false;

  constructor(state: SessionState, pipeline: StatementPipeline, peer: BackendPeer) {
    this.#state = state;
    this.#pipeline = pipeline;
    this.#peer = peer;
  }

  feed(bytes: Buffer, length: number): void {
    if (this.#isEnded) return;
    this.#guard(() => {
      this.walker.feed(bytes, length);
      this.#flushOutput();
    });
  }

  /** Tells the client something of our own, between two messages of the server. */
  say(message: Buffer): void {
    if (this.walker.isInsideMessage) {
      this.#unsaid.push(message);
      return;
    }
    this.#flushOutput();
    this.#peer.toClient(message);
  }

  /** The server is gone: what was under way has an unknown end. */
  abandon(): void {
    this.#isEnded = true;
    for (;;) {
      const expectation = this.#state.inFlight.shift();
      if (expectation === undefined) return;
      for (const run of runsOf(expectation)) this.#pipeline.finish(run, 'unknown');
    }
  }

  checkHeader(type: number, length: number): void {
    checkLength(type, length, maxMessageBytes);
  }

  /** Large values pass in pieces. Others are gathered, so that a server that dies does not leave half a row behind. */
  onPartial(type: number, length: number): Partial {
    if (length < passInPiecesFrom) return Partial.gather;
    if (type === Backend.copyData) return this.#copyOut === undefined ? Partial.pass : Partial.gather;
    if (type !== Backend.dataRow) return Partial.gather;
    this.#findMasks();
    if (this.#masker !== undefined) return Partial.gather;
    this.#countRow();
    return Partial.pass;
  }

  forward(buffer: Buffer, start: number, end: number): void {
    this.#flushOutput();
    this.#peer.toClient(buffer.subarray(start, end));
  }

  onMessage(type: number, buffer: Buffer, start: number, end: number): Verdict {
    if (this.#unsaid.length > 0) {
      this.walker.cut();
      for (const message of this.#unsaid.splice(0)) this.say(message);
    }
    const { head } = this.#state.inFlight;
    if (head?.kind === 'probe' && !isUnasked(type))
      return this.#onProbe(head.probe, type, buffer, start, end);
    switch (type) {
      case Backend.dataRow:
        return this.#onDataRow(buffer, start, end);
      case Backend.rowDescription:
        return this.#onRowDescription(buffer, start, end);
      case Backend.noData:
        return this.#endDescribe();
      case Backend.commandComplete:
        return this.#onCommandComplete(buffer, start, end);
      case Backend.emptyQueryResponse:
        if (this.#state.inFlight.head?.kind === 'execute') this.#state.inFlight.shift();
        return Verdict.forward;
      case Backend.portalSuspended:
        // Of what writes and is not read to its end nobody learns how many rows it has changed.
        if (this.#overrunOf('suspended') !== undefined) return this.#undo('suspended');
        this.#endStatement('suspended');
        return Verdict.forward;
      case Backend.parseComplete:
        return this.#onParseComplete();
      case Backend.bindComplete:
        return this.#onBindComplete();
      case Backend.closeComplete:
        return this.#onCloseComplete();
      case Backend.functionCallResponse:
        this.#endStatement(undefined);
        return Verdict.forward;
      case Backend.readyForQuery:
        return this.#onReadyForQuery(buffer, start);
      case Backend.errorResponse:
        return this.#onError(buffer, start, end);
      case Backend.noticeResponse:
        return this.#onNotice(buffer, start, end);
      case Backend.parameterStatus:
        return this.#onParameterStatus(buffer, start, end);
      case Backend.copyInResponse:
        this.#state.answerCopy('in');
        return Verdict.forward;
      case Backend.copyOutResponse:
        return this.#onCopyOut(buffer, start, end);
      case Backend.copyData:
        return this.#onCopyData(buffer, start, end);
      case Backend.copyDone:
        this.#copyOut?.end();
        return Verdict.forward;
      case Backend.copyBothResponse:
        throw new WireError('the server began a replication stream');
      default:
        // ParameterDescription, NotificationResponse pass as they are.
        return Verdict.forward;
    }
  }

  #onDataRow(buffer: Buffer, start: number, end: number): Verdict {
    this.#findMasks();
    this.#countRow();
    const masker = this.#masker;
    if (masker === undefined) return Verdict.forward;
    // Behind rewritten rows that wait, copying one more is less than sending both apart.
    if (this.#output.length === 0 && !masker.mustRewrite(buffer, start, end)) return Verdict.forward;
    this.walker.cut();
    masker.maskRow(buffer, start, end, this.#output);
    if (this.#output.length >= flushOutputAt) this.#flushOutput();
    return Verdict.taken;
  }

  #onCopyOut(buffer: Buffer, start: number, end: number): Verdict {
    const run = currentRun(this.#state.inFlight.head);
    if (run === undefined) throw new WireError('the server copies out what nobody asked for');
    const noteFound = this.#noteFoundIn(run);
    this.#copyOut = startCopyOut(run, this.#pipeline.catalog, noteFound, buffer, start, end);
    if (run.probe?.plan !== undefined) this.#tellMasks(run.probe.plan);
    return Verdict.forward;
  }

  #onCopyData(buffer: Buffer, start: number, end: number): Verdict {
    if (this.#copyOut === undefined) return Verdict.forward;
    this.walker.cut();
    rewriteCopyData(this.#copyOut, buffer, start, end, this.#output);
    if (this.#output.length >= flushOutputAt) this.#flushOutput();
    return Verdict.taken;
  }

  /** The answer to a question of our own, between answers to the client's. */
  #onProbe(
    probe: ColumnProbe | TableProbe,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): Verdict {
    const message = buffer.subarray(start, end);
    if (type === Backend.errorResponse && !probe.takesError(message))
      return this.#onError(buffer, start, end);
    const read = probe.read(type, message, (described, judged) =>
      this.#pipeline.planRows(described, judged, undefined),
    );
    if (read instanceof Promise) return this.#holdFor(read);
    if (read === 'whole') {
      if (probe.holdsNames) this.#state.inFlight.nameChanges--;
      this.#state.inFlight.shift();
    }
    this.walker.cut();
    return Verdict.taken;
  }

  #countRow(): void {
    const run = currentRun(this.#state.inFlight.head);
    if (run === undefined) throw new WireError('the server sent a row that nobody asked for');
    run.rows++;
  }

  #onRowDescription(buffer: Buffer, start: number, end: number): Verdict {
    const head = this.#state.inFlight.head;
    if (head?.kind === 'describe' && !head.isPortal) return this.#endDescribe();
    const judged = judgedRows(head);
    const plan = this.#pipeline.planRows(buffer.subarray(start, end), judged, this.#fetchedFrom(judged));
    if (plan instanceof Promise) return this.#holdFor(plan);
    if (plan !== undefined) this.#tellMasks(plan);
    if (head?.kind === 'describe' && 'plan' in head.target) {
      head.target.plan = plan;
      return this.#endDescribe();
    }
    if (head?.kind !== 'query') throw new WireError('the server described rows that nobody asked for');
    this.#useMasks(head, plan);
    return Verdict.forward;
  }

  /** FETCH reads from the protocol's portals, too (manual, FETCH). */
  #fetchedFrom(judged: JudgedStatement | undefined): JudgedStatement | undefined {
    if (judged?.cursor === undefined) return undefined;
    return this.#state.portals.live(wireName(judged.cursor))?.statement.judged.statements[0];
  }

  /** Shows the message again when what it needs is there. */
  #holdFor(wanted: Promise<void>): Verdict {
    this.#peer.pauseServer();
    wanted.then(
      () => this.#goOn(),
      (error: Error) => this.#peer.onFatal(error),
    );
    return Verdict.hold;
  }

  #tellMasks(plan: MaskPlan): void {
    if (!this.#state.wantsNotices || plan.maskedColumns.length === 0) return;
    this.walker.cut();
    this.say(encodeMaskNotice(plan));
  }

  #goOn(): void {
    if (this.#isEnded) return;
    this.#guard(() => {
      this.walker.resume();
      this.#flushOutput();
    });
    if (!this.walker.isHeld) this.#peer.resumeServer();
  }

  /** The answer to a Describe is complete; ours is not for the client. */
  #endDescribe(): Verdict {
    const head = this.#expect('describe');
    if (!head.isOurs) return Verdict.forward;
    this.walker.cut();
    return Verdict.taken;
  }

  /** The rows of an Execute are masked by the plan of its portal; those of a Query by the description before them. */
  #findMasks(): void {
    const { head } = this.#state.inFlight;
    if (head === this.#maskedFor) return;
    if (head?.kind !== 'execute') throw new WireError('the server sent rows without their description');
    if (!head.portal.isDescribed) throw new WireError('the server sent rows that are not described');
    this.#useMasks(head, head.portal.plan);
  }

  #useMasks(head: Expectation, plan: MaskPlan | undefined): void {
    this.#maskedFor = head;
    const run = currentRun(head);
    if (run !== undefined) run.maskedColumns = maskedColumnsOf(plan);
    this.#masker = plan === undefined ? undefined : new RowMasker(plan, this.#noteFoundIn(run));
  }

  #noteFoundIn(run: StatementRun | undefined): NoteFound {
    return (column, value) => {
      if (run !== undefined) this.#pipeline.noteFound(run, column, value);
    };
  }

  #endRows(): void {
    this.#masker = undefined;
    this.#maskedFor = undefined;
    this.#copyOut = undefined;
  }

  #onParseComplete(): Verdict {
    const { name, statement } = this.#expect('parse');
    this.#state.statements.confirm(name, statement);
    return Verdict.forward;
  }

  #onBindComplete(): Verdict {
    const { name, portal } = this.#expect('bind');
    this.#state.portals.confirm(name, portal);
    return Verdict.forward;
  }

  #onCloseComplete(): Verdict {
    const { isPortal, name, closes } = this.#expect('close');
    if (isPortal) this.#state.portals.drop(name, closes as never);
    else this.#state.statements.drop(name, closes as never);
    return Verdict.forward;
  }

  #onCommandComplete(buffer: Buffer, start: number, end: number): Verdict {
    const tag = readTag(buffer, start, end);
    const { head } = this.#state.inFlight;
    if (this.#overrunOf(tag) !== undefined) return this.#undo(tag);
    if (head?.kind === 'begin' || head?.kind === 'end') return this.#swallow();
    if (head?.kind !== 'query' || head.change === undefined) {
      this.#endStatement(tag);
      return Verdict.forward;
    }
    head.change.tag = tag;
    head.change.complete = Buffer.from(buffer.subarray(start, end));
    this.#endRows();
    return this.#swallow();
  }

  /** Set where an Execute has changed more rows than it may, or nobody knows how many. */
  #overrunOf(tag: string): PortcullisError | undefined {
    const { head } = this.#state.inFlight;
    return head?.kind === 'execute' && head.rowsChanged !== undefined
      ? overrun(tag, head.rowsChanged)
      : undefined;
  }

  /** The Execute under way is answered by an error, and its transaction fails, as if the server had raised it. */
  #undo(tag: string): Verdict {
    const head = this.#expect('execute');
    const error = overrun(tag, head.rowsChanged ?? 0) ?? new PortcullisError('CHANGES_NOT_COUNTED');
    this.#endRows();
    if (head.run !== undefined) this.#pipeline.finish(head.run, 'error', { sqlState: error.sqlState });
    this.#state.toServer(failingParse);
    this.#state.inFlight.push({ kind: 'refusal', error, endsWithReady: false, hasFailed: false });
    this.#state.startSkipping();
    this.#state.answerCopy('none');
    return this.#swallow();
  }

  /** A Query whose changes are counted is done: its transaction ends as the count says. */
  #endCounted(head: Extract<Expectation, { kind: 'query' }>, change: CountedChange): Verdict {
    const run = head.runs[0];
    if (run === undefined) throw new WireError('changes are counted of a statement that is none');
    const error = change.tag === undefined ? undefined : overrun(change.tag, change.limit);
    const { inFlight, toServer } = this.#state;
    const { touchesClassified } = head;
    if (change.isOurs) {
      toServer(change.complete !== undefined && error === undefined ? commitQuery : rollbackQuery);
      inFlight.push({ kind: 'end', run, change, error, touchesClassified, hasFailed: false });
      return this.#swallow();
    }
    if (error === undefined) {
      if (change.complete !== undefined) this.#completeRun(run, change);
      return Verdict.forward;
    }
    this.#pipeline.finish(run, 'error', { sqlState: error.sqlState });
    toServer(failingQuery);
    inFlight.push({ kind: 'refusal', error, endsWithReady: true, hasFailed: false });
    return this.#swallow();
  }

  /** The transaction around a Query has ended: only now the client is told of both. */
  #endTransaction({ run, change, error, hasFailed }: Extract<Expectation, { kind: 'end' }>): void {
    this.walker.cut();
    if (error !== undefined) {
      this.#pipeline.finish(run, 'error', { sqlState: error.sqlState });
      this.say(encodeRefusal(error));
    } else if (change.complete !== undefined && !hasFailed) this.#completeRun(run, change);
  }

  #completeRun(run: StatementRun, { complete, tag }: CountedChange): void {
    this.walker.cut();
    this.#pipeline.finish(run, 'ok', tag === undefined ? {} : { tag });
    if (complete !== undefined) this.say(complete);
  }

  #swallow(): Verdict {
    this.walker.cut();
    return Verdict.taken;
  }

  /** CommandComplete or FunctionCallResponse: one statement is done. */
  #endStatement(tag: string | undefined): void {
    const head = this.#state.inFlight.head;
    const run = currentRun(head);
    const more = tag === undefined ? {} : { tag };
    if (head?.kind === 'query') head.next++;
    else if (head?.kind === 'execute') {
      this.#state.inFlight.shift();
      if (isNameChange(run)) this.#state.inFlight.nameChanges--;
      this.#state.answerCopy('none');
    } else throw new WireError('the server completed a statement that nobody asked for');
    this.#endRows();
    if (run === undefined) return;
    if (run.judged.copyOut !== undefined) run.rows = countCopied(tag);
    run.tag = tag;
    this.#applyRole(run);
    this.#pipeline.finish(run, 'ok', more);
  }

  /** PREPARE, DEALLOCATE and DISCARD ALL change what names mean, now that they have succeeded. */
  #applyRole(run: StatementRun): void {
    const { role } = run.judged.facts;
    if (role.kind === 'prepare') {
      const judged = this.#pipeline.judgePrepared(role.inner);
      this.#state.statements.confirm(wireName(role.name), { text: judged.text, judged });
    } else if (role.kind === 'deallocate') {
      if (role.name === undefined) this.#state.statements.clearLive();
      else this.#state.statements.drop(wireName(role.name), this.#state.statements.live(wireName(role.name)));
    }
  }

  #onReadyForQuery(buffer: Buffer, start: number): Verdict {
    const head = this.#state.inFlight.shift();
    this.#endRows();
    switch (head?.kind) {
      case 'query':
        if (head.changesNames) this.#state.inFlight.nameChanges--;
        if (head.change !== undefined && this.#endCounted(head, head.change) === Verdict.taken)
          return Verdict.taken;
        // After an error the statements behind it did not run.
        for (const run of head.runs) this.#pipeline.finish(run, 'notRun');
        break;
      case 'begin':
        return this.#swallow();
      case 'end':
        this.#endTransaction(head);
        break;
      case 'refusal':
        if (head.endsWithReady && head.hasFailed) break;
        throw new WireError('the server is ready although it was to fail');
      case 'sync':
        break;
      default:
        throw new WireError('the server is ready although answers are missing');
    }
    this.#state.isCounting = false;
    this.#state.answerCopy('none');
    this.#state.cancelledFor = undefined;
    this.#state.readySince = monotonicMicros();
    this.#state.isOutsideTransaction = buffer[start + 5] === TransactionStatus.idle;
    // Portals end with their transaction.
    if (this.#state.isOutsideTransaction) {
      this.#state.portals.clearLive();
      this.#pipeline.noteTransactionEnd();
    }
    return Verdict.forward;
  }

  #onError(buffer: Buffer, start: number, end: number): Verdict {
    const message = buffer.subarray(start, end);
    const fields = readErrorFields(message);
    if (fields.severity === 'FATAL' || fields.severity === 'PANIC') this.hasSaidFatal = true;
    const head = this.#state.inFlight.head;
    const isProtected = mayHoldProtectedValues(head);
    const run = currentRun(head);
    this.#endRows();
    if (head === undefined) return Verdict.forward;
    const refusal = this.hasSaidFatal ? undefined : this.#ownReason(head, fields.sqlState);
    this.#fail(head, fields.sqlState);
    this.#state.answerCopy('none');
    if (refusal !== undefined) return this.#replaceBy(encodeRefusal(refusal));
    // Where our question has failed for the reason that the statement would have, that is what it hears.
    if (fields.sqlState === '25P02' && run?.probe?.failure !== undefined)
      return this.#replaceBy(run.probe.failure);
    if (head.kind === 'probe')
      return this.#replaceBy(dropPosition(isProtected ? maskErrorFields(message) : message));
    return isProtected ? this.#replaceBy(maskErrorFields(message)) : Verdict.forward;
  }

  /** What is said in place of the server's error: it failed because we made it fail. */
  #ownReason(head: Expectation, sqlState: string | undefined): PortcullisError | undefined {
    if (head.kind === 'refusal') return head.error;
    return sqlState === '57014' ? this.#state.cancelledFor : undefined;
  }

  /** An error ends a Query; in the extended protocol it ends all up to the next Sync. */
  #fail(head: Expectation, sqlState: string): void {
    const status = sqlState === '57014' ? 'cancelled' : 'error';
    if (head.kind === 'begin') throw new WireError('the server would not begin a transaction');
    if (head.kind === 'end') {
      head.hasFailed = true;
      this.#pipeline.finish(head.run, status, { sqlState });
      return;
    }
    if (head.kind === 'query') {
      const run = currentRun(head);
      if (run !== undefined) this.#pipeline.finish(run, status, { sqlState });
      return;
    }
    if (head.kind === 'refusal' && head.endsWithReady) {
      head.hasFailed = true;
      return;
    }
    if (head.kind === 'sync') return; // raised by Sync itself, for instance a deferred constraint at commit
    let isFirst = true;
    const { inFlight } = this.#state;
    while (inFlight.head !== undefined && inFlight.head.kind !== 'sync') {
      const dropped = inFlight.head;
      const run = currentRun(dropped);
      if (run !== undefined) this.#pipeline.finish(run, isFirst ? status : 'notRun', { sqlState });
      isFirst = false;
      this.#withdraw(dropped);
      inFlight.shift();
    }
    if (inFlight.head === undefined) this.#state.startSkipping();
  }

  #withdraw(dropped: Expectation): void {
    if (dropped.kind === 'parse') this.#state.statements.withdraw(dropped.name, dropped.statement);
    else if (dropped.kind === 'bind') this.#state.portals.withdraw(dropped.name, dropped.portal);
    else if (dropped.kind === 'probe') {
      if (dropped.probe.holdsNames) this.#state.inFlight.nameChanges--;
    } else if (dropped.kind === 'execute') {
      if (isNameChange(dropped.run)) this.#state.inFlight.nameChanges--;
    }
  }

  #onNotice(buffer: Buffer, start: number, end: number): Verdict {
    if (!mayHoldProtectedValues(this.#state.inFlight.head)) return Verdict.forward;
    return this.#replaceBy(maskErrorFields(buffer.subarray(start, end)));
  }

  #onParameterStatus(buffer: Buffer, start: number, end: number): Verdict {
    const cursor = new MessageCursor(buffer, start + 5, end);
    const name = cursor.cstringBytes().toString('utf8');
    const value = cursor.cstringBytes().toString('utf8');
    const wanted = pinned[name];
    if (wanted !== undefined && wanted !== value) {
      throw new PortcullisError('ENCODING_REFUSED', { setting: name, value, allowed: wanted });
    }
    return Verdict.forward;
  }

  #replaceBy(message: Buffer): Verdict {
    this.walker.cut();
    this.#flushOutput();
    this.#peer.toClient(message);
    return Verdict.taken;
  }

  #expect<K extends Expectation['kind']>(kind: K): Extract<Expectation, { kind: K }> {
    const head = this.#state.inFlight.shift();
    if (head?.kind !== kind)
      throw new WireError(`the server answered ${kind} where ${head?.kind ?? 'nothing'} was asked`);
    return head as Extract<Expectation, { kind: K }>;
  }

  #flushOutput(): void {
    if (this.#output.length === 0) return;
    const full = this.#output;
    this.#output = new OutputBuffer();
    this.#peer.toClient(full.buffer.subarray(0, full.length));
  }

  #guard(walk: () => void): void {
    try {
      walk();
    } catch (error) {
      this.#isEnded = true;
      this.#peer.onFatal(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

/** The statement whose rows are described. */
function judgedRows(head: Expectation | undefined): JudgedStatement | undefined {
  if (head?.kind === 'query') return currentRun(head)?.judged;
  const target = head?.kind === 'describe' ? head.target : undefined;
  return target !== undefined && 'plan' in target ? target.statement.judged.statements[0] : undefined;
}

/** Set where a statement with that tag has changed more rows than it may, or the tag does not tell. */
function overrun(tag: string, limit: number): PortcullisError | undefined {
  const changed = rowsInTag(tag);
  if (changed === undefined) return new PortcullisError('CHANGES_NOT_COUNTED');
  return changed > limit ? new PortcullisError('TOO_MANY_ROWS_CHANGED', { changed, rows: limit }) : undefined;
}

function runsOf(expectation: Expectation): readonly StatementRun[] {
  if (expectation.kind === 'end') return [expectation.run];
  if (expectation.kind === 'query') return expectation.runs;
  return expectation.kind === 'execute' && expectation.run !== undefined ? [expectation.run] : [];
}

function isNameChange(run: StatementRun | undefined): boolean {
  const role = run?.judged.facts.role.kind;
  return role === 'prepare' || role === 'deallocate';
}

function mayHoldProtectedValues(head: Expectation | undefined): boolean {
  if (head?.kind === 'query' || head?.kind === 'end') return head.touchesClassified;
  if (head?.kind === 'probe') return head.probe.touchesClassified;
  return judgementOf(head)?.touchesClassified ?? false;
}

/** SQL names are UTF-8 text; names on the wire are kept as latin1 of their bytes. */
function wireName(name: string): string {
  return Buffer.from(name, 'utf8').toString('latin1');
}
