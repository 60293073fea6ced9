import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Tokens } from '../../../proxy/control/messages.ts';
import { TokenKeeper } from '../../../proxy/identity/tokenKeeper.ts';
import { ProviderUnreachable } from '../../../proxy/identity/tokenVerifier.ts';
import { createLog } from '../../../proxy/kit/log.ts';
import {
  type Answer,
  audience,
  clientId,
  type FakeProvider,
  failureOf,
  json,
  startFakeProvider,
  type TokenChange,
} from './fakeProvider.ts';

let provider: FakeProvider;
let keepers: TokenKeeper[] = [];
let lines: string[] = [];
/** Refresh tokens as the provider saw them come in. */
let usedRefreshTokens: string[] = [];
const log = createLog('debug', (line) => lines.push(line));

const tokensOf = async (refreshToken: string | undefined, change: TokenChange = {}): Promise<Tokens> => ({
  accessToken: await provider.sign(change),
  ...(refreshToken === undefined ? {} : { refreshToken }),
  expiresAt: new Date(Date.now() + (change.seconds ?? 3_600) * 1000).toISOString(),
});

const open = async (tokens: Tokens) => {
  const keeper = await TokenKeeper.open({ collector: provider.url, tokens, log });
  keepers.push(keeper);
  return keeper;
};

/** Renews as a provider does that rotates: each refresh token works once. */
const rotating = (seconds: number, claims: Record<string, unknown> = {}): Answer => {
  let next = 1;
  return (response, body) => {
    const refreshToken = new URLSearchParams(body).get('refresh_token') ?? '';
    const isReused = usedRefreshTokens.includes(refreshToken);
    usedRefreshTokens.push(refreshToken);
    if (isReused) return json({ error: 'invalid_grant' }, 400)(response, body);
    void provider.sign({ seconds, claims }).then((access_token) =>
      json({
        access_token,
        token_type: 'Bearer',
        expires_in: seconds,
        refresh_token: `secret-refresh-${next++}`,
      })(response, body),
    );
  };
};

const nextTokens = (keeper: TokenKeeper) => new Promise<Tokens>((resolve) => keeper.onTokens(resolve));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const failedRenewal = async () => {
  while (!lines.some((line) => line.includes('could not be renewed'))) await pause(50);
};

beforeEach(async () => {
  provider = await startFakeProvider();
  lines = [];
  usedRefreshTokens = [];
});

afterEach(async () => {
  for (const keeper of keepers) keeper.dispose();
  keepers = [];
  await provider.stop();
});

