/**
 * Changes of a schema that the catalog does not show yet: their transaction is open, or has ended and the catalog was not
 * read since. Until it shows them, it cannot tell which relation a name means.
 */
export class SchemaChanges {
  readonly #refresh: () => Promise<void>;
  /** Who has made some in a transaction that is open. */
  readonly #open = new Set<object>();
  /** Transactions with changes that have ended, and how many of them the catalog shows. */
  #ended = 0;
  #shown = 0;

  /** @param refresh looks at the database, and resolves when the catalog is as it is now */
  constructor(refresh: () => Promise<void>) {
    this.#refresh = refresh;
  }

  /** True where the catalog shows everything that was done. */
  get isSettled(): boolean {
    return this.#open.size === 0 && this.#shown === this.#ended;
  }

  /** True where waiting for {@link settle} helps: no transaction with changes is open. */
  get maySettle(): boolean {
    return this.#open.size === 0;
  }

  /** `owner` is about to change something. */
  begin(owner: object): void {
    this.#open.add(owner);
  }

  /** The transaction of `owner` has ended. */
  end(owner: object): void {
    if (this.#open.delete(owner)) this.#ended += 1;
  }

  /** Resolves when the catalog shows what had ended by now, or cannot be read: then it stays in doubt. */
  async settle(): Promise<void> {
    const ended = this.#ended;
    if (this.#shown >= ended) return;
    try {
      await this.#refresh();
      this.#shown = Math.max(this.#shown, ended);
    } catch {
      // Whoever needs it next tries again.
    }
  }
}
