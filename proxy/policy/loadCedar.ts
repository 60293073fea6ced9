/** Loads Cedar's WASM, once and when it is first needed, in a way that V8 bears well. */
import { setFlagsFromString } from 'node:v8';
import { keepWasmAtBaseline } from '../kit/wasmTiering.ts';

export type Cedar = typeof import('@cedar-policy/cedar-wasm/nodejs');

let loading: Promise<Cedar> | undefined;

/** Cedar, for this process. The `.wasm` (`cedar_wasm_bg.wasm`) lies beside the bundle, or in node_modules. */
export function loadCedar(): Promise<Cedar> {
  loading ??= instantiate();
  return loading;
}

/**
 * Cedar's WASM takes and gives references to JavaScript objects. Where V8 11.3 (Node 20) inlines such a call into hot
 * code and has to leave that code during the call, it ends the process ("unreachable code" in
 * `Deoptimizer::DoComputeBuiltinContinuation`), some thousands of decisions after the start. Calls that are not inlined
 * cost some 50 ns more. V8 13.6 (Node 24) does not have the fault. The flag holds for this process alone.
 */
async function instantiate(): Promise<Cedar> {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 24) setFlagsFromString('--no-turbo-inline-js-wasm-calls');
  keepWasmAtBaseline();
  return import('@cedar-policy/cedar-wasm/nodejs');
}
