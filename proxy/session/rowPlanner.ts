/** Which columns of an answer are masked, and how: from the message that describes its rows, remembered by that message. */
import { type MaskPlan, planMasks } from '../masking/maskPlan.ts';
import type { GovernedConnection } from './governedConnection.ts';
import type { JudgedStatement } from './judging/judgement.ts';

const keptPlans = 256;

export class RowPlanner {
  readonly #connection: GovernedConnection;
  readonly #plans = new Map<string, { readonly stamp: string; readonly plan: MaskPlan | undefined }>();
  /** OIDs of relations that were looked for in the catalog once. */
  readonly #strangers = new Set<number>();
  /** A cursor may have been opened by, or over, a function that cannot be looked into. */
  hasRunOpaque = false;

  constructor(connection: GovernedConnection) {
    this.#connection = connection;
  }

  /** A promise where rows come from a relation that the catalog does not know yet; ask again when it resolves. */
  plan(rowDescription: Buffer, judged: JudgedStatement | undefined): MaskPlan | undefined | Promise<void> {
    const connection = this.#connection;
    const readsCursor = judged?.facts.node === 'FetchStmt';
    const isOpaque = judged === undefined || judged.isOpaque || (this.hasRunOpaque && readsCursor);
    const key = `${isOpaque ? 'o' : ''}${rowDescription.toString('latin1')}`;
    const known = this.#plans.get(key);
    if (known !== undefined && known.stamp === connection.stamp) return known.plan;
    const { plan, unknownRelations } = planMasks(
      rowDescription,
      connection.catalog,
      connection.classifications,
      isOpaque,
    );
    const isNew = unknownRelations.some((oid) => !this.#strangers.has(oid));
    // A relation that stays unknown was made by this session's own open transaction, and holds what it put there.
    for (const oid of unknownRelations) this.#strangers.add(oid);
    if (isNew) return connection.refresh();
    if (this.#plans.size >= keptPlans) this.#plans.clear();
    this.#plans.set(key, { stamp: connection.stamp, plan });
    return plan;
  }
}
