/** Which columns of an answer are masked, and how: from the message that describes its rows, remembered by that message. */
import type { Classifications } from '../masking/classification.ts';
import { type MaskPlan, planMasks, type RowsKnown } from '../masking/maskPlan.ts';
import type { OutputLineage } from '../sql/lineage/outputLineage.ts';
import type { Clearance } from './clearance.ts';
import type { JudgedStatement } from './judging/judgement.ts';

const keptPlans = 256;
const keptCursors = 4096;

interface OpenCursor {
  readonly output: OutputLineage | undefined;
  /** As they were when it was opened. */
  readonly classifications: Classifications;
}

export class RowPlanner {
  readonly #clearance: Clearance;
  readonly #plans = new Map<string, { readonly stamp: string; readonly plan: MaskPlan | undefined }>();
  /** Relations and columns that were looked for in the catalog once. */
  readonly #strangers = new Set<number | string>();
  /** A cursor may have been opened by, or over, a function that cannot be looked into. */
  #hasRunOpaque = false;
  /** Where the rows of cursors come from, by name; the latest last. */
  readonly #cursors = new Map<string, OpenCursor>();
  #hasForgottenCursors = false;

  constructor(clearance: Clearance) {
    this.#clearance = clearance;
  }

  /** Notes a statement that is about to run. */
  noteRun({ isOpaque }: JudgedStatement): void {
    this.#hasRunOpaque ||= isOpaque;
  }

  /** Notes a statement that has succeeded: the name of a cursor that it has declared means that from now on. */
  noteDone({ facts, cursor, output }: JudgedStatement): void {
    if (facts.node !== 'DeclareCursorStmt' || cursor === undefined) return;
    this.#cursors.delete(cursor);
    this.#cursors.set(cursor, { output, classifications: this.#clearance.classifications });
    if (this.#cursors.size <= keptCursors) return;
    const oldest = this.#cursors.keys().next().value;
    if (oldest !== undefined) this.#cursors.delete(oldest);
    this.#hasForgottenCursors = true;
  }

  /**
   * A promise where rows come from what the catalog does not know yet; ask again when it resolves.
   *
   * @param portal the statement behind the protocol's portal of the name that FETCH reads from
   * @throws PortcullisError LINEAGE_DISAGREES where the answer is not that of the statement as it was understood
   */
  plan(
    rowDescription: Buffer,
    judged: JudgedStatement | undefined,
    portal: JudgedStatement | undefined,
  ): MaskPlan | undefined | Promise<void> {
    const clearance = this.#clearance;
    const known = this.#known(judged, portal);
    const lineage = known.outputs.map(({ key }) => key).join('\0');
    const flags = `${known.isOpaque ? 'o' : ''}${known.isOutputUnknown ? 'u' : ''}${known.isClear(0, 0) ? 'c' : ''}`;
    const key = `${flags}${rowDescription.toString('latin1')}${lineage}`;
    const kept = this.#plans.get(key);
    if (known.before === undefined && kept?.stamp === clearance.stamp) return kept.plan;
    const { plan, unknownRelations, unknownColumns } = planMasks(
      rowDescription,
      clearance.catalog,
      clearance.classifications,
      known,
    );
    const strangers = [...unknownRelations, ...unknownColumns];
    const isNew = strangers.some((stranger) => !this.#strangers.has(stranger));
    // What stays unknown was made by this session's own open transaction, and holds what it put there.
    for (const stranger of strangers) this.#strangers.add(stranger);
    if (isNew) return clearance.refresh();
    if (known.before !== undefined) return plan;
    if (this.#plans.size >= keptPlans) this.#plans.clear();
    this.#plans.set(key, { stamp: clearance.stamp, plan });
    return plan;
  }

  #known(judged: JudgedStatement | undefined, portal: JudgedStatement | undefined): Required<RowsKnown> {
    const isOpaque = judged === undefined || judged.isOpaque;
    // What is made of columns that are seen in clear has no column to tell it by.
    const makesClear = judged !== undefined && this.#clearance.touches(judged.facts.relations);
    const isClear = (relation: number, attribute: number) =>
      relation === 0 ? makesClear : this.#clearance.showsClear(relation, attribute);
    const ground = this.#clearance.stamp;
    if (judged?.facts.node !== 'FetchStmt') {
      return {
        ground,
        isOpaque,
        outputs: judged?.output === undefined ? [] : [judged.output],
        isOutputUnknown: judged?.readsHidden === true,
        isClear,
        before: undefined,
      };
    }
    const cursor = judged.cursor ?? '';
    const open = this.#cursors.get(cursor);
    const hasMoved = open !== undefined && open.classifications !== this.#clearance.classifications;
    return {
      ground,
      isOpaque: isOpaque || this.#hasRunOpaque || portal?.isOpaque === true,
      outputs: [open?.output, portal?.output].filter((output) => output !== undefined),
      isOutputUnknown: this.#hasForgottenCursors && portal === undefined && open === undefined,
      isClear,
      before: hasMoved ? open.classifications : undefined,
    };
  }
}
