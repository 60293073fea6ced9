/** Which collector this editor belongs to, and the one question that is asked before it becomes another. */
import { type ExtensionContext, window, workspace } from 'vscode';
import { readCollectorAddress } from './collectorAddress.ts';
import { ProxyProblem } from './proxyLink.ts';

const storageKey = 'collector';
const adoptedKey = 'collectorOfSetting';

/** As joined; settings do not count here. */
export function joinedCollector(context: ExtensionContext): string | undefined {
  return context.globalState.get<string>(storageKey);
}

/**
 * Asks whether to join, naming the host, and what that replaces. Nothing is asked where it is the joined one already.
 * @returns the address to sign in at; undefined where the person said no.
 * @throws ProxyProblem where the address is none.
 */
export async function joinCollector(context: ExtensionContext, text: string): Promise<string | undefined> {
  const address = readCollectorAddress(text);
  if (address.kind === 'refused')
    throw new ProxyProblem(address.why, 'Ask the person who gave it to you for the right one.');
  const joined = joinedCollector(context);
  if (joined === address.url) return joined;
  const replaced =
    joined === undefined ? '' : ` It replaces ${new URL(joined).host}, where you are signed out.`;
  const answer = await window.showInformationMessage(
    `Join ${address.host}?`,
    {
      modal: true,
      detail: `You will sign in with its identity provider, and your SQL goes through its rules.${replaced}`,
    },
    'Join',
  );
  if (answer !== 'Join') return undefined;
  await context.globalState.update(storageKey, address.url);
  return address.url;
}

/**
 * The collector to sign in at: the setting's where that has become another, else as joined, else asked for.
 * @returns undefined where the person gave none.
 */
export async function chooseCollector(context: ExtensionContext): Promise<string | undefined> {
  const set = workspace.getConfiguration('portcullis').get<string>('collector')?.trim();
  // A link that was followed after the setting was adopted wins until the setting changes.
  if (!set || set === context.globalState.get<string>(adoptedKey))
    return joinedCollector(context) ?? (await askForCollector(context));
  // A workspace file is somebody else's word, as a link is: it is asked about.
  const joined = await joinCollector(context, set);
  if (joined !== undefined) await context.globalState.update(adoptedKey, set);
  return joined;
}

export async function askForCollector(context: ExtensionContext): Promise<string | undefined> {
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
  return text?.trim() ? joinCollector(context, text.trim()) : undefined;
}
