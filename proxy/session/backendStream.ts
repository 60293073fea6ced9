/** What the server sends: answers are matched to what was asked, rows and error texts masked, outcomes written. */
import { monotonicMicros } from '../kit/clock.ts';
import type { PortcullisError } from '../kit/errors.ts';
import { cleanMessage, isFoundInResult } from '../masking/detecting/cleanMessage.ts';
import { maskErrorFields } from '../masking/maskMessage.ts';
import type { MaskPlan } from '../masking/maskPlan.ts';
import { checkLength, type FrameSink, FrameWalker, Partial, Verdict } from '../wire/frameWalker.ts';
import { Backend, maxMessageBytes, TransactionStatus, WireError } from '../wire/protocol.ts';
import {
  checkParameterStatus,
  encodeMaskNotice,
  encodeRefusal,
  readErrorFields,
  readTag,
} from './answerMessages.ts';
import { type ColumnProbe, dropPosition, isUnasked } from './columnProbe.ts';
import { countCopied } from './copyOut.ts';
import type { TableProbe } from './following/tableProbe.ts';
import {
  currentRun,
  type Expectation,
  isNameChange,
  judgedRows,
  mayDecideByValues,
  mayHoldProtectedValues,
  runsOf,
  sentAt,
} from './inFlight.ts';
import type { JudgedStatement } from './judging/judgement.ts';
import { ChangeGate } from './limiting/changeGate.ts';
import { MaskedOutput } from './maskedOutput.ts';
import { applyRole, wireName } from './namedStatements.ts';
import type { PathProbe } from './searchPath/pathProbe.ts';
import type { SessionState } from './sessionState.ts';
import type { StatementPipeline } from './statementPipeline.ts';

const passInPiecesFrom = 1024 * 1024;

export interface BackendPeer {
  /** Bytes for the client; valid during the call only. */
  toClient(bytes: Buffer): void;
  pauseServer(): void;
  resumeServer(): void;
  onFatal(error: Error): void;
}

/** FunctionCallResponse without a value (manual, 55.7). */
const nullResult = Buffer.from([0x56, 0, 0, 0, 8, 0xff, 0xff, 0xff, 0xff]);

export class BackendStream implements FrameSink {
  readonly walker = new FrameWalker(this);
  readonly #state: SessionState;
  readonly #pipeline: StatementPipeline;
  readonly #peer: BackendPeer;
  readonly #changes: ChangeGate;
  readonly #output: MaskedOutput;
  readonly #cut = (): void => this.walker.cut();
  #isEnded = false;
  /** Messages of ours that wait for the end of one of the server's. */
  #unsaid: Buffer[] = [];
  /** True once the server has said goodbye by itself (FATAL): nothing needs to be added. */
  hasSaidFatal = false;

  constructor(state: SessionState, pipeline: StatementPipeline, peer: BackendPeer) {
    this.#state = state;
    this.#pipeline = pipeline;
    this.#peer = peer;
    this.#changes = new ChangeGate(state, pipeline, (message) => this.say(message));
    this.#output = new MaskedOutput(state.inFlight, pipeline, (bytes) => peer.toClient(bytes));
  }

