/** Which collector this editor belongs to, and the one question that is asked before it becomes another. */
import { type Memento, window, workspace } from 'vscode';
import { readCollectorAddress } from './collectorAddress.ts';
import { ProxyProblem } from './proxyLink.ts';

const storageKey = 'collector';
const adoptedKey = 'collectorOfSetting';

/** A collector that a person wants to sign in at. */
export interface ChosenCollector {
  readonly url: string;
  /** The setting that named it, as it was written. */
  readonly setting?: string;
}

export class CollectorChoice {
  readonly #memory: Memento;
  #joining: ChosenCollector | undefined;

  constructor(memory: Memento) {
    this.#memory = memory;
  }

  /** Where somebody has signed in before; settings do not count here. */
  get joined(): string | undefined {
    return this.#memory.get<string>(storageKey);
  }

  /**
   * Asks whether to join, naming the host, and what that replaces. Nothing is asked where it is the joined one already.
   * @returns undefined where the person said no.
   * @throws ProxyProblem where the address is none.
   */
  async confirm(text: string): Promise<ChosenCollector | undefined> {
    const address = readCollectorAddress(text);
    if (address.kind === 'refused')
      throw new ProxyProblem(address.why, 'Ask the person who gave it to you for the right one.');
    if (this.joined === address.url) return { url: address.url };
    const replaced =
      this.joined === undefined
        ? ''
        : ` It replaces ${new URL(this.joined).host}, where you are signed out then.`;
    const answer = await window.showInformationMessage(
      `Join ${address.host}?`,
      {
        modal: true,
        detail: `You will sign in with its identity provider, and your SQL goes through its rules.${replaced}`,
      },
      'Join',
    );
    return answer === 'Join' ? { url: address.url } : undefined;
  }

  /** @returns undefined where the person gave none. */
  async ask(): Promise<ChosenCollector | undefined> {
    const text = await window.showInputBox({
      title: 'Portcullis: Join',
      prompt: "Your team's collector",
      placeHolder: 'https://collector.example.com',
      ignoreFocusOut: true,
      validateInput: (value) => {
        const address = readCollectorAddress(value.trim());
        return address.kind === 'refused' && value !== '' ? address.why : undefined;
      },
    });
    return text?.trim() ? this.confirm(text.trim()) : undefined;
  }

  /** While the sign-in runs, it is this collector that `choose` answers: the editor's sign-in takes no parameters. */
  async during<Result>(joining: ChosenCollector, signIn: () => Thenable<Result>): Promise<Result> {
    this.#joining = joining;
    try {
      return await signIn();
    } finally {
      if (this.#joining === joining) this.#joining = undefined;
    }
  }

  /**
   * The collector to sign in at: the one that is being joined, the setting's where that has become another, else as
   * joined, else asked for.
   * @returns undefined where the person gave none.
   */
  async choose(): Promise<ChosenCollector | undefined> {
    if (this.#joining !== undefined) return this.#joining;
    const setting = workspace.getConfiguration('portcullis').get<string>('collector')?.trim();
    // A link that was followed after the setting was adopted wins until the setting changes.
    if (!setting || setting === this.#memory.get<string>(adoptedKey))
      return this.joined === undefined ? this.ask() : { url: this.joined };
    // A workspace file is somebody else's word, as a link is: it is asked about.
    const chosen = await this.confirm(setting);
    return chosen && { ...chosen, setting };
  }

  /** Once somebody has signed in there, and not before: an address that leads nowhere must not stay. */
  async keep({ url, setting }: ChosenCollector): Promise<void> {
    await this.#memory.update(storageKey, url);
    if (setting !== undefined) await this.#memory.update(adoptedKey, setting);
  }
}
