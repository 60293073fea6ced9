/** Follows the events of one proxy and finds what has a beginning and no end, an end and no beginning, or no sign of life. */
import type { JournalEvent } from '../events.ts';
import type { Findings, Problem } from './verdicts.ts';

/** Longest silence of a proxy that is awake: heartbeats come every minute, every ten while it is idle. */
const longestSilenceMs = 12 * 60_000;

/** What a start without a stop says of the run before it: the events that close what was open follow it at once. */
interface CutOff {
  readonly at: string;
  readonly sessions: string[];
  statements: number;
}

interface Begun {
  readonly seq: number;
  /** In which run of the proxy. */
  readonly run: number;
  readonly where: Omit<Problem, 'message'>;
}

export class OpenEnds {
  readonly #findings: Findings;
  readonly #intents = new Map<number, Begun>();
  readonly #sessions = new Map<string, Begun>();
  readonly #isWhole: boolean;
  #runs = 0;
  #run: 'none' | 'running' | 'stopped' = 'none';
  #lastSign: string | undefined;
  #lastAt: string | undefined;
  #cutOff: CutOff | undefined;
  /** A run has started, and nothing has come since but what closes what was open before it. */
  #isClosing = false;
  /** Statements that were closed with nothing but a start before: what was cut off, or that start too, may stand before the period. */
  #closedFirst: number | undefined = 0;

  /** @param isWhole whether the events begin with the proxy's first: otherwise ends may lack their beginnings */
  constructor(findings: Findings, isWhole = true) {
    this.#findings = findings;
    this.#isWhole = isWhole;
  }

