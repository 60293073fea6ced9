/** One event as a syslog message (RFC 5424, section 6), with its length before it (RFC 6587, section 3.4.1). */
import type { SinkItem } from './sink.ts';

/** "log audit" (RFC 5424, table 1). */
const facility = 13;

/** By OCSF's severity_id: informational, notice, warning, error (RFC 5424, table 2). */
const severities: Readonly<Record<number, number>> = { 1: 6, 2: 5, 3: 4, 4: 3 };

/** @param hostname of the collector that sends it */
export function formatSyslog({ event, text }: SinkItem, hostname: string): string {
  const priority = facility * 8 + (severities[event.data.severity_id] ?? 6);
  const proxy = decodeURIComponent(event.source.slice(event.source.lastIndexOf('/') + 1));
  const head = [
    `<${priority}>1`,
    event.time,
    headerField(hostname, 255),
    'portcullis',
    headerField(proxy, 128),
    headerField(event.type.slice(event.type.lastIndexOf('.') + 1), 32),
    // IANA's own: others need an enterprise number, and everything else stands in the message.
    '[origin software="Portcullis"]',
  ];
  // In ASCII the message needs no byte order mark, which many who read JSON stumble over (RFC 5424, section 6.4).
  return `${head.join(' ')} ${toAscii(text)}`;
}

/** MSG-LEN SP SYSLOG-MSG: an event may hold line feeds, so the length alone tells where it ends. */
export function frameSyslog(message: string): string {
  return `${Buffer.byteLength(message)} ${message}`;
}

/** PRINTUSASCII, shortened; the nil value where nothing is left. */
function headerField(text: string, longest: number): string {
  return text.replace(/[^\x21-\x7e]/g, '').slice(0, longest) || '-';
}

/** JSON in ASCII means the same (RFC 8259, section 7). */
function toAscii(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
