/** Keeps V8 from compiling WASM functions a second time: what that costs in memory, it does not bring in speed here. */
import { setFlagsFromString } from 'node:v8';

/** `--wasm-tiering-budget` as V8 has it by default, by Node's major version. */
const defaultBudget: Readonly<Record<number, number>> = { 20: 1_800_000, 22: 1_800_000, 24: 13_000_000 };
const endlessBudget = 2_000_000_000;

/**
 * Runs `load`, which compiles or instantiates a module, with a budget that is never used up: V8 reads it as a module is
 * instantiated. One large function, the SQL grammar's automaton, takes 70 MB to compile again, and hundreds of Cedar's
 * take as much; parsing and deciding are a tenth faster for it. Other versions of Node keep their default.
 */
export async function withoutTierUp<T>(load: () => Promise<T>): Promise<T> {
  const budget = defaultBudget[Number(process.versions.node.split('.')[0])];
  if (budget === undefined) return load();
  setFlagsFromString(`--wasm-tiering-budget=${endlessBudget}`);
  try {
    return await load();
  } finally {
    setFlagsFromString(`--wasm-tiering-budget=${budget}`);
  }
}
