/** The loopback port: takes connections, sets sessions up, and ends them all when the proxy stops. */
import { createServer, type Server, type Socket } from 'node:net';
import { DatabaseError } from 'pg';
import { type EventClient, recordedIdentity } from '../audit/events.ts';
import type { Identity } from '../identity/identity.ts';
import type { LocalAccount } from '../identity/localAccounts.ts';
import { monotonicMicros } from '../kit/clock.ts';
import { PortcullisError } from '../kit/errors.ts';
import { newSessionId } from '../kit/ids.ts';
import type { Log } from '../kit/log.ts';
import type { Circumstances } from '../policy/circumstances/circumstances.ts';
import { decisionError } from '../policy/findings.ts';
import {
  encodeBackendKey,
  encodeError,
  encodeParameterStatus,
  encodeReadyForQuery,
} from '../wire/backendMessages.ts';
import { TransactionStatus, WireError } from '../wire/protocol.ts';
import { CancelRegistry, cancelOnServer } from './cancelRegistry.ts';
import { ClientSession } from './clientSession.ts';
import type { GovernedConnection } from './governedConnection.ts';
import { asRefusal } from './judging/textJudge.ts';
import { RowBudgets } from './limiting/rowBudgets.ts';
import { SessionLimits } from './limiting/sessionLimits.ts';
import { authenticate, type HandshakeParts, type Opening, openHandshake } from './opening/handshake.ts';
import { settingFacts } from './opening/settingFacts.ts';
import { HandshakeEnded } from './opening/startupReader.ts';
import { connectUpstream, type Upstream } from './opening/upstream.ts';
import { SocketLink } from './socketLink.ts';
import { type PipelineParts, StatementPipeline } from './statementPipeline.ts';

/** As PostgreSQL's authentication_timeout. */
const handshakeTimeoutMs = 60_000;
const upstreamTimeoutMs = 15_000;
const limitsEveryMs = 1_000;

export interface ListenerParts extends HandshakeParts, PipelineParts {
  readonly connections: ReadonlyMap<string, GovernedConnection>;
  /** Why a connection is not among them although it is known. */
  readonly problems: ReadonlyMap<string, PortcullisError>;
  readonly log: Log;
}

type SessionOpening = Extract<Opening, { kind: 'session' }>;

export class Listener {
  readonly #parts: ListenerParts;
  readonly #server: Server;
  readonly #cancels = new CancelRegistry();
  readonly #sessions = new Set<ClientSession>();
  /** Sockets still in their handshake. */
  readonly #opening = new Set<Socket>();
  readonly #budgets = new RowBudgets();
  readonly #watch: NodeJS.Timeout;
  #isStopping = false;

