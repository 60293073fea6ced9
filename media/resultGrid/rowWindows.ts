/** The rows that the page holds: blocks asked of the host as they are looked at, and let go when there are many. */
import type { GridCell } from '../../extension/kit/gridMessages.ts';

export type GridRow = readonly GridCell[];

export const blockRows = 200;
const keptBlocks = 40;

export class RowWindows {
  readonly #ask: (offset: number, count: number) => void;
  /** In the order of their last use. */
  readonly #blocks = new Map<number, readonly GridRow[]>();
  readonly #asked = new Set<number>();
  #rowCount = 0;

  constructor(ask: (offset: number, count: number) => void) {
    this.#ask = ask;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** More rows of the same result may have come. */
  grow(rowCount: number): void {
    this.#rowCount = rowCount;
  }

  reset(): void {
    this.#blocks.clear();
    this.#asked.clear();
    this.#rowCount = 0;
  }

  row(index: number): GridRow | undefined {
    return this.#blocks.get(Math.floor(index / blockRows))?.[index % blockRows];
  }

  /** Asks for what is missing of these rows, both ends included, and was not asked for yet. */
  want(first: number, last: number): void {
    const end = Math.min(last, this.#rowCount - 1);
    for (let block = Math.floor(Math.max(0, first) / blockRows); block * blockRows <= end; block++) {
      const held = this.#blocks.get(block);
      if (held !== undefined) {
        this.#blocks.delete(block);
        this.#blocks.set(block, held);
      }
      const expected = Math.min(blockRows, this.#rowCount - block * blockRows);
      if ((held?.length ?? 0) >= expected || this.#asked.has(block)) continue;
      this.#asked.add(block);
      this.#ask(block * blockRows, blockRows);
    }
  }

  accept(offset: number, rows: readonly GridRow[]): void {
    const block = Math.floor(offset / blockRows);
    this.#asked.delete(block);
    this.#blocks.delete(block);
    this.#blocks.set(block, rows);
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= keptBlocks) break;
      this.#blocks.delete(oldest);
    }
  }
}
