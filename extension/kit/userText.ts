/** Makes words from elsewhere (names, problems, links) safe to show in one line of the editor. */

/** Control and direction characters become visible symbols, and codicons stay text. */
export function plainLine(text: string, longest = 300): string {
  const visible = text
    .replace(/[\u0000-\u001f]/g, (character) => String.fromCharCode(0x2400 + character.charCodeAt(0)))
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd')
    .replace(/\$\(/g, '$ (');
  return visible.length > longest ? `${visible.slice(0, longest - 1)}…` : visible;
}