  constructor(parts: ListenerParts) {
    this.#parts = parts;
    this.#watch = setInterval(() => this.#enforceLimits(), limitsEveryMs);
    this.#watch.unref();
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => {
      void this.#welcome(socket);
    });
  }

  /** Listens on the loopback address; answers the port. Port 0 takes a free one. Rejects where the port is taken. */
  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#parts.log.error('the port failed', error));
        const address = this.#server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Takes no more connections, tells every client why, and waits until all sessions are closed and recorded. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#watch);
    this.#server.close();
    for (const socket of this.#opening) socket.destroy();
    for (const session of this.#sessions) session.stop(new PortcullisError('SHUTTING_DOWN'));
    const deadline = Date.now() + 7_000;
    while (this.#sessions.size > 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    // What did not end in time is cut off, so that its end is recorded before the journal closes.
    for (const session of this.#sessions) session.destroy();
    while (this.#sessions.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  #enforceLimits(): void {
    const now = monotonicMicros();
    for (const session of this.#sessions) {
      try {
        session.enforceLimits(now);
      } catch (error) {
        this.#parts.log.error('limits cannot be told, so the session ends', error);
        session.stop(asRefusal(error));
      }
    }
  }

  async #welcome(raw: Socket): Promise<void> {
    raw.on('error', () => undefined); // ends in 'close', which the handshake sees
    this.#opening.add(raw);
    const timer = setTimeout(() => raw.destroy(), handshakeTimeoutMs);
    let socket = raw;
    try {
      const opening = await openHandshake(raw, this.#parts.certificate, (current) => {
        socket = current;
      });
      if (opening.kind === 'cancel') {
        await this.#cancels.cancel(opening.processId, opening.secret);
        raw.end();
        return;
      }
      await this.#openSession(opening);
    } catch (error) {
      this.#turnAway(socket, error);
    } finally {
      clearTimeout(timer);
      this.#opening.delete(raw);
    }
  }

  async #openSession(opening: SessionOpening): Promise<void> {
    const { request, socket } = opening;
    const client: EventClient = {
      address: `${socket.remoteAddress}:${socket.remotePort}`,
      application: request.settings.get('application_name') ?? '',
    };
    let identity: Identity | undefined;
    try {
      const account = await authenticate(opening, this.#parts);
      identity = account.identity;
      const expired = account.checkAccess?.();
      if (expired !== undefined) throw expired;
      const connection = this.#findConnection(request.database);
      const circumstances = circumstancesOf(opening);
      this.#judgeSettings(identity, connection, request.settings, circumstances);
      const upstream = await connectToServer(connection, request.settings);
      this.#begin(opening, account, connection, upstream, client, circumstances);
    } catch (error) {
      if (PortcullisError.is(error)) await this.#recordRefusal(error, client, identity, request.database);
      throw error;
    }
  }

  #findConnection(name: string): GovernedConnection {
    const connection = this.#parts.connections.get(name);
    if (connection !== undefined) return connection;
    const problem = this.#parts.problems.get(name);
    if (problem !== undefined) throw problem;
    throw new PortcullisError('CONNECTION_UNKNOWN', {
      name,
      known: [...this.#parts.connections.keys()].join(', '),
    });
  }

  /** Settings at the start of a session are judged as the SET statements that they stand for. */
  #judgeSettings(
    identity: Identity,
    connection: GovernedConnection,
    settings: ReadonlyMap<string, string>,
    circumstances: Circumstances,
  ): void {
    for (const [name, value] of settings) {
      const facts = settingFacts(name, value);
      const decision = this.#parts.policy.decide(identity, connection.info, facts, circumstances);
      if (decision.outcome !== 'allow') throw decisionError(decision, facts);
    }
  }

  #begin(
    { socket, isPlain, protocolVersion, request: { wantsNotices, settings } }: SessionOpening,
    account: LocalAccount,
    connection: GovernedConnection,
    upstream: Upstream,
    client: EventClient,
    circumstances: Circumstances,
  ): void {
    const id = newSessionId();
    const { identity } = account;
    const { journal } = this.#parts;
    const { name, environment } = connection.info;
    if (this.#isStopping || socket.destroyed) {
      upstream.socket.destroy();
      throw new HandshakeEnded('the client left, or the proxy stops');
    }
    journal.sessionOpened({
      client,
      connection: name,
      environment,
      identity: recordedIdentity(identity),
      session: id,
    });
    const key = this.#cancels.register(upstream.key, protocolVersion, () => session.cancelWait());
    socket.write(
      Buffer.concat([
        ...[...upstream.parameters].map(([parameter, value]) => encodeParameterStatus(parameter, value)),
        encodeBackendKey(key.processId, key.secret),
        encodeReadyForQuery(TransactionStatus.idle),
      ]),
    );
    const { policy } = this.#parts;
    const limits = new SessionLimits(policy, identity, connection.info, circumstances, this.#budgets);
    const session: ClientSession = new ClientSession({
      limits,
      cancelOnServer: () => void cancelOnServer(upstream.key),
      client: new SocketLink(socket, isPlain),
      server: new SocketLink(upstream.socket, upstream.isPlain),
      pipeline: new StatementPipeline(this.#parts, {
        id,
        identity,
        connection,
        client,
        circumstances,
        settings,
        desk: account.desk,
        limits,
        checkAccess: account.checkAccess,
      }),
      wantsNotices,
      functionName: (oid) => connection.catalog.functionByOid(oid),
      onClosed: (reason) => {
        this.#cancels.forget(key.processId);
        this.#sessions.delete(session);
        journal.sessionClosed({ session: id, reason, statements: session.statementsRun });
      },
    });
    this.#sessions.add(session);
  }

  async #recordRefusal(
    error: PortcullisError,
    client: EventClient,
    identity: Identity | undefined,
    connection: string,
  ): Promise<void> {
    const { journal, log } = this.#parts;
    try {
      journal.refusal({
        client,
        connection,
        reason: { code: error.code, message: error.message, sqlState: error.sqlState },
        ...(identity && { identity: recordedIdentity(identity) }),
      });
      await journal.sync();
    } catch (failure) {
      log.error('a refused login could not be recorded', failure);
    }
  }

  #turnAway(socket: Socket, error: unknown): void {
    if (error instanceof HandshakeEnded || socket.destroyed) {
      socket.destroy();
      return;
    }
    const { sqlState, message, detail, hint } = asStartupError(error);
    socket.end(encodeError({ severity: 'FATAL', sqlState, message, detail, hint }));
    socket.resume();
    setTimeout(() => socket.destroy(), 2_000).unref();
    if (!PortcullisError.is(error)) this.#parts.log.debug(`a connection was turned away: ${message}`);
  }
}

function circumstancesOf({ socket, request }: SessionOpening): Circumstances {
  const application = request.settings.get('application_name');
  const address = socket.remoteAddress;
  return { client: { ...(application && { application }), ...(address !== undefined && { address }) } };
}

async function connectToServer(
  connection: GovernedConnection,
  settings: ReadonlyMap<string, string>,
): Promise<Upstream> {
  try {
    return await connectUpstream({ url: connection.url, settings, timeoutMs: upstreamTimeoutMs });
  } catch (error) {
    // A setting that the server does not take is the client's affair, and the server says it best.
    if (error instanceof DatabaseError && error.code?.startsWith('22')) {
      throw new PortcullisError('STARTUP_PARAMETER_REFUSED', { message: error.message }, { cause: error });
    }
    const message = error instanceof Error ? error.message : String(error);
    throw new PortcullisError(
      'UPSTREAM_UNAVAILABLE',
      { name: connection.info.name, message },
      { cause: error },
    );
  }
}

function asStartupError(error: unknown): PortcullisError {
  if (PortcullisError.is(error)) return error;
  const message = error instanceof WireError ? error.message : 'the connection could not be set up';
  return new PortcullisError('PROTOCOL_VIOLATION', { message }, { cause: error });
}
