/** Loads Cedar's WASM, once and when it is first needed, in a way that V8 bears well. */
import { setFlagsFromString } from 'node:v8';

export type Cedar = typeof import('@cedar-policy/cedar-wasm/nodejs');

let loading: Promise<Cedar> | undefined;

/** `--wasm-tiering-budget` as V8 has it by default, by Node's major version. */
const defaultTieringBudget: Readonly<Record<number, number>> = {
  20: 1_800_000,
  22: 1_800_000,
  24: 13_000_000,
};

/** Cedar, for this process. The `.wasm` (`cedar_wasm_bg.wasm`) lies beside the bundle, or in node_modules. */
export function loadCedar(): Promise<Cedar> {
  loading ??= instantiate();
  return loading;
}

/**
 * Two flags of V8, both for this process alone:
 *
 * - Cedar's WASM takes and gives references to JavaScript objects. Where V8 11.3 (Node 20) inlines such a call into hot
 *   code and has to leave that code during the call, it ends the process ("unreachable code" in
 *   `Deoptimizer::DoComputeBuiltinContinuation`), some thousands of decisions after the start. Calls that are not
 *   inlined cost some 50 ns more. V8 13.6 (Node 24) does not have the fault.
 * - Parsing a policy makes hundreds of Cedar's functions hot for a moment; compiling them a second time takes 70 MB and
 *   two thirds of the loading time, and decisions are no faster for it (0.2 ms). The budget that says when that
 *   happens is read as a module is instantiated, so that it holds for Cedar and not for the SQL parser.
 */
async function instantiate(): Promise<Cedar> {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 24) {
    setFlagsFromString('--no-turbo-inline-js-wasm-calls');
  }
  const budget = defaultTieringBudget[major];
  if (budget === undefined) {
    return import('@cedar-policy/cedar-wasm/nodejs');
  }
  setFlagsFromString('--wasm-tiering-budget=2000000000');
  try {
    return await import('@cedar-policy/cedar-wasm/nodejs');
  } finally {
    setFlagsFromString(`--wasm-tiering-budget=${budget}`);
  }
}
