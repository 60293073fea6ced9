/** One client and its server connection: the two streams, their sockets, and how a session ends. */
import type { ApprovalRequest } from '../approvals/request.ts';
import { PortcullisError } from '../kit/errors.ts';
import { encodeError } from '../wire/backendMessages.ts';
import { WireError } from '../wire/protocol.ts';
import { encodeHoldNotice } from './answerMessages.ts';
import { BackendStream } from './backendStream.ts';
import { FrontendStream } from './frontendStream.ts';
import type { SessionLimits } from './limiting/sessionLimits.ts';
import { SessionState } from './sessionState.ts';
import type { SocketLink } from './socketLink.ts';
import type { StatementPipeline } from './statementPipeline.ts';

export type CloseReason = 'clientClosed' | 'clientLost' | 'serverLost' | 'stopping' | 'failed';

/**
 * What a client may send ahead while one of its statements waits for a reviewer. Beyond it the wait ends: a client that
 * is not read any more could leave unnoticed, and its statement would run for nobody.
 */
const heldBytesLimit = 16 * 1024 * 1024;

/** How long a client that reads nothing may keep its last message unread before it is cut off. */
const lingerMs = 5_000;

export interface ClientSessionOptions {
  readonly client: SocketLink;
  readonly server: SocketLink;
  readonly pipeline: StatementPipeline;
  readonly limits: SessionLimits;
  /** Asks the server to cancel what runs. */
  readonly cancelOnServer: () => void;
  readonly functionName: (oid: number) => string | undefined;
  /** The client asked to be told which columns are masked. */
  readonly wantsNotices: boolean;
  /** Called once, when both sides are closed and every outcome is written. */
  readonly onClosed: (reason: CloseReason) => void;
}

export class ClientSession {
  readonly #client: SocketLink;
  readonly #server: SocketLink;
  readonly #pipeline: StatementPipeline;
  readonly #limits: SessionLimits;
  readonly #cancelOnServer: () => void;
  readonly #state: SessionState;
  readonly #frontend: FrontendStream;
  readonly #backend: BackendStream;
  readonly #onClosed: (reason: CloseReason) => void;
  #reason: CloseReason | undefined;
  #isClientOpen = true;
  /** True once our last message to the client is written. */
  #isClientEnding = false;
  #isServerOpen = true;
  /** The client sends no more; the server is told when all that came before is forwarded. */
  #hasClientEnded = false;
  #isClientHeld = false;
  /** While a statement waits for a reviewer the client is read on: its leaving must be noticed. */
  #isWaiting = false;
  #bytesWhileWaiting = 0;

