/** How long to wait before the proxy is tried again: doubling with jitter, forgotten after a minute of health. */

const firstDelay = 200;
const longestDelay = 30_000;
const healthyAfter = 60_000;

export class BackOff {
  readonly #random: () => number;
  #failures = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Milliseconds to wait after one more failure: between half and all of the doubled delay, so windows spread out. */
  next(): number {
    const full = Math.min(longestDelay, firstDelay * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    return Math.round(full * (0.5 + this.#random() / 2));
  }

  /** @param duration milliseconds for which the connection that is now lost had held. */
  wasHealthyFor(duration: number): void {
    if (duration >= healthyAfter) this.#failures = 0;
  }
}
