/** Shows what cannot be seen: control characters as symbols, so that a cell cannot hide or turn what it holds. */

/** Unicode's control pictures begin here, in the order of the control characters. */
const pictures = 0x2400;
const deleted = 0x7f;
const deletedPicture = '␡';
/** Bidirectional controls and zero-width characters: they would change how the rest of the line reads. */
const hidden = /[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u0080-\u009f]/g;

/** For one line: line breaks and tabs become symbols too. */
export function visibleLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, picture).replace(hidden, codePoint);
}

/** For a text of several lines: line breaks and tabs stay what they are. */
export function visibleText(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, picture).replace(hidden, codePoint);
}

function picture(character: string): string {
  const code = character.charCodeAt(0);
  return code === deleted ? deletedPicture : String.fromCharCode(pictures + code);
}

function codePoint(character: string): string {
  return `‹U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}›`;
}