  constructor(options: ClientSessionOptions) {
    this.#client = options.client;
    this.#server = options.server;
    this.#pipeline = options.pipeline;
    this.#onClosed = options.onClosed;
    this.#limits = options.limits;
    this.#cancelOnServer = options.cancelOnServer;
    const state = new SessionState(options.functionName, options.wantsNotices);
    this.#state = state;
    this.#frontend = new FrontendStream(state, options.pipeline, {
      toServer: (bytes) => this.#toServer(bytes),
      pauseClient: () => this.#holdClient(true),
      resumeClient: () => this.#holdClient(false),
      onWaiting: (request) => this.#onWaiting(request),
      onTerminate: () => this.#note('clientClosed'),
      onFatal: (error) => this.#fail(error),
    });
    this.#backend = new BackendStream(state, options.pipeline, {
      toClient: (bytes) => this.#toClient(bytes),
      pauseServer: () => this.#server.pause(),
      resumeServer: () => this.#server.resume(),
      onFatal: (error) => this.#fail(error),
    });
    this.#open();
  }

  /** Tells the client why and closes both sides. */
  stop(error: PortcullisError): void {
    this.#note('stopping');
    this.#frontend.stop();
    this.#sayFatal(error);
    this.#server.end();
  }

  /** Ends what has used up its time or its rows; called once a second. Throws where the policy cannot be evaluated. */
  enforceLimits(nowMicros: number): void {
    const { isOutsideTransaction, inFlight, readySince } = this.#state;
    const { run } = inFlight;
    if (run !== undefined) {
      const overrun = this.#limits.overrunOf(run, nowMicros);
      if (overrun === undefined) return;
      this.#state.cancelledFor = overrun;
      this.#cancelOnServer();
    } else if (!isOutsideTransaction && inFlight.isEmpty && !this.#isWaiting) {
      const overrun = this.#limits.idleOverrun(readySince, nowMicros);
      if (overrun !== undefined) this.stop(overrun);
    }
  }

  /** Closes both sides at once. */
  destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  /** A CancelRequest has come. True where it ended a wait: the server has nothing to cancel. */
  cancelWait(): boolean {
    return this.#frontend.endWait('cancelled');
  }

  #open(): void {
    this.#server.open({
      onBytes: (bytes, length) => this.#onServerBytes(bytes, length),
      onEnd: () => this.#server.end(),
      onClose: (error) => this.#onServerClosed(error),
      onDrain: () => {
        if (!this.#isClientHeld) this.#client.resume();
      },
    });
    this.#client.open({
      onBytes: (bytes, length) => this.#onClientBytes(bytes, length),
      onEnd: () => this.#onClientEnd(),
      onClose: (error) => this.#onClientClosed(error),
      onDrain: () => this.#server.resume(),
    });
  }

  #onClientBytes(bytes: Buffer, length: number): void {
    if (!this.#isServerOpen) return;
    if (this.#isWaiting) {
      this.#bytesWhileWaiting += length;
      if (this.#bytesWhileWaiting > heldBytesLimit) this.#holdBack();
    }
    this.#server.cork();
    this.#frontend.feed(bytes, length);
    this.#server.uncork();
    if (this.#server.isWriting) this.#client.lendBuffer();
  }

  #holdBack(): void {
    this.#client.pause();
    this.#frontend.endWait('flooded');
  }

  #onServerBytes(bytes: Buffer, length: number): void {
    this.#client.cork();
    this.#backend.feed(bytes, length);
    this.#client.uncork();
    if (this.#client.isWriting) this.#server.lendBuffer();
  }

  #toServer(bytes: Buffer): void {
    if (this.#isServerOpen && !this.#server.write(bytes)) this.#client.pause();
  }

  /** A client that is gone reads nothing; the answers still are read, for the record. */
  #toClient(bytes: Buffer): void {
    if (!this.#isClientEnding && !this.#client.write(bytes)) this.#server.pause();
  }

  #onWaiting(request: ApprovalRequest): void {
    this.#isWaiting = true;
    this.#backend.say(encodeHoldNotice(request));
    this.#client.resume();
  }

  #holdClient(isHeld: boolean): void {
    this.#isClientHeld = isHeld;
    this.#isWaiting = false;
    this.#bytesWhileWaiting = 0;
    if (isHeld) this.#client.pause();
    else if (this.#hasClientEnded) this.#server.end();
    else this.#client.resume();
  }

  #onClientEnd(): void {
    this.#note('clientClosed');
    this.#hasClientEnded = true;
    this.#frontend.clientHasLeft();
    if (!this.#isClientHeld) this.#server.end();
  }

  #onClientClosed(error: Error | undefined): void {
    this.#isClientOpen = false;
    this.#isClientEnding = true;
    this.#note(error === undefined ? 'clientClosed' : 'clientLost');
    this.#frontend.stop();
    this.#server.end();
    this.#server.resume();
    this.#finishWhenClosed();
  }

  #onServerClosed(error: Error | undefined): void {
    this.#isServerOpen = false;
    this.#frontend.stop();
    this.#backend.abandon();
    if (this.#reason === undefined) {
      this.#note('serverLost');
      const message = error === undefined ? 'the server closed it' : error.message;
      if (!this.#backend.hasSaidFatal) this.#sayFatal(new PortcullisError('UPSTREAM_LOST', { message }));
    }
    this.#closeClient();
    this.#finishWhenClosed();
  }

  /** The protocol is broken on one side, or a rule was: nothing more passes in either direction. */
  #fail(error: Error): void {
    const refusal = asFatal(error);
    this.#note('failed');
    this.#frontend.stop();
    this.#sayFatal(refusal);
    this.#server.destroy();
  }

  #sayFatal(error: PortcullisError): void {
    if (this.#isClientEnding) return;
    // In the middle of a large value an error would read as part of it: the connection just ends.
    if (!this.#backend.walker.isInsideMessage) this.#writeFatal(error);
    this.#closeClient();
  }

  #writeFatal({ sqlState, message, detail, hint }: PortcullisError): void {
    this.#client.write(encodeError({ severity: 'FATAL', sqlState, message, detail, hint }));
  }

  #closeClient(): void {
    if (this.#isClientEnding) return;
    this.#isClientEnding = true;
    this.#client.end();
    this.#client.resume();
    setTimeout(() => this.#client.destroy(), lingerMs).unref();
  }

  #note(reason: CloseReason): void {
    this.#reason ??= reason;
  }

  #finishWhenClosed(): void {
    if (this.#isClientOpen || this.#isServerOpen) return;
    this.#pipeline.path.close();
    this.#onClosed(this.#reason ?? 'failed');
  }

  get statementsRun(): number {
    return this.#pipeline.statementsRun;
  }
}

function asFatal(error: Error): PortcullisError {
  if (PortcullisError.is(error)) return error;
  const message = error instanceof WireError ? error.message : `internal error: ${error.message}`;
  return new PortcullisError('PROTOCOL_VIOLATION', { message }, { cause: error });
}
