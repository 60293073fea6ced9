/** What a policy may look at besides the statement and who asks: the client as it calls itself, the moment, the approval. */
import { isIP } from 'node:net';
import type { CedarValueJson } from '@cedar-policy/cedar-wasm/nodejs';

/** What a client says of itself and where it calls from. Nothing of it is proven: any program can claim any name. */
export interface ClaimedClient {
  /** The startup parameter application_name; what SET makes of it later does not count. */
  readonly application?: string;
  /** Of the peer, without its port; IPv4 or IPv6. */
  readonly address?: string;
}

/** The approval that a statement runs by. */
export interface GivenApproval {
  /** Of the request. */
  readonly id: string;
  /** E-mail addresses of those who approved. */
  readonly reviewers: readonly string[];
  /** What the requester gave as the reason; empty where none was given. */
  readonly reason: string;
}

export interface Circumstances {
  readonly client: ClaimedClient;
  /** Absent where nobody has approved anything. */
  readonly approval?: GivenApproval | undefined;
  /** The moment; absent: now. */
  readonly moment?: Moment | undefined;
}

/** Nobody knows who calls, and it is now. */
export const noCircumstances: Circumstances = { client: {} };

/** A minute, which is as exactly as policies are told the time. */
export interface Moment {
  /** Minutes since 1970, UTC. */
  readonly minute: number;
  /** What the local clock is ahead of UTC, in minutes. */
  readonly offset: number;
  /** Name of the local zone. */
  readonly zone: string;
}

const minuteMs = 60_000;
const minutesOfDay = 24 * 60;
const days = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;
/** The days of a week, as `context.time.utc.day` has them. */
export const dayNames: readonly string[] = days;
let ownZone: string | undefined;

/** The number of this minute: what was decided by the time holds for as long as that stays. */
export function currentMinute(): number {
  return Math.floor(Date.now() / minuteMs);
}

/** Now, by the clock and the zone of the machine that the proxy runs on. */
export function currentMoment(): Moment {
  ownZone ??= Intl.DateTimeFormat().resolvedOptions().timeZone;
  const now = new Date();
  return {
    minute: Math.floor(now.getTime() / minuteMs),
    offset: -now.getTimezoneOffset(),
    zone: ownZone,
  };
}

/** What schema.cedarschema calls Moment. */
export function momentRecord({ minute, offset, zone }: Moment): CedarValueJson {
  const at = new Date(minute * minuteMs).toISOString();
  return {
    at: { __extn: { fn: 'datetime', arg: at } },
    utc: clockRecord(minute),
    local: clockRecord(minute + offset),
    zone,
  };
}

function clockRecord(minute: number): CedarValueJson {
  const ofDay = ((minute % minutesOfDay) + minutesOfDay) % minutesOfDay;
  const day = new Date(minute * minuteMs).getUTCDay();
  return { day: days[day] ?? '', hour: Math.floor(ofDay / 60), minute: ofDay % 60 };
}

/** What schema.cedarschema calls Client. An address that Cedar could not read is left out, as one that is not known. */
export function clientRecord({ application, address }: ClaimedClient): CedarValueJson {
  const bare = address === undefined ? undefined : bareAddress(address);
  return {
    ...(application !== undefined && { application }),
    ...(bare !== undefined && { address: { __extn: { fn: 'ip', arg: bare } } }),
  };
}

/** What schema.cedarschema calls Approval. */
export function approvalRecord({ id, reviewers, reason }: GivenApproval): CedarValueJson {
  return { id, reviewers: [...reviewers], reason };
}

/** IPv4 that came over an IPv6 socket is what it was (RFC 4291, 2.5.5.2), and a zone of a link-local address is not part of it. */
function bareAddress(text: string): string | undefined {
  const [address = ''] = text.replace(/^::ffff:(?=\d+\.)/i, '').split('%');
  return isIP(address) === 0 ? undefined : address;
}
