/** Other people's text as it may be shown: nothing in it is invisible, reorders its neighbours, or forges a line. */

/**
 * Controls, marks of direction and of no width, unusual spaces and line ends, lone halves of surrogate pairs, private
 * and unassigned characters: all that does not look like what it is (Unicode 16, UAX 9 and UAX 44).
 */
const deceptive =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/u;

/** A piece of a text; `isNamed` where a deceptive character is written out instead of shown. */
export interface VisiblePiece {
  readonly text: string;
  readonly isNamed: boolean;
}

/** Splits one line: tabs stay, every other deceptive character becomes a piece of its own, like `⟨U+202E⟩`. */
export function splitVisible(line: string): VisiblePiece[] {
  const pieces: VisiblePiece[] = [];
  let plain = '';
  for (const character of line) {
    if (character === '\t' || !deceptive.test(character)) {
      plain += character;
      continue;
    }
    if (plain !== '') pieces.push({ text: plain, isNamed: false });
    plain = '';
    pieces.push({ text: nameCharacter(character), isNamed: true });
  }
  if (plain !== '') pieces.push({ text: plain, isNamed: false });
  return pieces;
}

/** A text of several lines, made harmless: its line ends stay. */
export function showText(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) =>
      splitVisible(line)
        .map((piece) => piece.text)
        .join(''),
    )
    .join('\n');
}

/** The same on one line, cut after so many characters. */
export function showLine(text: string, longest = 200): string {
  const characters = [
    ...showText(text.slice(0, longest * 4))
      .replace(/\s+/g, ' ')
      .trim(),
  ];
  return characters.length <= longest ? characters.join('') : `${characters.slice(0, longest - 1).join('')}…`;
}

/** By number, not by the pictures of U+2400: many fonts lack them. */
function nameCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}