  feed(bytes: Buffer, length: number): void {
    if (this.#isEnded) return;
    this.#guard(() => {
      this.walker.feed(bytes, length);
      this.#output.flush();
    });
  }

  /** Tells the client something of our own, between two messages of the server. */
  say(message: Buffer): void {
    if (this.walker.isInsideMessage) {
      this.#unsaid.push(message);
      return;
    }
    this.#output.flush();
    this.#peer.toClient(message);
  }

  /** The server is gone: what was under way has an unknown end. */
  abandon(): void {
    this.#isEnded = true;
    for (;;) {
      const expectation = this.#state.inFlight.shift();
      if (expectation === undefined) return;
      if (expectation.kind === 'probe') this.#state.withdraw(expectation);
      for (const run of runsOf(expectation)) this.#pipeline.finish(run, 'unknown');
    }
  }

  checkHeader(type: number, length: number): void {
    checkLength(type, length, maxMessageBytes);
  }

  /** Large values pass in pieces. Others are gathered, so that a server that dies does not leave half a row behind. */
  onPartial(type: number, length: number): Partial {
    if (length < passInPiecesFrom) return Partial.gather;
    if (type === Backend.copyData) return this.#output.isRewritingCopy ? Partial.gather : Partial.pass;
    if (type !== Backend.dataRow) return Partial.gather;
    return this.#output.mustGatherRow() ? Partial.gather : Partial.pass;
  }

  forward(buffer: Buffer, start: number, end: number): void {
    this.#output.flush();
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
        return taken(this.#output.takeRow(buffer, start, end, this.#cut));
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
        return this.#onSuspended(buffer, start, end);
      case Backend.parseComplete:
        return this.#onParseComplete();
      case Backend.bindComplete:
        return this.#onBindComplete();
      case Backend.closeComplete:
        return this.#onCloseComplete();
      case Backend.functionCallResponse:
        return this.#onFunctionCallResponse(buffer, start, end);
      case Backend.readyForQuery:
        return this.#onReadyForQuery(buffer, start);
      case Backend.errorResponse:
        return this.#onError(buffer, start, end);
      case Backend.noticeResponse:
        return this.#onNotice(buffer, start, end);
      case Backend.notificationResponse:
        return this.#forwardClean(buffer, start, end);
      case Backend.parameterStatus:
        this.#pipeline.path.noteReported(checkParameterStatus(buffer, start, end));
        return this.#forwardClean(buffer, start, end); // application_name may be set to anything
      case Backend.copyInResponse:
        this.#state.answerCopy('in');
        return Verdict.forward;
      case Backend.copyOutResponse:
        this.#tellMasks(this.#output.startCopy(buffer, start, end));
        return Verdict.forward;
      case Backend.copyData:
        return taken(this.#output.takeCopyData(buffer, start, end, this.#cut));
      case Backend.copyDone:
        this.#output.endCopy();
        return Verdict.forward;
      case Backend.copyBothResponse:
        throw new WireError('the server began a replication stream');
      default:
        // ParameterDescription passes as it is.
        return Verdict.forward;
    }
  }

  /** The answer to a question of our own, between answers to the client's. */
  #onProbe(
    probe: ColumnProbe | TableProbe | PathProbe,
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ): Verdict {
    const message = buffer.subarray(start, end);
    const { findPrepared } = this.#state;
    if (type === Backend.errorResponse && !probe.takesError(message))
      return this.#onError(buffer, start, end);
    const read = probe.read(type, message, (described, judged) =>
      this.#pipeline.planRows(described, judged, {
        portal: undefined,
        sentAt: 'sentAt' in probe ? probe.sentAt : 0,
        findPrepared,
      }),
    );
    if (read instanceof Promise) return this.#holdFor(read);
    if (read === 'whole') {
      if (probe.holdsNames) this.#state.inFlight.nameChanges--;
      this.#state.inFlight.shift();
    }
    this.walker.cut();
    return Verdict.taken;
  }

  #onRowDescription(buffer: Buffer, start: number, end: number): Verdict {
    const head = this.#state.inFlight.head;
    if (head?.kind === 'describe' && !head.isPortal) return this.#endDescribe();
    const judged = judgedRows(head);
    const plan = this.#pipeline.planRows(buffer.subarray(start, end), judged, {
      portal: this.#fetchedFrom(judged),
      sentAt: sentAt(head),
      findPrepared: this.#state.findPrepared,
    });
    if (plan instanceof Promise) return this.#holdFor(plan);
    this.#tellMasks(plan);
    if (head?.kind === 'describe' && 'plan' in head.target) {
      head.target.plan = plan;
      return this.#endDescribe();
    }
    if (head?.kind !== 'query') throw new WireError('the server described rows that nobody asked for');
    this.#output.useMasks(head, plan);
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

  #tellMasks(plan: MaskPlan | undefined): void {
    if (!this.#state.wantsNotices || plan === undefined || plan.maskedColumns.length === 0) return;
    this.walker.cut();
    this.say(encodeMaskNotice(plan));
  }

  #goOn(): void {
    if (this.#isEnded) return;
    this.#guard(() => {
      this.walker.resume();
      this.#output.flush();
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

  #onParseComplete(): Verdict {
    const { name, statement, sentAt } = this.#expect('parse');
    this.#pipeline.noteParsed(sentAt);
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
    if (this.#changes.holdsEnd(tag, buffer.subarray(start, end))) return this.#swallowEnd();
    this.#endStatement(tag);
    return Verdict.forward;
  }

  #onSuspended(buffer: Buffer, start: number, end: number): Verdict {
    if (this.#changes.holdsEnd('suspended', buffer.subarray(start, end))) return this.#swallowEnd();
    this.#endStatement('suspended');
    return Verdict.forward;
  }

  #swallowEnd(): Verdict {
    this.#output.endAnswer();
    return this.#swallow();
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
    this.#output.endAnswer();
    if (run === undefined) return;
    if (run.judged.copyOut !== undefined) run.rows = countCopied(tag);
    run.tag = tag;
    applyRole(run, this.#state.statements, this.#pipeline);
    this.#pipeline.finish(run, 'ok', more);
  }

  /** No row description says what the result is: what may come from protected columns, or holds something, is NULL. */
  #onFunctionCallResponse(buffer: Buffer, start: number, end: number): Verdict {
    const { head } = this.#state.inFlight;
    const isHidden =
      currentRun(head)?.judged.isOpaque !== false ||
      mayHoldProtectedValues(head) ||
      isFoundInResult(buffer, start, end);
    this.#endStatement(undefined);
    return isHidden ? this.#replaceBy(nullResult) : Verdict.forward;
  }

  #onReadyForQuery(buffer: Buffer, start: number): Verdict {
    const head = this.#state.inFlight.shift();
    this.#output.endAnswer();
    switch (head?.kind) {
      case 'query':
        if (head.changesNames) this.#state.inFlight.nameChanges--;
        if (head.change !== undefined) {
          this.walker.cut();
          if (this.#changes.holdsReady(head)) return Verdict.taken;
        }
        // After an error the statements behind it did not run.
        for (const run of head.runs) this.#pipeline.finish(run, 'notRun');
        break;
      case 'begin':
        return this.#swallow();
      case 'end':
        this.walker.cut();
        this.#changes.endTransaction(head);
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
    const status = buffer[start + 5];
    this.#state.isOutsideTransaction = status === TransactionStatus.idle;
    this.#pipeline.path.noteReady(status, this.#state.inFlight.isEmpty);
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
    const mask = { isCodeFree: mayDecideByValues(head) };
    const run = currentRun(head);
    this.#pipeline.path.noteError();
    this.#output.endAnswer();
    if (head === undefined) return Verdict.forward;
    const refusal = this.hasSaidFatal ? undefined : this.#ownReason(head, fields.sqlState);
    this.#fail(head, fields.sqlState);
    this.#state.answerCopy('none');
    if (refusal !== undefined) return this.#replaceBy(encodeRefusal(refusal));
    // Where our question has failed for the reason that the statement would have, that is what it hears.
    if (fields.sqlState === '25P02' && run?.probe?.failure !== undefined)
      return this.#replaceBy(run.probe.failure);
    if (head.kind === 'probe')
      return this.#replaceBy(dropPosition(isProtected ? maskErrorFields(message, mask) : message));
    return isProtected
      ? this.#replaceBy(maskErrorFields(message, mask))
      : this.#forwardClean(buffer, start, end);
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
      this.#state.withdraw(dropped);
      inFlight.shift();
    }
    if (inFlight.head === undefined) this.#state.startSkipping();
  }

  #onNotice(buffer: Buffer, start: number, end: number): Verdict {
    if (!mayHoldProtectedValues(this.#state.inFlight.head)) return this.#forwardClean(buffer, start, end);
    const isCodeFree = mayDecideByValues(this.#state.inFlight.head);
    return this.#replaceBy(maskErrorFields(buffer.subarray(start, end), { isCodeFree }));
  }

  /** Texts that touch nothing protected may hold all the same what nobody foresaw. */
  #forwardClean(buffer: Buffer, start: number, end: number): Verdict {
    const cleaned = cleanMessage(buffer, start, end);
    return cleaned === undefined ? Verdict.forward : this.#replaceBy(cleaned);
  }

  #replaceBy(message: Buffer): Verdict {
    this.walker.cut();
    this.#output.flush();
    this.#peer.toClient(message);
    return Verdict.taken;
  }

  #expect<K extends Expectation['kind']>(kind: K): Extract<Expectation, { kind: K }> {
    const head = this.#state.inFlight.shift();
    if (head?.kind !== kind)
      throw new WireError(`the server answered ${kind} where ${head?.kind ?? 'nothing'} was asked`);
    return head as Extract<Expectation, { kind: K }>;
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

function taken(isTaken: boolean): Verdict {
  return isTaken ? Verdict.taken : Verdict.forward;
}
