/** Runs what a person asked for, and shows what went wrong in words. */
import { commands, window } from 'vscode';
import { describeProblem } from './proxyLink.ts';
import { plainLine } from './userText.ts';

export async function showingProblems(act: () => Promise<void> | void): Promise<void> {
  try {
    await act();
  } catch (error) {
    const words = plainLine(describeProblem(error), 600);
    // Who cancels knows it; the second is the editor's own wording.
    if (/\bcancelled\b|did not consent/i.test(words)) {
      window.setStatusBarMessage('Portcullis: the sign-in was cancelled.', 5_000);
      return;
    }
    const answer = await window.showErrorMessage(words, 'Show Log');
    if (answer === 'Show Log') await commands.executeCommand('portcullis.showLog');
  }
}
