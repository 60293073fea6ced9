/** Which entries of the log have been seen: one bit for each, in pieces that are made when they are needed. */

const pieceEntries = 8_192;

export class EntrySet {
  /** How many are in it. */
  size = 0;
  readonly #pieces = new Map<number, Uint8Array>();

  /** Answers whether it was not in it yet. */
  add(index: number): boolean {
    const number = Math.floor(index / pieceEntries);
    const piece = this.#pieces.get(number) ?? new Uint8Array(pieceEntries / 8);
    this.#pieces.set(number, piece);
    const place = (index % pieceEntries) >> 3;
    const bit = 1 << (index % 8);
    if (((piece[place] ?? 0) & bit) !== 0) return false;
    piece[place] = (piece[place] ?? 0) | bit;
    this.size += 1;
    return true;
  }
}
