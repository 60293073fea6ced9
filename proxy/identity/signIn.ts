/** Sign-in through the browser: authorization code with PKCE on a loopback redirect (RFC 6749, RFC 7636, RFC 8252). */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as oidc from 'openid-client';
import type { Tokens } from '../control/messages.ts';
import { checkCollectorUrl } from '../kit/collectorClient.ts';
import { openProvider, toTokens } from './providerClient.ts';
import { type CollectorDiscovery, fetchCollectorDiscovery } from './providerMetadata.ts';

export interface PendingSignIn extends CollectorDiscovery {
  readonly collector: string;
  /** To be opened in the person's browser. */
  readonly url: string;
  /** Rejects, in words, where the sign-in fails, is cancelled, or takes more than five minutes. */
  readonly finished: Promise<Tokens>;
  cancel(): void;
}

const patienceMs = 5 * 60_000;
const callbackPath = '/callback';
const overWords = 'This sign-in is over already. You can close this page.';

/** @throws Error in words where collector or provider do not answer as they should */
export async function beginSignIn(collectorUrl: string): Promise<PendingSignIn> {
  const collector = checkCollectorUrl(collectorUrl);
  const discovery = await fetchCollectorDiscovery(collector);
  const provider = await openProvider(discovery);
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const nonce = oidc.randomNonce();
  const server = createServer();
  const port = await listen(server);
  const redirectUri = `http://127.0.0.1:${port}${callbackPath}`;
  const url = oidc.buildAuthorizationUrl(provider, {
    redirect_uri: redirectUri,
    scope: 'openid email groups offline_access',
    resource: discovery.audience,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    prompt: 'consent', // without it no refresh token is given (OpenID Connect Core 1.0, section 11)
  });
  let cancel: () => void = () => undefined;
  const finished = new Promise<Tokens>((resolve, reject) => {
    const timer = setTimeout(
      () => end(new Error('the sign-in was not finished within five minutes')),
      patienceMs,
    );
    let isOver = false;
    const end = (outcome: Tokens | Error) => {
      isOver = true;
      clearTimeout(timer);
      server.close();
      server.closeIdleConnections();
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    };
    cancel = () => end(new Error('the sign-in was cancelled'));
    let isAnswered = false;
    server.on('request', (request, response) => {
      const callback = readCallback(request, redirectUri);
      if (callback === undefined) return answer(response, 404, 'Not here.');
      // Somebody else's answer, or one of an older attempt: ours may still come.
      if (callback.searchParams.get('state') !== state) {
        return answer(response, 400, 'This answer belongs to another sign-in. Start again in the editor.');
      }
      if (isAnswered || isOver) return answer(response, 400, overWords);
      isAnswered = true;
      const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce };
      oidc.authorizationCodeGrant(provider, callback, checks, { resource: discovery.audience }).then(
        (grant) => {
          if (isOver) return answer(response, 400, overWords);
          answer(response, 200, 'You are signed in. You can close this page and go back to the editor.');
          end(toTokens(grant));
        },
        (error: unknown) => {
          const words = describeFailure(error);
          answer(response, 400, `The sign-in failed: ${words}. Close this page and try again in the editor.`);
          end(new Error(`the sign-in failed: ${words}`));
        },
      );
    });
  });
  finished.catch(() => undefined); // whoever waits for it hears of it
  return { ...discovery, collector, url: url.href, finished, cancel };
}

/** Undefined where the request is for anything but the page that the provider sends people back to. */
function readCallback(request: IncomingMessage, redirectUri: string): URL | undefined {
  const { method, url = '' } = request;
  // "//" is a request target, and no address.
  if (method !== 'GET' || !URL.canParse(url, redirectUri)) return undefined;
  const callback = new URL(url, redirectUri);
  return callback.href.startsWith(`${redirectUri}?`) ? callback : undefined;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** Says nothing of what came in the address: it could be anybody's text. */
function answer(response: ServerResponse, status: number, words: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(
    `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Portcullis</title><style>
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:32em;margin:20vh auto;padding:0 1em;text-align:center}
</style></head><body><h1>Portcullis</h1><p>${words}</p></body></html>`,
  );
}

function describeFailure(error: unknown): string {
  if (error instanceof oidc.AuthorizationResponseError) {
    return error.error === 'access_denied'
      ? 'it was declined at the identity provider'
      : `the provider says ${plain(error.error)}`;
  }
  if (error instanceof oidc.ResponseBodyError) return `the provider says ${plain(error.error)}`;
  if (isNetworkFailure(error)) return 'the identity provider could not be reached';
  return 'the identity provider’s answer does not hold';
}

function isNetworkFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.message === 'fetch failed' || error.name === 'TimeoutError' || isNetworkFailure(error.cause);
}

/** Error codes are short words (RFC 6749, section 4.1.2.1); anything else is not repeated. */
function plain(code: string): string {
  return /^[a-z_]{1,60}$/.test(code) ? code.replaceAll('_', ' ') : 'no';
}
