/** Runs one case in an arena and says what is wrong with what came of it; nothing where all is as it should be. */
import { connect } from 'node:net';
import { serialize } from 'pg-protocol';
import { errorFields, type WireClient, type WireMessage } from '../../kit/wireClient.ts';
import type { Arena, State } from './arena.ts';
import type { GuardCase, Place } from './guardCase.ts';
import { Sessions } from './sessions.ts';

/** What a session heard, and what the database was like before and after. */
interface Run {
  readonly answers: readonly (readonly WireMessage[])[];
  readonly isClosed: boolean;
  /** After what ran beside it. */
  readonly besideState: State | undefined;
}

/** Keeps the state that the arena is known to be in, so that it is restored only after a case has changed it. */
export class CaseRunner {
  readonly #arena: Arena;
  #pristine: State | undefined;
  #last: State | undefined;
  #isClean = false;
  readonly #sessions = new Sessions();
  /** Whose connection has seen the schema since it was restored. */
  readonly #refreshed = new Set<Place>();

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** @returns what is wrong, in words; undefined where nothing is. */
  async run(guardCase: GuardCase): Promise<string | undefined> {
    const place = guardCase.on ?? 'production';
    const url = this.#arena.url(place, guardCase.as ?? 'dev');
    const before = await this.#prepare(guardCase);
    const ran = guardCase.opening ? await this.#open(guardCase.opening) : await this.#speak(url, guardCase);
    const after = await this.#look();
    if (guardCase.expect !== 'allow') {
      const said = judgeRefusal(guardCase, ran);
      const changed = describeChange(ran.besideState ?? before, after);
      return [said, changed].filter((part) => part !== undefined).join('; ') || undefined;
    }
    await this.#prepare(guardCase);
    const direct = await this.#speak(this.#arena.direct(), guardCase);
    const expected = await this.#look();
    return compareRuns(ran, direct) ?? describeDifference(after, expected);
  }

  /**
   * Shows that a refused case would have worked: past the proxy no statement of it fails.
   * @returns why it would not, in words.
   */
  async prove(guardCase: GuardCase): Promise<string | undefined> {
    const { run } = guardCase;
    const steps = typeof run === 'string' ? [run] : run;
    const isLone =
      steps.length === 1 && steps.every((step) => typeof step === 'string' || Buffer.isBuffer(step));
    if (isLone) {
      const { setup, ...bare } = guardCase;
      const said = await this.#fail({ ...bare, run: ['BEGIN', setup ?? '', ...steps, 'ROLLBACK'] });
      // Some run outside of transactions only, and some end them.
      if (said === undefined || !/^(25|2D)/.test(said)) return said;
    }
    return this.#fail(guardCase);
  }

  /** The first error that it meets past the proxy. */
  async #fail(guardCase: GuardCase): Promise<string | undefined> {
    await this.#prepare(guardCase);
    const { answers } = await this.#speak(this.#arena.direct(), guardCase);
    await this.#look();
    const failed = answers.flat().find(({ type }) => type === 'E');
    if (failed === undefined) return undefined;
    const { C: code, M: message } = errorFields(failed);
    return `${code} without the proxy: ${message}`;
  }

  async #prepare({ setup, on = 'production' }: GuardCase): Promise<State> {
    if (!this.#isClean) {
      await this.#restore();
      this.#refreshed.clear();
    }
    if (setup !== undefined) {
      this.#isClean = false;
      await this.#arena.beside(setup);
      this.#refreshed.clear();
    }
    if (!this.#refreshed.has(on)) await this.#arena.refresh(on);
    this.#refreshed.add(on);
    return setup === undefined && this.#pristine !== undefined ? this.#pristine : this.#state();
  }

  /** Names of files are the arena's own. */
  #place(text: string): string {
    return text.replaceAll('portcullis-guardrail-', this.#arena.filePrefix);
  }

  #state(): Promise<State> {
    return this.#arena.state(this.#sessions.size);
  }

  async #look(): Promise<State> {
    const state = await this.#state();
    if (state.exact !== this.#pristine?.exact) {
      this.#isClean = false;
      this.#refreshed.clear();
    }
    this.#last = state;
    return state;
  }

  async #restore(): Promise<void> {
    if (this.#pristine !== undefined) {
      const changed = changedLines(this.#pristine, this.#last ?? this.#pristine);
      if (changed.length > 0 && changed.every((line) => line.startsWith('tickets '))) {
        await this.#arena.beside("SELECT setval('tickets', 1, false)");
      } else {
        this.#sessions.closeAll();
        await this.#arena.restore(changed.some((line) => ofServer.test(line)));
      }
    }
    const state = await this.#state();
    if (this.#pristine !== undefined && state.content !== this.#pristine.content) {
      throw new Error(`not restored: ${changedLines(this.#pristine, state).join(', ')}`);
    }
    this.#pristine = state;
    this.#last = state;
    this.#isClean = true;
  }

  async #speak(url: string, { run, startup, on = 'production' }: GuardCase): Promise<Run> {
    const address = new URL(url);
    if (startup !== undefined) {
      const options = Object.entries(startup).map(
        ([name, value]) => `-c ${name}=${value.replaceAll(/[\\ ]/g, '\\$&')}`,
      );
      address.searchParams.set('options', options.join(' '));
    }
    const answers: WireMessage[][] = [];
    let client: WireClient;
    try {
      client = await this.#sessions.take(address.href);
    } catch (error) {
      return { answers: [[asMessage(error)]], isClosed: true, besideState: undefined };
    }
    let besideState: State | undefined;
    try {
      for (const step of typeof run === 'string' ? [run] : run) {
        if (typeof step === 'object' && 'beside' in step) {
          await this.#arena.beside(step.beside);
          if (step.isSeen !== false) await this.#arena.refresh(on);
          besideState = await this.#arena.state(this.#sessions.size + 1);
        } else if (typeof step === 'object' && 'ends' in step) {
          client.send(step.bytes);
          answers.push(await client.closed(3_000));
        } else {
          client.send(typeof step === 'string' ? serialize.query(this.#place(step)) : step);
          answers.push(await readAnswer(client, typeof step !== 'string'));
        }
      }
      return { answers, isClosed: client.isClosed, besideState };
    } finally {
      // Bytes may have asked for more answers than were read.
      if (typeof run === 'string' || run.every((step) => typeof step === 'string')) {
        await this.#sessions.giveBack(address.href, client);
      } else {
        client.send(serialize.end());
        client.close();
      }
    }
  }

  #open(opening: Buffer): Promise<Run> {
    return new Promise((resolve) => {
      const heard: Buffer[] = [];
      const socket = connect(this.#arena.port, '127.0.0.1', () => socket.write(opening));
      let isClosed = true;
      const timer = setTimeout(() => {
        isClosed = false;
        socket.destroy();
      }, 3_000);
      socket.on('data', (bytes) => heard.push(bytes));
      socket.on('error', () => undefined);
      socket.on('close', () => {
        clearTimeout(timer);
        const bytes = Buffer.concat(heard);
        const type = String.fromCharCode(bytes[0] ?? 0x20);
        resolve({
          answers: bytes.length > 5 ? [[{ type, body: bytes.subarray(5) }]] : [],
          isClosed,
          besideState: undefined,
        });
      });
    });
  }
}

