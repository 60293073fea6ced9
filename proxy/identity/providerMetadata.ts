/** Documents that say where things are: a collector's provider, and a provider's endpoints. Read with limits. */

import { CollectorUnreachable } from '../kit/collectorClient.ts';

export interface CollectorDiscovery {
  readonly issuer: string;
  readonly clientId: string;
  readonly audience: string;
}

export interface ProviderMetadata {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
}

/** Documents of this kind have a few kilobytes. */
const maxDocumentBytes = 256 * 1024;
const timeoutMs = 10_000;

/** `GET COLLECTOR/.well-known/portcullis`. @throws Error in words */
export async function fetchCollectorDiscovery(collector: string): Promise<CollectorDiscovery> {
  const url = `${collector}/.well-known/portcullis`;
  const document = await fetchDocument(url).catch((error: unknown) => {
    // fetch says TypeError where nobody answers at all.
    if (error instanceof TypeError || isTimeout(error)) throw new CollectorUnreachable(collector, error);
    throw new Error(`${collector} does not answer as a Portcullis collector: ${wordsOf(error)}`, {
      cause: error,
    });
  });
  const { issuer, clientId, audience } = document;
  if (typeof issuer !== 'string' || typeof clientId !== 'string' || typeof audience !== 'string') {
    throw new Error(`${collector} is not a Portcullis collector: it does not say who signs people in`);
  }
  checkIssuer(issuer);
  if (!isOwnAudience(collector, audience)) {
    throw new Error(
      `${collector} asks for tokens that are made for ${audience}: whoever runs it has to set its --audience to its own address`,
    );
  }
  return { issuer, clientId, audience };
}

/**
 * Whether tokens for that audience are for this collector alone: it is its address (RFC 9728, section 3.3). Otherwise a
 * stranger's collector could name another's provider and audience, and be sent tokens that are good there. On this machine
 * any name will do.
 */
export function isOwnAudience(collector: string, audience: string): boolean {
  const own = new URL(collector);
  return isLoopback(own) || (URL.canParse(audience) && new URL(audience).origin === own.origin);
}

/** OpenID Connect Discovery 1.0, section 4. @throws Error in words */
export async function fetchProviderMetadata(issuer: string): Promise<ProviderMetadata> {
  checkIssuer(issuer);
  const document = await fetchDocument(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  if (document['issuer'] !== issuer) throw new Error('it calls itself by another name than it is called by');
  for (const key of ['jwks_uri', 'authorization_endpoint', 'token_endpoint']) {
    if (typeof document[key] !== 'string') throw new Error(`its discovery document has no ${key}`);
    checkIssuer(document[key]);
  }
  return document as unknown as ProviderMetadata;
}

/** Tokens and passwords pass there: https, or this machine. */
function checkIssuer(text: string): void {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error('the identity provider’s address is no address');
  }
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))) return;
  throw new Error(`the identity provider${url.host && ` ${url.host}`} is not reached by https`);
}

function isLoopback({ hostname }: URL): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
}

async function fetchDocument(url: string): Promise<Record<string, unknown>> {
  // Not AbortSignal.timeout: one that nothing else holds may be collected as garbage, and then never comes.
  const abort = new AbortController();
  const timer = setTimeout(
    () => abort.abort(new DOMException('it took too long', 'TimeoutError')),
    timeoutMs,
  );
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: abort.signal,
    });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      if (abort.signal.aborted) throw abort.signal.reason;
      size += (chunk as Uint8Array).length;
      if (size > maxDocumentBytes) throw new Error('its answer is far too long');
      chunks.push(chunk as Uint8Array);
    }
    const document: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (typeof document !== 'object' || document === null) throw new Error('its answer is not a JSON object');
    return document as Record<string, unknown>;
  } finally {
    clearTimeout(timer);
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (isTimeout(error)) return 'it did not answer in time';
  if (error instanceof SyntaxError) return 'its answer is not JSON';
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
