/** Keeps V8 from compiling WASM functions a second time: what that costs in memory, it does not bring in speed here. */
import { setFlagsFromString } from 'node:v8';

/**
 * WASM modules that this process compiles from now on stay with V8's baseline compiler. One large function, the SQL
 * grammar's automaton, takes 70 MB to compile again, and hundreds of Cedar's take as much; parsing and deciding are a
 * tenth faster for it. V8 reads these flags as a module is compiled.
 */
export function keepWasmAtBaseline(): void {
  setFlagsFromString('--no-wasm-dynamic-tiering');
  setFlagsFromString('--no-wasm-tier-up');
}
