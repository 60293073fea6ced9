/** Shows what cannot be seen, so that a cell cannot hide or turn what it holds. */

/**
 * Controls, marks of direction and of no width, lone halves of surrogate pairs, the invisible letters of U+E0000: they
 * would be lost or change how the rest of the line reads. Unusual spaces and accents stay: data are full of them.
 */
const hidden =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Cs}/gu;

/** For one line: line breaks and tabs become symbols too. */
export function visibleLine(text: string): string {
  return name(text.replace(/\r?\n/g, '↵').replaceAll('\t', '→'));
}

/** For a text of several lines: line breaks and tabs stay what they are. */
export function visibleText(text: string): string {
  return name(text.replaceAll('\r\n', '\n'), '\n\t');
}

/** By number, as the review page does: many fonts lack the pictures of U+2400. */
function name(text: string, kept = ''): string {
  return text.replace(hidden, (character) =>
    kept.includes(character)
      ? character
      : `⟨U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}⟩`,
  );
}
