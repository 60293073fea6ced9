/** Network addresses keep their network: 16 bits of an IPv4 address, 32 of an IPv6 one. */
import { isIPv4, isIPv6 } from 'node:net';
import type { Mask } from '../maskValue.ts';

const v4Family = 2; // PGSQL_AF_INET
const v6Family = 3; // PGSQL_AF_INET6
const keptBits = { 4: 16, 6: 32 } as const;

/** `192.0.2.7` → `192.0.0.0/16`; what is no address: NULL. */
export const networkText: Mask = (source, start, end) => {
  if (end - start > 60) return undefined;
  const [address = ''] = source.toString('latin1', start, end).split('/');
  if (isIPv4(address)) return Buffer.from(`${address.split('.').slice(0, 2).join('.')}.0.0/${keptBits[4]}`);
  if (!isIPv6(address)) return undefined;
  const [first = '0', second = '0'] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split(':');
  const network = [first, second].map((group) => (group === '' ? '0' : group)).join(':');
  return Buffer.from(`${network.replace(/(^0)?:0$/, '')}::/${keptBits[6]}`);
};

/** Family, bits, whether it is a cidr, number of bytes, bytes (network_send). */
export const networkBinary: Mask = (source, start, end) => {
  const family = source[start];
  const count = family === v4Family ? 4 : family === v6Family ? 16 : 0;
  if (count === 0 || end - start !== 4 + count || source[start + 3] !== count) return undefined;
  const bytes = Buffer.from(source.subarray(start, end));
  const bits = keptBits[count === 4 ? 4 : 6];
  bytes[1] = bits;
  bytes.fill(0, 4 + bits / 8);
  return bytes;
};
