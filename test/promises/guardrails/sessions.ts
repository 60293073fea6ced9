/** Sessions that cases use one after the other: logging in costs more than most of what they say. */
import { transactionStatus, types, WireClient } from '../../kit/wireClient.ts';

export class Sessions {
  readonly #idle = new Map<string, WireClient>();

  /** Those that are open and unused. */
  get size(): number {
    return this.#idle.size;
  }

  async take(url: string): Promise<WireClient> {
    const known = this.#idle.get(url);
    this.#idle.delete(url);
    return known === undefined || known.isClosed ? WireClient.connect(url) : known;
  }

  /** Takes it back for the next, as good as new; closes it where that cannot be. */
  async giveBack(url: string, client: WireClient): Promise<void> {
    if (client.isClosed || client.pending.length > 0) return client.close();
    try {
      const cleaned = [...(await client.query('ROLLBACK')), ...(await client.query('DISCARD ALL'))];
      if (types(cleaned).includes('E') || transactionStatus(cleaned) !== 'I') return client.close();
      this.#idle.set(url, client);
    } catch {
      client.close();
    }
  }

  closeAll(): void {
    for (const client of this.#idle.values()) client.close();
    this.#idle.clear();
  }
}
