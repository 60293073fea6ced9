/**
 * From the first byte to ReadyForQuery: encryption, protocol version, who is asking, which connection, which settings.
 * The client hears the same for a wrong password, an unknown user and another operating-system user.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { LocalAccount, LocalAccounts } from '../../identity/localAccounts.ts';
import { isOtherUser } from '../../identity/peerUser.ts';
import { ScramError, ScramExchange } from '../../identity/scramServer.ts';
import { PortcullisError } from '../../kit/errors.ts';
import {
  encodeAuthenticationOk,
  encodeNegotiateVersion,
  encodeSaslData,
  encodeSaslMechanisms,
} from '../../wire/backendMessages.ts';
import { readSaslInitial, readStartup } from '../../wire/frontendMessages.ts';
import { Frontend, StartupCode } from '../../wire/protocol.ts';
import type { LocalCertificate } from './localCertificate.ts';
import { readStartupParameters, type StartupRequest } from './startupParameters.ts';
import { HandshakeEnded, StartupReader } from './startupReader.ts';

const tlsHandshakeByte = 0x16;

export interface HandshakeParts {
  readonly accounts: LocalAccounts;
  readonly certificate: LocalCertificate;
}

/** What the first packets led to. */
export type Opening =
  | { readonly kind: 'cancel'; readonly processId: number; readonly secret: Buffer }
  | {
      readonly kind: 'session';
      readonly socket: Socket;
      readonly isPlain: boolean;
      readonly protocolVersion: number;
      readonly request: StartupRequest;
    };

/**
 * Negotiates encryption and reads the startup packet; tells through which socket the client is spoken to.
 * Rejects with WireError, PortcullisError, HandshakeEnded.
 */
export async function openHandshake(
  raw: Socket,
  certificate: LocalCertificate,
  onSocket: (socket: Socket) => void,
): Promise<Opening> {
  let reader = new StartupReader(raw);
  const firstByte = await reader.read(1);
  let packet: Buffer;
  if (firstByte[0] === tlsHandshakeByte) {
    raw.unshift(firstByte);
    reader = new StartupReader(await acceptTls(raw, certificate, true));
    onSocket(reader.socket);
    packet = await reader.readPacket();
  } else {
    packet = await reader.readPacket(firstByte);
  }
  let mayAskForGss = true;
  for (;;) {
    const code = packet.readInt32BE(4);
    if (code === StartupCode.cancelRequest) return readCancel(packet);
    if (code === StartupCode.sslRequest && !(reader.socket instanceof TLSSocket)) {
      // What was sent along before encryption could have been slipped in by somebody else (CVE-2021-23222).
      if (raw.readableLength > 0) throw new PortcullisError('PROTOCOL_VIOLATION', { message: unencrypted });
      raw.write('S');
      reader = new StartupReader(await acceptTls(raw, certificate, false));
      onSocket(reader.socket);
    } else if (code === StartupCode.gssEncRequest && mayAskForGss) {
      if (raw.readableLength > 0) throw new PortcullisError('PROTOCOL_VIOLATION', { message: unencrypted });
      mayAskForGss = false;
      reader.socket.write('N');
    } else {
      break;
    }
    packet = await reader.readPacket();
  }
  return readSessionRequest(reader.socket, packet);
}

const unencrypted = 'received unencrypted data after an encryption request';

function readCancel(packet: Buffer): Opening {
  return { kind: 'cancel', processId: packet.readInt32BE(8), secret: Buffer.from(packet.subarray(12)) };
}

function readSessionRequest(socket: Socket, packet: Buffer): Opening {
  const { majorVersion, minorVersion, parameters } = readStartup(packet);
  if (majorVersion !== 3) {
    throw new PortcullisError('PROTOCOL_UNSUPPORTED', { version: `${majorVersion}.${minorVersion}` });
  }
  const request = readStartupParameters(parameters);
  const asked = (majorVersion << 16) | minorVersion;
  const protocolVersion = Math.min(asked, StartupCode.version32);
  if (asked > StartupCode.version32 || request.unknownOptions.length > 0) {
    socket.write(encodeNegotiateVersion(protocolVersion, request.unknownOptions));
  }
  return { kind: 'session', socket, isPlain: !(socket instanceof TLSSocket), protocolVersion, request };
}

/** Encryption asked for at once (direct) must name the protocol by ALPN, as the server demands (manual, 55.2.10). */
async function acceptTls(raw: Socket, { context }: LocalCertificate, isDirect: boolean): Promise<TLSSocket> {
  const socket = new TLSSocket(raw, {
    isServer: true,
    secureContext: context,
    ALPNProtocols: ['postgresql'],
  });
  await new Promise<void>((resolve, reject) => {
    const fail = (error?: Error) =>
      reject(error ?? new HandshakeEnded('the client left during the TLS handshake'));
    socket.once('secure', () => {
      socket.off('error', fail).off('close', fail);
      resolve();
    });
    socket.once('error', fail).once('close', fail);
  });
  socket.on('error', () => undefined); // ends in 'close', which the reader sees
  if (isDirect && socket.alpnProtocol !== 'postgresql') {
    socket.destroy();
    throw new HandshakeEnded('the client began with TLS and did not name the protocol');
  }
  return socket;
}

/** SCRAM-SHA-256 (with channel binding over TLS), then the owner of the socket. Throws AUTHENTICATION_FAILED. */
export async function authenticate(
  opening: Extract<Opening, { kind: 'session' }>,
  { accounts, certificate }: HandshakeParts,
): Promise<LocalAccount> {
  const { socket, isPlain, request } = opening;
  const reader = new StartupReader(socket);
  const endPoint = isPlain ? undefined : certificate.endPoint;
  socket.write(encodeSaslMechanisms(isPlain ? ['SCRAM-SHA-256'] : ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256']));
  const { verifier, account } = accounts.find(request.user);
  const initial = readSaslInitial(await reader.readMessage(Frontend.password));
  try {
    const exchange = new ScramExchange(verifier, initial.mechanism, endPoint);
    socket.write(encodeSaslData(11, exchange.first(initial.response)));
    const final = exchange.final((await reader.readMessage(Frontend.password)).toString('utf8'));
    const isStranger = await isOtherUser(peerOf(socket));
    if (account === undefined || isStranger) throw new ScramError('unknown user');
    socket.write(Buffer.concat([encodeSaslData(12, final), encodeAuthenticationOk()]));
    return account;
  } catch (error) {
    if (!(error instanceof ScramError)) throw error;
    throw new PortcullisError('AUTHENTICATION_FAILED', { user: request.user }, { cause: error });
  }
}

function peerOf(socket: Socket) {
  return {
    address: socket.remoteAddress ?? '',
    port: socket.remotePort ?? 0,
    localPort: socket.localPort ?? 0,
  };
}
