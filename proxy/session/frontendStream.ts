/** What the client sends: each message is judged, recorded, then forwarded as it came, or replaced by a refusal. */
import { isUtf8 } from 'node:buffer';
import { serialize } from 'pg-protocol';
import type { HoldEnd } from '../approvals/approvalDesk.ts';
import type { ApprovalRequest } from '../approvals/request.ts';
import { monotonicMicros } from '../kit/clock.ts';
import { PortcullisError } from '../kit/errors.ts';
import { bytesHoldMask } from '../masking/writtenMask.ts';
import { type FrameSink, FrameWalker, Partial, Verdict } from '../wire/frameWalker.ts';
import { checkFrontendLength } from '../wire/frontendLengths.ts';
import {
  readBind,
  readBindParameters,
  readExecute,
  readFunctionCall,
  readParse,
  readQuery,
  readTarget,
} from '../wire/frontendMessages.ts';
import { Frontend, WireError } from '../wire/protocol.ts';
import { HeldMessage } from './heldMessage.ts';
import {
  type Answer,
  isAdmission,
  isApproved,
  isJudged,
  isRefused,
  needsApproval,
} from './judging/answer.ts';
import { unreviewable } from './judging/approvalNeed.ts';
import type { Admission, ApprovedMessage, JudgedMessage } from './judging/judgement.ts';
import { beginCounting } from './limiting/changeGate.ts';
import { type Lookup, type Portal, type PreparedStatement, unknownName, utf8Name } from './names.ts';
import { failingParse, failingQuery } from './ownMessages.ts';
import { askAfter, askBefore, asksServer } from './ownQuestions.ts';
import { type OnPath, PathProbe } from './searchPath/pathProbe.ts';
import type { SessionState } from './sessionState.ts';
import type { StatementPipeline } from './statementPipeline.ts';

/** SQL texts above this size are refused before they are gathered. */
const maxTextBytes = 16 * 1024 * 1024;

const flush = serialize.flush();
const describeUnnamed = serialize.describe({ type: 'P', name: '' });

export interface FrontendPeer {
  /** Bytes for the server; valid during the call only. */
  toServer(bytes: Buffer): void;
  pauseClient(): void;
  resumeClient(): void;
  /** A statement waits for a reviewer: the client is told, and read on, so that its leaving is noticed. */
  onWaiting(request: ApprovalRequest): void;
  /** The client says goodbye. */
  onTerminate(): void;
  /** The stream cannot be trusted any more. */
  onFatal(error: Error): void;
}

export class FrontendStream implements FrameSink {
  readonly walker = new FrameWalker(this);
  readonly #state: SessionState;
  readonly #pipeline: StatementPipeline;
  readonly #peer: FrontendPeer;
  readonly #held: HeldMessage;
  #isEnded = false;