  take(event: JournalEvent, where: Omit<Problem, 'message'>): void {
    this.#checkClock(event, where);
    if (!this.#isCutOff(event)) this.#tellCutOff();
    this.#isClosing = event.kind === 'started' || (this.#isClosing && closesCutOff(event));
    switch (event.kind) {
      case 'started':
        this.#start(event, where);
        return;
      case 'heartbeat':
      case 'stopped':
        this.#live(event, where);
        return;
      case 'sessionOpened':
        if (this.#sessions.has(event.session)) {
          this.#findings.altered(`session ${event.session} is opened a second time`, where);
        }
        this.#sessions.set(event.session, { seq: event.seq, run: this.#runs, where });
        return;
      case 'sessionClosed':
        this.#close(event.session, where);
        return;
      case 'intent':
        if (this.#isWhole && !this.#sessions.has(event.session)) {
          this.#findings.missing(
            `session ${event.session}, which ran this statement, has no beginning`,
            where,
          );
        }
        this.#intents.set(event.seq, { seq: event.seq, run: this.#runs, where });
        return;
      case 'outcome':
        this.#complete(event.for, where);
        return;
      case 'withdrawn': {
        const count = event.through - event.seq + 1;
        this.#findings.note(
          `${count} ${count === 1 ? 'statement was' : 'statements were'} refused at ${event.at} because nothing could be recorded (${describe(where)}).`,
        );
        return;
      }
      default:
        return;
    }
  }

  /** @param holder words for the process that still writes; undefined where none does */
  end(holder: string | undefined, lastAt = this.#lastAt): void {
    this.#tellCutOff();
    if (holder !== undefined) {
      if (this.#intents.size + this.#sessions.size === 0) return;
      this.#findings.note(
        `${count(this.#sessions.size, 'session')} and ${count(this.#intents.size, 'statement')} are still under way: ${holder} is running.`,
      );
      return;
    }
    for (const [session, { where }] of this.#sessions) {
      this.#findings.missing(`session ${session}, opened here, has no end`, where);
    }
    for (const [seq, { where }] of this.#intents) {
      this.#findings.missing(`statement ${seq} has no outcome`, where);
    }
    if (this.#run === 'running') {
      this.#findings.missing(
        `the last run of the proxy has no end: it was cut off after ${lastAt}, and whether events are missing there cannot be told. Its next start closes what was open`,
      );
    }
  }

  /** As {@link end}, where the events are part of a longer story: only what an earlier run left open has no end for sure. */
  endOfRange(proxy: string): void {
    this.#tellCutOff();
    const begun = [...this.#sessions.values(), ...this.#intents.values()];
    // Where the period ends right behind a start, what closes the run before it may be what follows.
    const runs = this.#isClosing ? this.#runs - 1 : this.#runs;
    const isOver = ({ run }: Begun) => run < runs || this.#run === 'stopped';
    for (const [session, own] of this.#sessions) {
      if (isOver(own)) this.#findings.missing(`session ${session}, opened here, has no end`, own.where);
    }
    for (const [seq, own] of this.#intents) {
      if (isOver(own)) this.#findings.missing(`statement ${seq} has no outcome`, own.where);
    }
    const open = begun.filter((own) => !isOver(own)).length;
    if (open === 0) return;
    this.#findings.note(
      `${count(open, 'session or statement', 'sessions or statements')} of proxy ${proxy} had not ended where the period ends.`,
    );
  }

  #checkClock({ at, seq }: JournalEvent, where: Omit<Problem, 'message'>): void {
    const now = Date.parse(at);
    const before = this.#lastAt === undefined ? now : Date.parse(this.#lastAt);
    if (Number.isNaN(now)) this.#findings.altered(`"${at.slice(0, 40)}" is no time`, where);
    // A withdrawn statement is dated by when it was given up, which may be after what follows it was recorded.
    else if (before - now > 1000) {
      this.#findings.note(
        `The machine's clock was set back by ${words(before - now)} before event ${seq} (from ${this.#lastAt} to ${at}).`,
      );
    }
    if (!Number.isNaN(now)) this.#lastAt = at;
  }

  #start(event: Extract<JournalEvent, { kind: 'started' }>, where: Omit<Problem, 'message'>): void {
    if (this.#run === 'running') this.#cutOff = { at: event.at, sessions: [], statements: 0 };
    if (event.lost !== undefined) {
      const { from, through } = event.lost;
      this.#findings.missing(
        `events ${from} to ${through} had been on the disk and were gone when the proxy started; these numbers were used again`,
        where,
      );
    }
    this.#run = 'running';
    this.#runs += 1;
    this.#lastSign = event.at;
  }

  /** Whether it tells what the last run had begun and not ended. */
  #isCutOff(event: JournalEvent): boolean {
    if (!closesCutOff(event)) {
      this.#closedFirst = event.kind === 'started' ? 0 : undefined;
      return false;
    }
    if (event.kind === 'sessionClosed' && this.#cutOff === undefined && this.#closedFirst !== undefined) {
      this.#cutOff = { at: event.at, sessions: [], statements: this.#closedFirst };
    } else if (this.#cutOff === undefined) {
      if (this.#closedFirst !== undefined) this.#closedFirst += 1;
      return false;
    }
    if (event.kind === 'sessionClosed') this.#cutOff.sessions.push(event.session);
    else this.#cutOff.statements += 1;
    return true;
  }

  #tellCutOff(): void {
    if (this.#cutOff === undefined) return;
    const { at, sessions, statements } = this.#cutOff;
    this.#cutOff = undefined;
    const named = sessions.length === 0 ? '' : ` (${sessions.join(', ')})`;
    const taken = `${count(sessions.length, 'session')}${named} and ${count(statements, 'statement')}`;
    this.#findings.note(
      `The proxy was cut off before ${at}: it started without having stopped, and closed ${taken} whose end is not known.`,
    );
  }

  #live(
    event: Extract<JournalEvent, { kind: 'heartbeat' | 'stopped' }>,
    where: Omit<Problem, 'message'>,
  ): void {
    const wall = this.#lastSign === undefined ? 0 : Date.parse(event.at) - Date.parse(this.#lastSign);
    const { awake } = event;
    if (awake !== undefined && awake > longestSilenceMs) {
      this.#findings.missing(
        `no heartbeat for ${words(awake)} before this, while the proxy ran: one is due every ten minutes at least`,
        where,
      );
    } else if (wall - (awake ?? wall) > longestSilenceMs) {
      this.#findings.note(
        `The machine slept, or its clock was set, for ${words(wall - (awake ?? 0))} between ${this.#lastSign} and ${event.at}.`,
      );
    }
    if (this.#isWhole && this.#run !== 'running') {
      this.#findings.missing('the start of the run that this belongs to is not there', where);
    }
    this.#run = event.kind === 'stopped' ? 'stopped' : 'running';
    this.#lastSign = event.at;
  }

  #close(session: string, where: Omit<Problem, 'message'>): void {
    if (this.#sessions.delete(session) || !this.#isWhole) return;
    this.#findings.missing(`session ${session}, closed here, has no beginning`, where);
  }

  #complete(seq: number, where: Omit<Problem, 'message'>): void {
    if (this.#intents.delete(seq) || !this.#isWhole) return;
    this.#findings.altered(
      `this is the outcome of event ${seq}, which is no statement that waits for one`,
      where,
    );
  }
}

/** What the next start writes of what a run had open when it was cut off. */
function closesCutOff(event: JournalEvent): boolean {
  if (event.kind === 'outcome') return event.status === 'unknown';
  return event.kind === 'sessionClosed' && event.reason === 'crashed';
}

function describe({ file, event }: Omit<Problem, 'message'>): string {
  return [file, event === undefined ? undefined : `event ${event}`].filter(Boolean).join(', ');
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

function words(millis: number): string {
  const seconds = Math.round(millis / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