describe('a keeper of tokens', () => {
  it('tries again where the provider can do nothing now, and goes on when it can', async () => {
    let failures = 0;
    const renewing = rotating(3_600);
    provider.spoil('/token', (response, body) => {
      failures += 1;
      if (failures === 1) json({ error: 'temporarily_unavailable' }, 503)(response, body);
      else if (failures === 2) response.destroy();
      else renewing(response, body);
    });
    const keeper = await open(await tokensOf('secret-refresh-0', { seconds: 2 }));
    const renewed = await nextTokens(keeper);
    expect(keeper.token()).toBe(renewed.accessToken);
    expect(usedRefreshTokens).toEqual(['secret-refresh-0']);
    expect(lines.filter((line) => line.includes('could not be renewed'))).toHaveLength(2);
  });

  it('tells once that the tokens have ended during an outage, gives none out, and recovers after it', async () => {
    provider.spoil('/token', (response) => void response.destroy());
    const keeper = await open(await tokensOf('secret-refresh-0', { seconds: 2 }));
    let told = 0;
    keeper.onExpired(() => (told += 1));
    await pause(5_000);
    expect(told).toBe(1);
    expect(() => keeper.token()).toThrow('has expired; sign in again');
    provider.spoil('/token', rotating(3_600));
    await nextTokens(keeper);
    expect(keeper.isExpired).toBe(false);
    expect(keeper.token()).toMatch(/^eyJ/);
  });

  it('stops asking when the provider says no, keeps what is still good, and tells of its end once', async () => {
    provider.spoil('/token', json({ error: 'invalid_grant' }, 400));
    const keeper = await open(await tokensOf('secret-refresh-0', { seconds: 10 }));
    let told = 0;
    const expired = new Promise<void>((resolve) =>
      keeper.onExpired(() => {
        told += 1;
        resolve();
      }),
    );
    await failedRenewal();
    expect(keeper.isExpired).toBe(false);
    expect(told).toBe(0);
    await expired;
    expect(keeper.isExpired).toBe(true);
    await pause(2_000);
    expect(told).toBe(1);
    expect(provider.hits.get('/token')).toBe(1);
  });

  it('renews soon after the machine has slept, when timers stood still and the clock went on', async () => {
    provider.spoil('/token', rotating(3_600));
    const keeper = await open(await tokensOf('secret-refresh-0'));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 3_600_000 });
    try {
      expect(keeper.isExpired).toBe(true);
      await nextTokens(keeper);
      expect(keeper.isExpired).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  it('loses no refresh token where the keys cannot be had just after it was renewed', async () => {
    const tokens = await tokensOf('secret-refresh-0', { seconds: 8 });
    const keeper = await open(tokens);
    await provider.rotate(); // the renewed token's key is not known yet
    provider.spoil('/jwks', json({}, 500));
    provider.spoil('/token', rotating(3_600));
    await failedRenewal();
    provider.spoil('/jwks');
    const renewed = await nextTokens(keeper);
    expect(renewed.refreshToken).toBe('secret-refresh-1');
    expect(usedRefreshTokens).toEqual(['secret-refresh-0']);
  });

  it('knows its own earlier tokens again, and does not try their used-up refresh token', async () => {
    provider.spoil('/token', rotating(3_600));
    const earlier = await tokensOf('secret-refresh-0', { seconds: 2 });
    const keeper = await open(earlier);
    const renewed = await nextTokens(keeper);
    const told = nextTokens(keeper);
    expect(await keeper.adopt(earlier)).toBe(true);
    expect(await told).toEqual(renewed);
    expect(keeper.token()).toBe(renewed.accessToken);
    expect(provider.hits.get('/token')).toBe(1);
  });

  it('takes a newer sign-in of the same person, and none of anybody else', async () => {
    const keeper = await open(await tokensOf(undefined, { seconds: 60 }));
    const newer = await tokensOf('r');
    expect(await keeper.adopt(newer)).toBe(true);
    expect(keeper.token()).toBe(newer.accessToken);
    for (const claims of [{ sub: 'other' }, { groups: ['developers', 'admins'] }, { email: 'x@example.com' }])
      expect(await keeper.adopt(await tokensOf('r', { claims }))).toBe(false);
    expect(await keeper.adopt({ ...newer, accessToken: 'garbage' })).toBe(false);
    expect(keeper.token()).toBe(newer.accessToken);
  });

  it('does not go on as another person, whoever the provider renews', async () => {
    provider.spoil('/token', rotating(3_600, { sub: 'somebody-else' }));
    const keeper = await open(await tokensOf('secret-refresh-0', { seconds: 2 }));
    await new Promise<void>((resolve) => keeper.onExpired(resolve));
    expect(keeper.identity.subject).toBe('dev');
    expect(() => keeper.token()).toThrow('has expired');
  });

  it('tells of new groups with the renewed tokens', async () => {
    provider.spoil('/token', rotating(3_600, { groups: [] }));
    const keeper = await open(await tokensOf('secret-refresh-0', { seconds: 2 }));
    await nextTokens(keeper);
    expect(keeper.identity.groups).toEqual([]);
  });

  it('is silent after it was disposed of', async () => {
    provider.spoil('/token', rotating(3_600));
    const keeper = await open(await tokensOf('secret-refresh-0', { seconds: 2 }));
    let told = 0;
    keeper.onTokens(() => (told += 1));
    keeper.onExpired(() => (told += 1));
    keeper.dispose();
    await pause(3_000);
    expect(told).toBe(0);
    expect(provider.hits.get('/token')).toBeUndefined();
  });
});

describe('opening with tokens from before', () => {
  it('renews at once what has expired', async () => {
    provider.spoil('/token', rotating(3_600));
    const keeper = await open(await tokensOf('secret-refresh-0', { seconds: -100 }));
    expect((await nextTokens(keeper)).refreshToken).toBe('secret-refresh-1');
  });

  it('shows a refresh token to nobody but the provider that gave it, whatever the collector says', async () => {
    const tokens = await tokensOf('secret-refresh-0', { seconds: -100 });
    const thief = await startFakeProvider();
    const seen: string[] = [];
    thief.spoil('/token', (response, body) => {
      seen.push(body);
      json({ error: 'invalid_grant' }, 400)(response, body);
    });
    provider.spoil('/.well-known/portcullis', json({ issuer: thief.url, clientId, audience }));
    const failure = await failureOf(open(tokens));
    await thief.stop();
    expect(failure.message).toMatch(/names another identity provider/);
    expect(seen).toEqual([]);
  });

  it('says that the provider cannot be reached, and not that the sign-in is over', async () => {
    provider.spoil('/token', (response) => void response.destroy());
    const failure = await failureOf(open(await tokensOf('secret-refresh-0', { seconds: -100 })));
    expect(failure).toBeInstanceOf(ProviderUnreachable);
  });

  it('leaves no token in an error or the log', async () => {
    provider.spoil('/token', json({ error: 'invalid_grant', error_description: 'secret-refresh-0' }, 400));
    const tokens = await tokensOf('secret-refresh-0', { seconds: -100 });
    const failure = await failureOf(open(tokens));
    expect(failure.message).toBe('the sign-in has ended; sign in again');
    const keeper = await open(await tokensOf('secret-refresh-0', { seconds: 2 }));
    await new Promise<void>((resolve) => keeper.onExpired(resolve));
    const said = `${failure.stack} ${lines.join('\n')}`;
    for (const secret of ['secret-refresh', 'eyJ']) expect(said).not.toContain(secret);
  });
});
