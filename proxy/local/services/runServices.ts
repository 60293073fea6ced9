/**
 * The process that `portcullis up` keeps its services in: the collector takes in, checks and stores what the proxy
 * records, and a statement must not wait for that. It lives as long as its parent does.
 */
import { constants, setPriority } from 'node:os';
import { createLog } from '../../kit/log.ts';
import type { Answer, Call, Calls } from './messages.ts';
import { type Services, startServices } from './startServices.ts';

type Handlers = { [N in keyof Calls]: (given: Calls[N]['given']) => Promise<Calls[N]['answered']> };

/** Runs until the parent closes the channel, or is no more; answers the exit code. */
export async function runServices(): Promise<number> {
  const log = createLog('warn');
  // The terminal sends these to the whole group: the parent decides when, and in which order, all ends.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  giveWay();
  const closers: (() => Promise<void>)[] = [];
  const handlers = makeHandlers(log, closers);
  process.on('message', (call: Call) => void answer(handlers, call));
  await new Promise<void>((resolve) => process.once('disconnect', () => resolve()));
  for (const close of closers.splice(0).reverse()) {
    await close().catch((error: unknown) => log.error('something did not stop in order', error));
  }
  return 0;
}

function makeHandlers(log: ReturnType<typeof createLog>, closers: (() => Promise<void>)[]): Handlers {
  let started: Promise<Services> | undefined;
  const services = () => started ?? Promise.reject(new Error('the services were not started'));
  return {
    start: async (options) => {
      started = startServices(options, log, closers);
      const { provider, collector } = await started;
      return {
        issuer: provider.issuer,
        providerPort: provider.port,
        collectorUrl: collector.url,
        collectorPort: collector.port,
      };
    },
    tokenFor: async (email) => (await services()).provider.tokenFor(email),
    tokenForProxy: async () => (await services()).provider.tokenForProxy(),
    usePolicy: async (files) => {
      await (await services()).collector.usePolicy(files);
      return undefined;
    },
  };
}

async function answer(handlers: Handlers, { id, name, given }: Call): Promise<void> {
  let said: Answer;
  try {
    said = { id, answered: await (handlers[name] as (given: unknown) => Promise<unknown>)(given) };
  } catch (error) {
    said = { id, problem: error instanceof Error ? error.message : String(error) };
  }
  if (process.connected) process.send?.(said);
}

/** Statements go first where the machine is short of time; events wait on disk. */
function giveWay(): void {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Then they share alike.
  }
}
