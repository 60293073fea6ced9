/** What may stand in the fields of a sink: addresses, header names, secrets, certificates. */
import { X509Certificate } from 'node:crypto';

/**
 * Https, or http to this machine: events are confidential, and a signature hides nothing. Who may write the file decides
 * where the collector connects to, and nobody else: no route takes an address.
 */
export function readSinkUrl(
  text: string,
  usualPath: string | undefined,
): { readonly url: string } | { readonly problem: string } {
  if (!URL.canParse(text)) return { problem: '"url" looks like https://siem.example.com/events' };
  const url = new URL(text);
  const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal)) {
    return { problem: '"url" begins with https://; plain http is taken to this machine only' };
  }
  if (url.username !== '' || url.password !== '') {
    return { problem: '"url" holds no user and password: name a header, and where its secret is' };
  }
  if (url.hash !== '') return { problem: '"url" has no fragment: it would not be sent' };
  if (usualPath !== undefined && url.pathname === '/') url.pathname = usualPath;
  return { url: url.href };
}

/** What HTTP and the signature say themselves may not be said otherwise. */
const ownHeaders =
  /^(host|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-.*|webhook-.*)$/i;

/** A token (RFC 9110, section 5.6.2). */
export function isHeaderName(name: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/.test(name) && !ownHeaders.test(name);
}

/** Standard Webhooks 1.0.0: "whsec_", then base64 of 24 to 64 bytes. Undefined where it is not. */
export function readSecretBytes(text: string): Buffer | undefined {
  const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1];
  const bytes = Buffer.from(base64 ?? '', 'base64');
  const isWhole = bytes.toString('base64').replace(/=+$/, '') === base64?.replace(/=+$/, '');
  return isWhole && bytes.length >= 24 && bytes.length <= 64 ? bytes : undefined;
}

export function isPem(text: string): boolean {
  try {
    return new X509Certificate(text).raw.length > 0;
  } catch {
    return false;
  }
}
