/** The thread that parses texts which are not certain to be quick: it may be ended at any moment. Built as dist/sqlWorker.cjs. */
import { parentPort } from 'node:worker_threads';
import { PortcullisError } from '../kit/errors.ts';
import { loadParser } from './parser.ts';
import type { WorkerAnswer, WorkerQuestion, WorkerReady } from './parsing/parserWorker.ts';
import { depthOf, withoutConstantRows } from './parsing/treeSize.ts';

/** Levels of objects and lists in a tree beyond which the calling thread's own walks could overflow their stack. */
const depthLimit = 4000;
/** UTF-16 units of JSON beyond which handing the tree over would stall the calling thread. */
const sizeLimit = 64 * 1024 * 1024;

const parserReady = loadParser();
void parserReady.then(() => {
  const ready: WorkerReady = { isReady: true };
  parentPort?.postMessage(ready);
});

parentPort?.on('message', (question: WorkerQuestion) => {
  void answer(question).then((reply) => parentPort?.postMessage(reply));
});

async function answer({ id, text }: WorkerQuestion): Promise<WorkerAnswer> {
  try {
    const parser = await parserReady;
    const message = withoutConstantRows(parser.parse(text));
    if (depthOf(message, depthLimit) > depthLimit) {
      return { id, error: { code: 'STATEMENT_TOO_COMPLEX', message: 'it is too deeply nested' } };
    }
    const json = JSON.stringify(message);
    if (json.length > sizeLimit) {
      return { id, error: { code: 'STATEMENT_TOO_COMPLEX', message: 'its parse tree is too large' } };
    }
    return { id, json };
  } catch (error) {
    if (PortcullisError.is(error)) {
      const message = error.code === 'STATEMENT_TOO_COMPLEX' ? 'it is too deeply nested' : error.message;
      return { id, error: { code: error.code, message, position: error.position } };
    }
    return { id, error: { code: 'STATEMENT_TOO_COMPLEX', message: String(error) } };
  }
}
