/** Sign-in through the browser: authorization code with PKCE on a loopback redirect (RFC 6749, RFC 7636, RFC 8252). */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as oidc from 'openid-client';
import type { Tokens } from '../control/messages.ts';
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

/** @throws Error in words where collector or provider do not answer as they should */
export async function beginSignIn(collector: string): Promise<PendingSignIn> {
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
    const end = (outcome: Tokens | Error) => {
      clearTimeout(timer);
      server.close();
      server.closeIdleConnections();
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    };
    cancel = () => end(new Error('the sign-in was cancelled'));
    let isAnswered = false;
    server.on('request', (request, response) => {
      const callback = new URL(request.url ?? '/', redirectUri);
      if (request.method !== 'GET' || callback.pathname !== callbackPath)
        return answer(response, 404, 'Not here.');
      // Somebody else's answer, or one of an older attempt: ours may still come.
      if (callback.searchParams.get('state') !== state) {
        return answer(response, 400, 'This answer belongs to another sign-in. Start again in the editor.');
      }
      if (isAnswered) return answer(response, 400, 'This sign-in is over already. You can close this page.');
      isAnswered = true;
      oidc
        .authorizationCodeGrant(
          provider,
          callback,
          { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce },
          { resource: discovery.audience },
        )
        .then(
          (grant) => {
            answer(response, 200, 'You are signed in. You can close this page and go back to the editor.');
            end(toTokens(grant));
          },
          (error: unknown) => {
            const words = describeFailure(error);
            answer(
              response,
              400,
              `The sign-in failed: ${words}. Close this page and try again in the editor.`,
            );
            end(new Error(`the sign-in failed: ${words}`));
          },
        );
    });
  });
  finished.catch(() => undefined); // whoever waits for it hears of it
  return { ...discovery, collector, url: url.href, finished, cancel };
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
  return 'the identity provider’s answer does not hold';
}

/** Error codes are short words (RFC 6749, section 4.1.2.1); anything else is not repeated. */
function plain(code: string): string {
  return /^[a-z_]{1,60}$/.test(code) ? code.replaceAll('_', ' ') : 'no';
}
