/** The sign-in in SecretStorage; in this window's memory where the editor cannot keep secrets. */
import type { Event, SecretStorage } from 'vscode';
import type { KeptSignIn } from '../kit/proxyControl.ts';

const key = 'portcullis.signIn';

export class SignInStore {
  readonly #secrets: SecretStorage;
  readonly #onUnusable: (why: string) => void;
  #isUsable = true;
  #memory: KeptSignIn | undefined;

  /** @param onUnusable called once, with why the editor's secrets cannot be used. */
  constructor(secrets: SecretStorage, onUnusable: (why: string) => void) {
    this.#secrets = secrets;
    this.#onUnusable = onUnusable;
  }

  /** Fires when any window has kept or forgotten a sign-in. */
  get onChange(): Event<unknown> {
    return (listener, thisArgs, disposables) =>
      this.#secrets.onDidChange(
        (event) => {
          if (event.key === key) listener.call(thisArgs, event);
        },
        undefined,
        disposables,
      );
  }

  async read(): Promise<KeptSignIn | undefined> {
    const text = await this.#try(() => this.#secrets.get(key));
    return this.#isUsable ? parse(text) : this.#memory;
  }

  async keep(signIn: KeptSignIn): Promise<void> {
    this.#memory = signIn;
    const text = JSON.stringify(signIn);
    await this.#try(async () => {
      // Every window hears of new tokens, and every write is told to every window.
      if ((await this.#secrets.get(key)) !== text) await this.#secrets.store(key, text);
    });
  }

  async forget(): Promise<void> {
    this.#memory = undefined;
    await this.#try(() => this.#secrets.delete(key));
  }

  async #try<Result>(act: () => Thenable<Result>): Promise<Result | undefined> {
    if (!this.#isUsable) return undefined;
    try {
      return await act();
    } catch (error) {
      this.#isUsable = false;
      this.#onUnusable(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }
}

/** What another version kept, or a hand has edited, counts as no sign-in. */
function parse(text: string | undefined): KeptSignIn | undefined {
  try {
    const kept = JSON.parse(text ?? '') as KeptSignIn;
    const { collector, tokens, identity } = kept;
    const words: unknown[] = [
      collector,
      tokens.accessToken,
      tokens.expiresAt,
      identity.subject,
      identity.email,
    ];
    return words.every((word) => typeof word === 'string') ? kept : undefined;
  } catch {
    return undefined;
  }
}
