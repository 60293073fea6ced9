/** A map that forgets what was not used for the longest time. */

export class BoundedCache<Value> {
  readonly #entries = new Map<string, Value>();
  readonly #capacity: number;
  readonly #longestKey: number;

  /** @param longestKey in UTF-16 units; what has a longer key is not kept, so that keys cannot fill the memory. */
  constructor(capacity: number, longestKey: number) {
    this.#capacity = capacity;
    this.#longestKey = longestKey;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      // A Map keeps the order of insertion: the oldest use comes first.
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  clear(): void {
    this.#entries.clear();
  }

  set(key: string, value: Value): void {
    if (key.length > this.#longestKey) {
      return;
    }
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#capacity) {
      const oldest = this.#entries.keys().next().value;
      if (oldest !== undefined) {
        this.#entries.delete(oldest);
      }
    }
  }
}
