/** Lines that wait in memory to be written, in order; a withdrawn one leaves a mark, so that no number is missing. */
import { isoNow } from '../../kit/clock.ts';
import type { WithdrawnFields } from '../events.ts';
import { renderLine, renderTemplate } from '../eventTemplate.ts';

interface PendingLine {
  readonly seq: number;
  /** Last number this entry covers: beyond `seq` only for withdrawn lines that lie side by side. */
  through: number;
  /** Undefined where withdrawn. */
  text: string | undefined;
  /** When it was withdrawn. */
  withdrawnAt: string;
}

const withdrawnReason = 'the journal could not be written; the statements were refused';

export class PendingLines {
  private lines: PendingLine[] = [];
  private heldSize = 0;

  /** Length of all lines in UTF-16 units: near enough to bytes for a bound. */
  get size(): number {
    return this.heldSize;
  }

  get isEmpty(): boolean {
    return this.lines.length === 0;
  }

  add(seq: number, text: string): void {
    this.lines.push({ seq, through: seq, text, withdrawnAt: '' });
    this.heldSize += text.length;
  }

  /** All lines as one text. */
  text(): string {
    let all = '';
    for (const line of this.lines) all += line.text ?? renderWithdrawn(line);
    return all;
  }

  clear(): void {
    this.lines = [];
    this.heldSize = 0;
  }

  /** Takes a line out before it is written. Answers false where it no longer waits. */
  withdraw(seq: number): boolean {
    const index = this.lines.findLastIndex((line) => line.seq === seq);
    const line = this.lines[index];
    if (line?.text === undefined) return false;
    this.heldSize -= line.text.length;
    line.text = undefined;
    line.withdrawnAt = isoNow();
    this.mergeWithdrawn(index + 1);
    this.mergeWithdrawn(index);
    return true;
  }

  /** Joins the entry at `index` to the one before where both are withdrawn: a long outage takes no memory. */
  private mergeWithdrawn(index: number): void {
    const line = this.lines[index];
    const before = this.lines[index - 1];
    if (line === undefined || before === undefined) return;
    if (line.text !== undefined || before.text !== undefined) return;
    before.through = line.through;
    this.lines.splice(index, 1);
  }
}

function renderWithdrawn(line: PendingLine): string {
  const fields: WithdrawnFields = { reason: withdrawnReason, through: line.through };
  return renderLine(line.withdrawnAt, line.seq, renderTemplate('withdrawn', fields));
}
