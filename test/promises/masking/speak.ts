/** Says the steps of a case in one mode to one database, and hears everything that comes back. */
import { serialize } from 'pg-protocol';
import { encodeOptions } from '../../../proxy/session/opening/upstream.ts';
import { WireClient, type WireMessage } from '../../kit/wireClient.ts';
import type { Sessions } from '../guardrails/sessions.ts';
import type { LeakCase, Step } from './leakCase.ts';

/** Simple protocol; extended with a Describe; the same with binary results. */
export type Mode = 'simple' | 'extended' | 'binary';

export interface Heard {
  /** Per step. */
  readonly answers: readonly (readonly WireMessage[])[];
  /** The database is not as it was. */
  isChange?: true;
}

/** What a case needs of the database that it runs against. */
export interface Twinned {
  readonly url: string;
  fill(text: string): string;
  beside(sql: string): Promise<void>;
  oid(signature: string): Promise<number>;
}

export async function speak(
  { url, fill, beside, oid }: Twinned,
  { run, isRolledBack, startup }: LeakCase,
  mode: Mode,
  sessions: Sessions,
): Promise<Heard> {
  const steps: readonly Step[] = typeof run === 'string' ? [run] : run;
  const all: readonly Step[] = isRolledBack ? ['BEGIN', ...steps, 'ROLLBACK'] : steps;
  const answers: WireMessage[][] = [];
  const address = withOptions(url, startup);
  let first: WireClient | undefined;
  let second: WireClient | undefined;
  try {
    first = await sessions.take(address);
    for (const step of all) {
      if (typeof step === 'object' && 'beside' in step) await beside(step.beside);
      else if (typeof step === 'object' && 'call' in step) {
        answers.push(await say(first, callFunction(await oid(step.call), step.argument), mode));
      } else if (typeof step === 'object' && 'other' in step) {
        second ??= await WireClient.connect(address);
        answers.push(await say(second, step.other, mode));
      } else answers.push(await say(first, typeof step === 'string' ? fill(step) : step, mode));
    }
  } catch (error) {
    answers.push([asMessage(error)]);
  }
  if (first !== undefined) await sessions.giveBack(address, first);
  second?.close();
  return { answers };
}

function withOptions(url: string, startup: LeakCase['startup']): string {
  const address = new URL(url);
  if (startup !== undefined) address.searchParams.set('options', encodeOptions(Object.entries(startup)));
  return address.href;
}

async function say(client: WireClient, step: string | Buffer, mode: Mode): Promise<WireMessage[]> {
  const isExtended = typeof step !== 'string' || mode !== 'simple';
  client.send(typeof step === 'string' ? encode(step, mode) : step);
  return readAnswer(client, isExtended);
}

function encode(text: string, mode: Mode): Buffer {
  const { parse, bind, describe, execute, sync, query } = serialize;
  if (mode === 'simple') return query(text);
  return Buffer.concat([
    parse({ text }),
    bind({ binary: mode === 'binary' }),
    describe({ type: 'P' }),
    execute(),
    sync(),
  ]);
}

/** FunctionCall (manual, 55.7): one argument in binary, the result as text. */
function callFunction(oid: number, argument: number): Buffer {
  const message = Buffer.alloc(25);
  message.write('F');
  message.writeInt32BE(24, 1);
  message.writeInt32BE(oid, 5);
  message.writeInt16BE(1, 9);
  message.writeInt16BE(1, 11);
  message.writeInt16BE(1, 13);
  message.writeInt32BE(4, 15);
  message.writeInt32BE(argument, 19);
  message.writeInt16BE(0, 23);
  return message;
}

/** Up to ReadyForQuery; a COPY FROM STDIN is given no rows. */
async function readAnswer(client: WireClient, isExtended: boolean): Promise<WireMessage[]> {
  const deadline = Date.now() + 8_000;
  let copies = 0;
  while (Date.now() < deadline) {
    if (client.pending.some(({ type }) => type === 'Z')) return client.until('Z');
    if (client.isClosed)
      return [...(await client.closed()), asMessage(new Error('the connection has ended'))];
    const asked = client.pending.filter(({ type }) => type === 'G').length;
    if (asked > copies) {
      copies = asked;
      client.send(serialize.copyDone());
      if (isExtended) client.send(serialize.sync());
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return [asMessage(new Error('no answer came')), ...client.pending];
}

function asMessage(error: unknown): WireMessage {
  const { code = 'XX000', message = String(error) } = error as { code?: string; message?: string };
  return { type: 'E', body: Buffer.from(`SERROR\0C${code}\0M${message}\0\0`) };
}
