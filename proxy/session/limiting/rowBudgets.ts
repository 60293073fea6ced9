/** Rows sent to each identity within the last hour, counted in minutes. */

import { LookupBudgets } from './lookupBudgets.ts';

const minutes = 60;

class RowBudget {
  readonly #rows = new Array<number>(minutes).fill(0);
  /** The minute of the newest count, since the epoch. */
  #minute = 0;

  add(rows: number, minute: number): void {
    this.#moveTo(minute);
    const index = minute % minutes;
    this.#rows[index] = (this.#rows[index] ?? 0) + rows;
  }

  total(minute: number): number {
    this.#moveTo(minute);
    return this.#rows.reduce((sum, rows) => sum + rows, 0);
  }

  #moveTo(minute: number): void {
    const passed = Math.min(Math.max(minute - this.#minute, 0), minutes);
    for (let back = 0; back < passed; back += 1) this.#rows[(minute - back + minutes) % minutes] = 0;
    this.#minute = Math.max(minute, this.#minute);
  }
}

export class RowBudgets {
  /** What is left of lookups is kept beside what is left of rows, for all sessions alike. */
  readonly lookups: LookupBudgets;
  readonly #bySubject = new Map<string, RowBudget>();
  readonly #now: () => number;

  /** @param now milliseconds since the epoch */
  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.lookups = new LookupBudgets(now);
  }

  add(subject: string, rows: number): void {
    if (rows === 0) return;
    const budget = this.#bySubject.get(subject) ?? new RowBudget();
    this.#bySubject.set(subject, budget);
    budget.add(rows, this.#minute);
  }

  /** Rows of the last 60 minutes. */
  used(subject: string): number {
    return this.#bySubject.get(subject)?.total(this.#minute) ?? 0;
  }

  get #minute(): number {
    return Math.floor(this.#now() / 60_000);
  }
}