  constructor(state: SessionState, pipeline: StatementPipeline, peer: FrontendPeer) {
    this.#state = state;
    this.#pipeline = pipeline;
    this.#peer = peer;
    this.#held = new HeldMessage(pipeline, {
      goOn: () => {
        this.#guard(() => this.walker.resume());
        if (!this.walker.isHeld) peer.resumeClient();
      },
      onFatal: (error) => peer.onFatal(error),
    });
    state.toServer = (bytes) => peer.toServer(bytes);
    pipeline.path.connect((onPath) => this.#askPath(onPath));
    state.onCopyAnswered = () => this.#held.arrive('goOn');
    state.onSkipping = () => this.endWait('skipped');
  }

  feed(bytes: Buffer, length: number): void {
    if (this.#isEnded) return;
    this.#guard(() => this.walker.feed(bytes, length));
  }

  /** The client sends no more: what is under way goes on, but nothing waits for a reviewer any longer. */
  clientHasLeft(): void {
    this.#held.clientHasLeft();
  }

  /** Nothing more is read, and what is held is not forwarded. */
  stop(): void {
    this.#isEnded = true;
    this.#held.stop();
  }

  /** Ends the wait for a reviewer; false where none is under way. */
  endWait(reason: HoldEnd): boolean {
    return this.#held.endReview(reason);
  }

  checkHeader(type: number, length: number): void {
    checkFrontendLength(type, length);
  }

  onPartial(type: number, length: number): Partial {
    if (type === Frontend.copyData) {
      if (this.#state.copy === 'in') return Partial.pass;
      return this.#state.isAwaitingCopy ? Partial.gather : Partial.drop;
    }
    if (
      (type === Frontend.query || type === Frontend.parse) &&
      length > maxTextBytes &&
      !this.#state.isAwaitingCopy
    ) {
      if (this.#state.isSkipping) return Partial.drop;
      const error = new PortcullisError('STATEMENT_TOO_LONG', { size: length, limit: maxTextBytes });
      this.walker.cut();
      this.#replace(error, type === Frontend.query);
      return Partial.drop;
    }
    return Partial.gather;
  }

  forward(buffer: Buffer, start: number, end: number): void {
    this.#peer.toServer(buffer.subarray(start, end));
  }

  onMessage(type: number, buffer: Buffer, start: number, end: number): Verdict {
    const verdict = this.#handle(type, buffer, start, end);
    // What a held message waited for is for that message alone: the server may have begun to skip it meanwhile.
    if (verdict !== Verdict.hold) this.#held.drop();
    return verdict;
  }

  #handle(type: number, buffer: Buffer, start: number, end: number): Verdict {
    // A goodbye right behind it must not end the transaction that is ours before we do.
    if (type === Frontend.terminate && !this.#state.isCounting) {
      this.#isEnded = true;
      this.#peer.onTerminate();
      return Verdict.forward;
    }
    if (this.#state.copy === 'in') return this.#duringCopyIn(type);
    // Whether copying begins decides what the next message means to the server: wait until it has said so.
    if (this.#state.isAwaitingCopy || this.#state.isCounting) return this.#holdForCopy();
    if (type === Frontend.copyData || type === Frontend.copyDone || type === Frontend.copyFail)
      return Verdict.taken;
    if (this.#state.isSkipping && type !== Frontend.sync) return Verdict.taken;
    switch (type) {
      case Frontend.query:
        return this.#onQuery(buffer, start, end);
      case Frontend.functionCall:
        return this.#onFunctionCall(buffer, start, end);
      case Frontend.parse:
        return this.#onParse(buffer, start, end);
      case Frontend.bind:
        return this.#onBind(buffer, start, end);
      case Frontend.describe:
        return this.#onDescribe(buffer, start, end);
      case Frontend.execute:
        return this.#onExecute(buffer, start, end);
      case Frontend.close:
        return this.#onClose(buffer, start, end);
      case Frontend.sync:
        this.#state.endSegment();
        return Verdict.forward;
      default:
        return Verdict.forward; // Flush
    }
  }

  #onQuery(buffer: Buffer, start: number, end: number): Verdict {
    const { inFlight } = this.#state;
    // Whether a transaction is open must be known where changes are counted.
    if (inFlight.nameChanges > 0 || (!inFlight.isEmpty && this.#pipeline.countsChanges))
      return this.#holdUntilDrained();
    const admission = this.#admission(readQuery(buffer, start, end));
    if (admission === undefined) return Verdict.hold;
    if (admission.kind === 'refused') return this.#refuse(admission.error, true);
    if (inFlight.isInSegment && asksServer(admission)) return this.#holdUntilDrained(admission);
    this.#askBefore(admission, true);
    this.#expectQuery(admission);
    return this.#askAfter(admission, true, buffer.subarray(start, end));
  }

  #askBefore(admission: Extract<Admission, { kind: 'run' }>, isQuery: boolean): void {
    for (const question of askBefore(admission, isQuery, this.#state.inFlight)) {
      this.walker.cut();
      this.#peer.toServer(question);
    }
  }

  /** Forwards the message, and behind it what is to be asked then. */
  #askAfter(admission: Extract<Admission, { kind: 'run' }>, isQuery: boolean, message: Buffer): Verdict {
    const question = askAfter(admission, isQuery, this.#state.inFlight, this.#pipeline);
    if (question === undefined) return Verdict.forward;
    this.walker.cut();
    this.#peer.toServer(message);
    this.#peer.toServer(question);
    return Verdict.taken;
  }

  #expectQuery({ runs, message, rowsChanged }: Extract<Admission, { kind: 'run' }>): void {
    const { changesNames, hasCopyIn, touchesClassified } = message;
    this.#pipeline.path.noteSent(message.nameMove);
    if (changesNames) this.#state.inFlight.nameChanges++;
    if (rowsChanged !== undefined) this.walker.cut();
    const change = rowsChanged === undefined ? undefined : beginCounting(this.#state, rowsChanged);
    this.#state.inFlight.push({ kind: 'query', runs, next: 0, changesNames, touchesClassified, change });
    if (hasCopyIn) this.#state.isAwaitingCopy = true;
  }

  /** The fast-path call runs one function by OID: judged as the SELECT that would call it. */
  #onFunctionCall(buffer: Buffer, start: number, end: number): Verdict {
    const name = this.#state.functionName(readFunctionCall(buffer, start, end));
    const text = Buffer.from(
      name === undefined ? 'SELECT portcullis.unknown_function()' : `SELECT ${name}()`,
    );
    // Its arguments are nothing that a reviewer could read.
    const admission = this.#admission(text, false);
    if (admission === undefined) return Verdict.hold;
    if (admission.kind === 'refused') return this.#refuse(admission.error, true);
    this.#expectQuery(admission);
    return Verdict.forward;
  }

  #onParse(buffer: Buffer, start: number, end: number): Verdict {
    if (this.#state.inFlight.nameChanges > 0) return this.#holdUntilDrained();
    const { name, text } = readParse(buffer, start, end);
    const answer = this.#held.take();
    if (isRefused(answer)) return this.#refuse(answer.error, false);
    const judged = isJudged(answer) ? answer : this.#judgement(text);
    if (judged === undefined) return Verdict.hold;
    if (judged.refusal !== undefined) return this.#holdForAdmission(this.#pipeline.admit(judged));
    const statement: PreparedStatement = { text: judged.text, judged };
    this.#state.statements.propose(name, statement, this.#state.segment);
    this.#state.inFlight.push({ kind: 'parse', name, statement, sentAt: monotonicMicros() });
    return Verdict.forward;
  }

  #onBind(buffer: Buffer, start: number, end: number): Verdict {
    const names = readBind(buffer, start, end);
    const found = this.#state.statements.find(names.statement, this.#state.segment);
    if (found.kind === 'wait' || this.#state.inFlight.nameChanges > 0) return this.#holdUntilDrained();
    if (found.kind === 'none') return this.#refuse(unknownName(false, names.statement), false);
    const statement = found.value;
    const answer = this.#held.take();
    if (isRefused(answer)) return this.#refuse(answer.error, false);
    if (isJudged(answer)) statement.judged = answer;
    else if (isApproved(answer)) statement.judged = answer.message;
    else if (!this.#renewJudgement(statement, statement.judged.looksFirst)) return Verdict.hold;
    if (statement.judged.writesClassified && bytesHoldMask(buffer.subarray(start, end)))
      return this.#refuse(new PortcullisError('MASK_WRITTEN_BACK'), false);
    const approval = isApproved(answer) ? answer : undefined;
    // Planning may already run functions on the values: what needs approval waits here, with its values.
    if (needsApproval(statement.judged) && approval === undefined) {
      return this.#holdForApproval(statement.judged, readBindParameters(buffer, start, end));
    }
    const looksUp = statement.judged.statements.some(({ lookups }) => lookups !== undefined);
    const parameters = looksUp ? readBindParameters(buffer, start, end) : undefined;
    const { path } = statement.judged;
    const sentAt = monotonicMicros();
    const portal: Portal = {
      statement,
      path,
      approval,
      parameters,
      sentAt,
      isDescribed: false,
      plan: undefined,
    };
    this.#state.portals.propose(names.portal, portal, this.#state.segment);
    this.#state.inFlight.push({ kind: 'bind', name: names.portal, portal });
    return Verdict.forward;
  }

  #onDescribe(buffer: Buffer, start: number, end: number): Verdict {
    const { isPortal, name } = readTarget(buffer, start, end);
    const state = this.#state;
    const found = isPortal ? this.#findPortal(name) : state.statements.find(name, state.segment);
    if (found.kind === 'wait' || state.inFlight.nameChanges > 0) return this.#holdUntilDrained();
    if (found.kind === 'none') return this.#refuse(unknownName(isPortal, name), false);
    if ('isDescribed' in found.value) found.value.isDescribed = true;
    state.inFlight.push({ kind: 'describe', target: found.value, isPortal, isOurs: false });
    return Verdict.forward;
  }

  /** Each Execute is a run of its own, also where it goes on after PortalSuspended. */
  #onExecute(buffer: Buffer, start: number, end: number): Verdict {
    const { portal: name } = readExecute(buffer, start, end);
    const { inFlight } = this.#state;
    const found = this.#findPortal(name);
    if (found.kind === 'wait' || inFlight.nameChanges > 0) return this.#holdUntilDrained();
    if (found.kind === 'none') return this.#refuse(unknownName(true, name), false);
    const portal = found.value;
    const admission = this.#admissionOf(portal);
    if (admission === undefined) return Verdict.hold;
    if (admission.kind === 'refused') return this.#refuse(admission.error, false);
    const run = admission.runs[0]; // none for an empty text: EmptyQueryResponse
    if (run !== undefined && !portal.isDescribed) this.#describePortal(name, portal);
    this.#askBefore(admission, false);
    const { message, rowsChanged } = admission;
    this.#pipeline.path.noteSent(message.nameMove);
    inFlight.push({ kind: 'execute', portal, run, rowsChanged });
    if (message.changesNames) inFlight.nameChanges++;
    // With the Sync behind it, it would be committed: that waits for the count.
    if (message.hasCopyIn || rowsChanged !== undefined) this.#state.isAwaitingCopy = true;
    return this.#askAfter(admission, false, buffer.subarray(start, end));
  }

  /** Asks for the description of a portal that the client did not ask for: its rows are masked by it. */
  #describePortal(name: string, portal: Portal): void {
    this.walker.cut();
    const isUnnamed = name === '';
    this.#peer.toServer(
      isUnnamed ? describeUnnamed : serialize.describe({ type: 'P', name: utf8Name(name) }),
    );
    portal.isDescribed = true;
    this.#state.inFlight.push({ kind: 'describe', target: portal, isPortal: true, isOurs: true });
  }

  /**
   * A portal that no Bind has made is a cursor of SQL, or does not exist: the server knows. Reading from it is judged
   * as the FETCH that it is; what DECLARE may read was judged there. It is described anew each time, for SQL may have
   * closed it and declared another under its name.
   */
  #findPortal(name: string): Lookup<Portal> {
    const found = this.#state.portals.find(name, this.#state.segment);
    if (found.kind !== 'none' || name === '') return found;
    const quoted = `"${utf8Name(name).replaceAll('"', '""')}"`;
    const judged = this.#pipeline.judge(`FETCH ALL FROM ${quoted}`, this.#state.findPrepared);
    if (judged instanceof Promise) return found;
    const statement = { text: judged.text, judged };
    const none = { path: judged.path, approval: undefined, parameters: undefined, plan: undefined };
    return { kind: 'found', value: { statement, ...none, sentAt: monotonicMicros(), isDescribed: false } };
  }

  #onClose(buffer: Buffer, start: number, end: number): Verdict {
    const { isPortal, name } = readTarget(buffer, start, end);
    const names = isPortal ? this.#state.portals : this.#state.statements;
    const found = names.find(name, this.#state.segment);
    if (found.kind === 'wait') return this.#holdUntilDrained();
    const closes = found.kind === 'found' ? found.value : undefined;
    this.#state.inFlight.push({ kind: 'close', isPortal, name, closes });
    return Verdict.forward;
  }

  /** While the server copies in it takes data and the end of data; Flush and Sync it ignores (manual, 55.2.7). */
  #duringCopyIn(type: number): Verdict {
    switch (type) {
      case Frontend.copyData:
        return Verdict.forward;
      case Frontend.copyDone:
      case Frontend.copyFail:
        this.#state.endCopyIn();
        return Verdict.forward;
      case Frontend.flush:
      case Frontend.sync:
        return Verdict.taken;
      default:
        throw new WireError(`unexpected message type "${String.fromCharCode(type)}" during COPY from stdin`);
    }
  }

  #holdForCopy(): Verdict {
    this.walker.cut();
    this.#peer.toServer(flush);
    this.#peer.pauseClient();
    return Verdict.hold;
  }

  /** Waits until all that is under way is answered; Flush makes the server say it without waiting for a Sync. */
  #holdUntilDrained(answer: Answer = 'goOn'): Verdict {
    this.walker.cut();
    if (this.#state.inFlight.isEmpty) throw new Error('waits for answers although nothing is under way');
    this.#peer.toServer(flush);
    return this.#hold(this.#state.inFlight.drained().then(() => answer));
  }

  /** Behind all that was sent; the client's next message waits for the answer. */
  #askPath(onPath: OnPath): void {
    const { inFlight } = this.#state;
    const probe = new PathProbe(!inFlight.isInSegment, onPath);
    this.walker.cut();
    this.#peer.toServer(probe.encode());
    inFlight.push({ kind: 'probe', probe });
  }

  #admission(text: Buffer, mayAsk = true): Admission | undefined {
    const answer = this.#held.take();
    if (isAdmission(answer)) return answer;
    if (isApproved(answer)) return this.#admit(answer.message, answer);
    const judged = isJudged(answer) ? answer : this.#judgement(text);
    if (judged === undefined) return undefined;
    if (!needsApproval(judged)) return this.#admit(judged, undefined);
    if (!mayAsk) return this.#admit({ ...judged, refusal: unreviewable() }, undefined);
    this.#holdForApproval(judged, undefined);
    return undefined;
  }

  /** At Execute: judged again where policy or catalog have changed since Bind. */
  #admissionOf(portal: Portal): Admission | undefined {
    const answer = this.#held.take();
    if (isAdmission(answer)) return answer;
    if (isJudged(answer)) portal.statement.judged = answer;
    else if (!this.#renewJudgement(portal.statement)) return undefined;
    const { judged } = portal.statement;
    const admitted = judged.path === portal.path ? judged : this.#pipeline.judgeInDoubt(judged.text);
    return this.#admit(admitted, portal.approval, portal.parameters);
  }

  /** False where judging anew takes time: the message is held for it. */
  #renewJudgement(statement: PreparedStatement, looksFirst = false): boolean {
    if (!looksFirst && this.#pipeline.isCurrent(statement.judged)) return true;
    const judged = this.#pipeline.judge(statement.judged.text, this.#state.findPrepared);
    if (judged instanceof Promise) {
      this.#hold(judged);
      return false;
    }
    statement.judged = judged;
    return true;
  }

  #admit(
    judged: JudgedMessage,
    approval: ApprovedMessage | undefined,
    parameters?: Portal['parameters'],
  ): Admission | undefined {
    const admission = this.#pipeline.admit(judged, approval, parameters);
    if (!(admission instanceof Promise)) return admission;
    this.#hold(admission);
    return undefined;
  }

  /** The statement waits for a reviewer; what the client sends meanwhile waits behind it. */
  #holdForApproval(
    judged: JudgedMessage,
    parameters: readonly (string | null)[] | undefined,
  ): typeof Verdict.hold {
    this.walker.cut();
    this.#peer.toServer(flush); // what came before is answered meanwhile
    this.#peer.pauseClient();
    const onWaiting = (request: ApprovalRequest) => this.#peer.onWaiting(request);
    return this.#held.waitForReview((signal) =>
      this.#pipeline.approve(judged, { parameters, signal, onWaiting }, this.#state.findPrepared),
    );
  }

  #judgement(bytes: Buffer): JudgedMessage | undefined {
    if (!isUtf8(bytes)) {
      this.#hold(Promise.resolve({ kind: 'refused' as const, error: new PortcullisError('TEXT_NOT_UTF8') }));
      return undefined;
    }
    const judged = this.#pipeline.judge(bytes.toString('utf8'), this.#state.findPrepared);
    if (!(judged instanceof Promise)) return judged;
    this.#hold(judged);
    return undefined;
  }

  #holdForAdmission(admission: Admission | Promise<Admission>): Verdict {
    return this.#hold(Promise.resolve(admission));
  }

  #hold(promise: Promise<Answer>): typeof Verdict.hold {
    this.#peer.pauseClient();
    return this.#held.waitFor(promise);
  }

  #refuse(error: PortcullisError, isQuery: boolean): Verdict {
    this.walker.cut();
    this.#replace(error, isQuery);
    return Verdict.taken;
  }

  #replace(error: PortcullisError, isQuery: boolean): void {
    this.#peer.toServer(isQuery ? failingQuery : failingParse);
    this.#state.inFlight.push({ kind: 'refusal', error, endsWithReady: isQuery, hasFailed: false });
    // What follows up to the next Sync the server would skip: it does not even get there.
    if (!isQuery) this.#state.isSkipping = true;
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
