/** The kept sign-in: one entry of the editor's secrets, and a window's memory where there are none. */
import { describe, expect, it } from 'vitest';
import type { SecretStorage } from 'vscode';
import type { KeptSignIn } from '../../../extension/kit/proxyControl.ts';
import { SignInStore } from '../../../extension/session/keptSignIn.ts';

const kept: KeptSignIn = {
  collector: 'https://collector.example.com',
  tokens: { accessToken: 'one', refreshToken: 'two', expiresAt: '2030-01-01T00:00:00Z' },
  identity: { subject: 's', email: 'dev@example.com', groups: ['dev'] },
};

/** The editor's secrets live in the editor alone; this keeps the same promises in memory. */
function memorySecrets(): { secrets: SecretStorage; entries: Map<string, string>; writes: () => number } {
  const entries = new Map<string, string>();
  const listeners = new Set<(event: { key: string }) => unknown>();
  let writes = 0;
  const tell = (key: string) => {
    for (const listener of listeners) listener({ key });
  };
  return {
    entries,
    writes: () => writes,
    secrets: {
      get: async (key) => entries.get(key),
      store: async (key, value) => {
        writes += 1;
        entries.set(key, value);
        tell(key);
      },
      delete: async (key) => {
        entries.delete(key);
        tell(key);
      },
      onDidChange: (listener) => {
        listeners.add(listener);
        return { dispose: () => listeners.delete(listener) };
      },
    },
  };
}

describe('the kept sign-in', () => {
  it('is there for every window, and gone for every window', async () => {
    const { secrets, entries } = memorySecrets();
    const one = new SignInStore(secrets, () => undefined);
    const other = new SignInStore(secrets, () => undefined);
    let heard = 0;
    other.onChange(() => {
      heard += 1;
    });
    await one.keep(kept);
    expect(await other.read()).toEqual(kept);
    expect(entries.size).toBe(1);
    await other.forget();
    expect(await one.read()).toBeUndefined();
    expect(entries.size).toBe(0);
    await secrets.store('something else', 'x');
    expect(heard).toBe(2);
  });

  it('is not written again when nothing has changed', async () => {
    const { secrets, writes } = memorySecrets();
    const store = new SignInStore(secrets, () => undefined);
    await store.keep(kept);
    await store.keep({ ...kept });
    expect(writes()).toBe(1);
  });

  it.each(['', '{', 'null', '[]', '{"collector":"x"}', '{"collector":"x","tokens":null,"identity":{}}'])(
    'counts as none where it is damaged: %s',
    async (text) => {
      const { secrets } = memorySecrets();
      await secrets.store('portcullis.signIn', text);
      expect(await new SignInStore(secrets, () => undefined).read()).toBeUndefined();
    },
  );

  it('lasts as long as the window where the editor has no keyring, which is said once', async () => {
    const said: string[] = [];
    const { secrets } = memorySecrets();
    const broken = { ...secrets };
    broken.get =
      broken.store =
      broken.delete =
        async () => {
          throw new Error('no keyring');
        };
    const store = new SignInStore(broken, (why) => said.push(why));
    expect(await store.read()).toBeUndefined();
    await store.keep(kept);
    expect(await store.read()).toEqual(kept);
    await store.forget();
    expect(await store.read()).toBeUndefined();
    expect(said).toEqual(['no keyring']);
  });
});
