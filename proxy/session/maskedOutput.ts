/** Rows and copied data on their way to the client: masked by the plan of the answer that they belong to, sent on together. */
import type { CopyRows } from '../masking/copy/copyRows.ts';
import { type MaskPlan, maskedColumnsOf } from '../masking/maskPlan.ts';
import { OutputBuffer } from '../masking/outputBuffer.ts';
import { type NoteFound, RowMasker } from '../masking/rowMasker.ts';
import { WireError } from '../wire/protocol.ts';
import { rewriteCopyData, startCopyOut } from './copyOut.ts';
import { currentRun, type Expectation, type InFlight } from './inFlight.ts';
import type { StatementRun } from './judging/judgement.ts';
import type { StatementPipeline } from './statementPipeline.ts';

const flushOutputAt = 65_536;

export class MaskedOutput {
  readonly #inFlight: InFlight;
  readonly #pipeline: StatementPipeline;
  readonly #toClient: (bytes: Buffer) => void;
  /** Rewritten rows gather here and leave together. */
  #output = new OutputBuffer();
  /** Masks the rows of the answer under way; undefined where nothing is masked. */
  #masker: RowMasker | undefined;
  /** Whose rows `#masker` is for. */
  #maskedFor: Expectation | undefined;
  /** Rewrites what is being copied out; undefined where nothing of it is masked. */
  #copyOut: CopyRows | undefined;

  constructor(inFlight: InFlight, pipeline: StatementPipeline, toClient: (bytes: Buffer) => void) {
    this.#inFlight = inFlight;
    this.#pipeline = pipeline;
    this.#toClient = toClient;
  }

  /** The rows to come are those that a description has announced. */
  useMasks(head: Expectation, plan: MaskPlan | undefined): void {
    this.#maskedFor = head;
    const run = currentRun(head);
    if (run !== undefined) run.maskedColumns = maskedColumnsOf(plan);
    this.#masker = plan === undefined ? undefined : new RowMasker(plan, this.#noteFoundIn(run));
  }

  /** Whether rows of the answer under way must be whole to be sent on; counts one where not. */
  mustGatherRow(): boolean {
    this.#findMasks();
    if (this.#masker !== undefined) return true;
    this.#countRow();
    return false;
  }

  /** True where the DataRow was taken and must not be sent on; `cut` sends on what came before it. */
  takeRow(buffer: Buffer, start: number, end: number, cut: () => void): boolean {
    this.#findMasks();
    this.#countRow();
    const masker = this.#masker;
    if (masker === undefined) return false;
    // Behind rewritten rows that wait, copying one more is less than sending both apart.
    if (this.#output.length === 0 && !masker.mustRewrite(buffer, start, end)) return false;
    cut();
    masker.maskRow(buffer, start, end, this.#output);
    if (this.#output.length >= flushOutputAt) this.flush();
    return true;
  }

  /** CopyOutResponse. Gives the plan that holds for it. */
  startCopy(buffer: Buffer, start: number, end: number): MaskPlan | undefined {
    const run = currentRun(this.#inFlight.head);
    if (run === undefined) throw new WireError('the server copies out what nobody asked for');
    const noteFound = this.#noteFoundIn(run);
    this.#copyOut = startCopyOut(run, this.#pipeline.catalog, noteFound, buffer, start, end);
    return run.probe?.plan;
  }

  get isRewritingCopy(): boolean {
    return this.#copyOut !== undefined;
  }

  /** As `takeRow`, for CopyData. */
  takeCopyData(buffer: Buffer, start: number, end: number, cut: () => void): boolean {
    if (this.#copyOut === undefined) return false;
    cut();
    rewriteCopyData(this.#copyOut, buffer, start, end, this.#output);
    if (this.#output.length >= flushOutputAt) this.flush();
    return true;
  }

  /** CopyDone. */
  endCopy(): void {
    this.#copyOut?.end();
  }

  /** The answer is complete, or has failed. */
  endAnswer(): void {
    this.#masker = undefined;
    this.#maskedFor = undefined;
    this.#copyOut = undefined;
  }

  flush(): void {
    if (this.#output.length === 0) return;
    const full = this.#output;
    this.#output = new OutputBuffer();
    this.#toClient(full.buffer.subarray(0, full.length));
  }

  #countRow(): void {
    const run = currentRun(this.#inFlight.head);
    if (run === undefined) throw new WireError('the server sent a row that nobody asked for');
    run.rows++;
  }

  /** The rows of an Execute are masked by the plan of its portal; those of a Query by the description before them. */
  #findMasks(): void {
    const { head } = this.#inFlight;
    if (head === this.#maskedFor) return;
    if (head?.kind !== 'execute') throw new WireError('the server sent rows without their description');
    if (!head.portal.isDescribed) throw new WireError('the server sent rows that are not described');
    this.useMasks(head, head.portal.plan);
  }

  #noteFoundIn(run: StatementRun | undefined): NoteFound {
    return (column, value) => {
      if (run !== undefined) this.#pipeline.noteFound(run, column, value);
    };
  }
}
