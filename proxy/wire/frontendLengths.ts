/** How long a client's messages may be: those that carry texts and values much longer than the others. */
import { checkLength } from './frameWalker.ts';
import { Frontend, maxMessageBytes, maxSmallMessageBytes, WireError } from './protocol.ts';

const long: ReadonlySet<number> = new Set([
  Frontend.query,
  Frontend.parse,
  Frontend.bind,
  Frontend.functionCall,
  Frontend.copyData,
]);
const small: ReadonlySet<number> = new Set([
  Frontend.copyDone,
  Frontend.copyFail,
  Frontend.close,
  Frontend.describe,
  Frontend.execute,
  Frontend.flush,
  Frontend.sync,
  Frontend.terminate,
]);

/** @throws WireError where the type is none that a client may send in a session, or the length is not possible */
export function checkFrontendLength(type: number, length: number): void {
  if (long.has(type)) checkLength(type, length, maxMessageBytes);
  else if (small.has(type)) checkLength(type, length, maxSmallMessageBytes);
  else throw new WireError(`invalid frontend message type ${type}`);
}
