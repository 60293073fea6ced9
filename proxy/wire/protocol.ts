/** Message types and fixed numbers of the PostgreSQL protocol 3.x (PostgreSQL manual, 55.7 Message Formats). */

/** Frontend message types: what a client sends. Each is the ASCII letter in the comment. */
export const Frontend = {
  bind: 0x42, // B
  close: 0x43, // C
  copyData: 0x64, // d
  copyDone: 0x63, // c
  copyFail: 0x66, // f
  describe: 0x44, // D
  execute: 0x45, // E
  flush: 0x48, // H
  functionCall: 0x46, // F
  parse: 0x50, // P
  password: 0x70, // p: also SASLInitialResponse, SASLResponse, GSSResponse
  query: 0x51, // Q
  sync: 0x53, // S
  terminate: 0x58, // X
} as const;

/** Backend message types: what a server sends. */
export const Backend = {
  authentication: 0x52, // R
  backendKeyData: 0x4b, // K
  bindComplete: 0x32, // 2
  closeComplete: 0x33, // 3
  commandComplete: 0x43, // C
  copyBothResponse: 0x57, // W
  copyData: 0x64, // d
  copyDone: 0x63, // c
  copyInResponse: 0x47, // G
  copyOutResponse: 0x48, // H
  dataRow: 0x44, // D
  emptyQueryResponse: 0x49, // I
  errorResponse: 0x45, // E
  functionCallResponse: 0x56, // V
  negotiateProtocolVersion: 0x76, // v
  noData: 0x6e, // n
  noticeResponse: 0x4e, // N
  notificationResponse: 0x41, // A
  parameterDescription: 0x74, // t
  parameterStatus: 0x53, // S
  parseComplete: 0x31, // 1
  portalSuspended: 0x73, // s
  readyForQuery: 0x5a, // Z
  rowDescription: 0x54, // T
} as const;

/** First word of a startup-phase packet: a protocol version, or one of the request codes. */
export const StartupCode = {
  cancelRequest: 80877102, // 1234 5678
  sslRequest: 80877103, // 1234 5679
  gssEncRequest: 80877104, // 1234 5680
  version30: 196608, // 3.0
  version32: 196610, // 3.2
} as const;

/** ReadyForQuery's status byte. */
export const TransactionStatus = { idle: 0x49, open: 0x54, failed: 0x45 } as const; // I, T, E

/** A startup packet of the server's own limit (MAX_STARTUP_PACKET_LENGTH). */
export const maxStartupPacketBytes = 10_000;

/** The server's limit for any message (MaxAllocSize: 1 GB less one byte). */
export const maxMessageBytes = 0x3fffffff;

/** The server's limit for messages that carry no data (PQ_SMALL_MESSAGE_LIMIT). */
export const maxSmallMessageBytes = 10_000;

/** A message's bytes are not what the protocol says. The stream cannot be trusted after it. */
export class WireError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WireError';
  }
}