/** Up to ReadyForQuery; a COPY FROM STDIN is given no rows. */
async function readAnswer(client: WireClient, isExtended: boolean): Promise<WireMessage[]> {
  const deadline = Date.now() + 6_000;
  let copies = 0;
  while (Date.now() < deadline) {
    if (client.pending.some(({ type }) => type === 'Z')) return client.until('Z');
    if (client.isClosed) return client.closed();
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

function judgeRefusal({ expect }: GuardCase, { answers, isClosed }: Run): string | undefined {
  const error = answers.flat().find(({ type }) => type === 'E');
  if (expect === 'closed') return isClosed ? undefined : 'the connection lives on';
  if (typeof expect === 'object' && 'without' in expect) {
    const heard = answers.flat().find(({ body }) => expect.without.test(body.toString('latin1')));
    return heard === undefined ? undefined : `it shows ${heard.body.toString('latin1').slice(0, 100)}`;
  }
  if (error === undefined) return 'it ran';
  const { C: code, M: message, D: detail = '' } = errorFields(error);
  const said = `${code} ${message} (${detail})`;
  if (typeof expect === 'object') return code === expect.sqlState ? undefined : said;
  const isUnasked = detail.includes('It was not run');
  const isRefused = code === '42501' && (expect === 'refuse' || isUnasked === (expect === 'approve'));
  return isRefused ? undefined : said;
}

function compareRuns(governed: Run, direct: Run): string | undefined {
  const [ours, theirs] = [governed, direct].map(({ answers }) =>
    answers.map((answer) => answer.map(show).join('\n')).join('\n\n'),
  );
  if (ours === theirs) return undefined;
  const refusal = governed.answers.flat().find(({ type, body }) => type === 'E' && body.includes('42501'));
  if (refusal !== undefined) return `refused: ${errorFields(refusal)['M']}`;
  const [mine = [], yours = []] = [ours, theirs].map((text) => text?.split('\n'));
  const at = mine.findIndex((line, index) => line !== yours[index]);
  return `another answer: ${mine[at]?.slice(0, 300)} instead of ${yours[at]?.slice(0, 300)}`;
}

/** Fields of errors that tell where in the server's source they arose are left out. */
function show({ type, body }: WireMessage): string {
  if (type === 'T') return `T ${JSON.stringify(readColumns(body))}`;
  if (type !== 'E' && type !== 'N') return `${type} ${body.toString('latin1').replaceAll('\n', ' ')}`;
  const { F: _file, L: _line, R: _routine, ...fields } = errorFields({ type, body });
  return `${type} ${JSON.stringify(fields)}`;
}

/** Name, type and format of each column: OIDs of relations made by the case differ from run to run. */
function readColumns(body: Buffer): unknown[] {
  const columns: unknown[] = [];
  let at = 2;
  for (let i = body.readInt16BE(0); i > 0; i--) {
    const end = body.indexOf(0, at);
    const typeOid = body.readInt32BE(end + 7);
    columns.push([
      body.toString('utf8', at, end),
      typeOid,
      body.readInt16BE(end + 11),
      body.readInt32BE(end + 13),
    ]);
    at = end + 19;
  }
  return columns;
}

function describeChange(before: State, after: State): string | undefined {
  if (before.exact === after.exact) return undefined;
  const changed = changedLines(before, after).map((line) => line.split(' ').slice(0, 3).join(' '));
  return `the database has changed: ${changed.join(', ')}`;
}

/** Of what belongs to the whole server, or lies outside of it. */
const ofServer =
  /^(settings|prepared|slots|origins|roles|pg_auth|pg_authid|pg_db_role_setting|pg_database|portcullis)/;

function changedLines(before: State, after: State): string[] {
  const known = new Set(before.exact.split('\n'));
  const still = new Set(after.exact.split('\n'));
  return [...[...still].filter((line) => !known.has(line)), ...[...known].filter((line) => !still.has(line))];
}

function describeDifference(governed: State, direct: State): string | undefined {
  if (governed.content === direct.content) return undefined;
  const known = new Set(direct.content.split('\n'));
  const other = governed.content.split('\n').filter((line) => !known.has(line));
  return `another effect than directly: ${other.join(', ')}`;
}
