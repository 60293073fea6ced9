/** What both directions of a session must agree on: what is under way, what names mean, whether a COPY runs. */
import type { PortcullisError } from '../kit/errors.ts';
import { type Expectation, InFlight, isNameChange } from './inFlight.ts';
import type { JudgedMessage } from './judging/judgement.ts';
import { Names, type Portal, type PreparedStatement } from './names.ts';

export class SessionState {
  readonly inFlight = new InFlight();
  readonly statements = new Names<PreparedStatement>();
  readonly portals = new Names<Portal>();
  /** Number of the run of messages between two Syncs. */
  segment = 0;
  /** True from an error to the next Sync: the server ignores what comes in between. */
  isSkipping = false;
  onSkipping: () => void = () => undefined;
  /** Set while the server reads (in) COPY data. */
  copy: 'none' | 'in' = 'none';
  /** True while it is open whether a COPY … FROM STDIN under way will begin. */
  isAwaitingCopy = false;
  onCopyAnswered: () => void = () => undefined;
  /** True while a Query runs whose changes are counted: what comes after it waits for its end. */
  isCounting = false;
  /** Sends the server something of our own. */
  toServer: (bytes: Buffer) => void = () => undefined;
  readonly functionName: (oid: number) => string | undefined;
  /** False between BEGIN and the end of the transaction, failed ones included. */
  isOutsideTransaction = true;
  /** When the server was last ready for another statement: `monotonicMicros`. */
  readySince = 0;
  /** Why the statement under way was cancelled by us: told in place of the server's words. */
  cancelledFor: PortcullisError | undefined;
  /** The client asked to be told which columns are masked. */
  readonly wantsNotices: boolean;

  constructor(functionName: (oid: number) => string | undefined, wantsNotices = false) {
    this.functionName = functionName;
    this.wantsNotices = wantsNotices;
  }

  /** What EXECUTE's name stands for. */
  readonly findPrepared = (name: string): JudgedMessage | undefined => {
    const found = this.statements.find(Buffer.from(name, 'utf8').toString('latin1'), this.segment);
    return found.kind === 'found' ? found.value.judged : undefined;
  };

  /** The server has failed on all that was sent of this segment: it skips the rest. */
  startSkipping(): void {
    this.isSkipping = true;
    this.onSkipping();
  }

  /** An error has ended the segment before this was answered: it has not happened. */
  withdraw(dropped: Expectation): void {
    if (dropped.kind === 'parse') this.statements.withdraw(dropped.name, dropped.statement);
    else if (dropped.kind === 'bind') this.portals.withdraw(dropped.name, dropped.portal);
    else if (dropped.kind === 'probe') {
      if (dropped.probe.holdsNames) this.inFlight.nameChanges--;
      if ('withdraw' in dropped.probe) dropped.probe.withdraw();
    } else if (dropped.kind === 'execute' && isNameChange(dropped.run)) this.inFlight.nameChanges--;
  }

  /** The client sent Sync. */
  endSegment(): void {
    this.inFlight.push({ kind: 'sync' });
    this.isSkipping = false;
    this.segment++;
  }

  /** The server answered what was awaited: it copies, or it does not. */
  answerCopy(copy: 'none' | 'in'): void {
    this.copy = copy;
    if (!this.isAwaitingCopy) return;
    this.isAwaitingCopy = false;
    this.onCopyAnswered();
  }

  /** The client has sent all its data. A Query with several statements may go on to another COPY. */
  endCopyIn(): void {
    this.copy = 'none';
    const head = this.inFlight.head;
    if (head?.kind === 'query') this.isAwaitingCopy = true;
  }
}
