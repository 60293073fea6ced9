/** How much a session may use up: numbers that policies of the action `limit` carry as `@limits("NAME=NUMBER, …")`. */

export interface Limits {
  /** How long one statement may run. */
  readonly statementSeconds?: number;
  /** How long a transaction may stay open while nothing runs in it. */
  readonly idleInTransactionSeconds?: number;
  /** How many rows an identity may be sent in an hour, over all its sessions at one proxy. */
  readonly rowsPerHour?: number;
  /** How many rows one statement may change. What triggers, cascades and functions change beside it is not counted. */
  readonly rowsChanged?: number;
  /**
   * How many different values an identity may look up in protected columns in an hour (`WHERE email = …`), on one
   * connection, over all its sessions at one proxy.
   */
  readonly protectedLookupsPerHour?: number;
}

const names: readonly (keyof Limits)[] = [
  'statementSeconds',
  'idleInTransactionSeconds',
  'rowsPerHour',
  'rowsChanged',
  'protectedLookupsPerHour',
];

/** @returns what is wrong with it, in words, where it is no list of limits. */
export function parseLimits(text: string): Limits | string {
  const limits: Partial<Record<keyof Limits, number>> = {};
  for (const part of text.split(',')) {
    const [, name = '', digits = ''] = /^\s*(\w+)\s*=\s*(\d+)\s*$/.exec(part) ?? [];
    const known = names.find((one) => one === name);
    if (known === undefined) return `@limits cannot be read at "${part.trim()}"`;
    if (limits[known] !== undefined) return `@limits names ${known} twice`;
    const number = Number(digits);
    if (number < 1 || !Number.isSafeInteger(number)) return `@limits gives ${known} no usable number`;
    limits[known] = number;
  }
  return limits;
}

export const limitsHint = `Write @limits("${names.map((name) => `${name}=NUMBER`).join(', ')}"), with those that you want.`;

/** The smallest of each. */
export function tightest(all: readonly Limits[]): Limits {
  const limits: Partial<Record<keyof Limits, number>> = {};
  for (const name of names) {
    const numbers = all.flatMap((one) => one[name] ?? []);
    if (numbers.length > 0) limits[name] = Math.min(...numbers);
  }
  return limits;
}
