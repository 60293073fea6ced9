/** Makes words from elsewhere (names, problems, links) safe to show in one line of the editor's own interface. */
import { showLine } from './visibleText.ts';

/** As {@link showLine}, and codicons stay text. */
export function plainLine(text: string, longest = 300): string {
  return showLine(text, longest).replace(/\$\(/g, '$ (');
}
