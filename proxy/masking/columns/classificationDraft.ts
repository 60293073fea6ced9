/** Classifications in the making, and the finished set with what later rounds need to know of it. */
import type {
  Classification,
  ClassificationKind,
  Classifications,
  ColumnUseRight,
} from '../classification.ts';
import type { KnownLineage } from './valuePaths.ts';

/** What sampling has done with it, so that the next round does not do it again. */
export interface SamplingMemory {
  /** `relation.column.type` of columns that showed nothing in as many values as are ever looked at. */
  readonly examined: ReadonlySet<string>;
  /** When each relation was last looked at, by a count of rounds. */
  readonly lookedAt: ReadonlyMap<number, number>;
  readonly round: number;
  /** Relations that could not be sampled, and were reported. */
  readonly reported: ReadonlySet<number>;
}

/** What one round leaves for the next. */
export interface ClassificationMemory {
  readonly sampling: SamplingMemory;
  readonly lineage: ReadonlyMap<number, KnownLineage>;
}

const rights: Readonly<Record<ColumnUseRight, number>> = { none: 0, equality: 1, order: 2, open: 3 };

/** Ordering of people by name is daily work; a secret is for nobody's eyes (DESIGN.md §4, masking). */
export function chooseUse(kind: ClassificationKind): ColumnUseRight {
  if (kind.startsWith('secret.')) return 'none';
  return kind === 'pii.name' ? 'order' : 'equality';
}

/** A first verdict on a column stands; what comes later replaces it only where it lets less be shown. */
export class ClassificationDraft {
  readonly #marks = new Map<number, Map<number, Classification>>();

  of(relation: number, column: number): Classification | undefined {
    return this.#marks.get(relation)?.get(column);
  }

  inRelation(relation: number): ReadonlyMap<number, Classification> | undefined {
    return this.#marks.get(relation);
  }

  /** Whether it was news. */
  add(relation: number, column: number, classification: Classification): boolean {
    const marks = this.#marks.get(relation) ?? new Map<number, Classification>();
    const known = marks.get(column);
    if (known !== undefined && (known.isDerived || !classification.isDerived)) return false;
    this.#marks.set(relation, marks.set(column, classification));
    return true;
  }

  finish(previous: Classifications | undefined, memory: ClassificationMemory): FinishedClassifications {
    // The strictest comes first: a whole row is protected as its first classified column is.
    const marks = new Map(
      [...this.#marks].map(([relation, columns]) => {
        const sorted = [...columns].sort(
          ([a, one], [b, other]) => rights[one.use] - rights[other.use] || a - b,
        );
        return [relation, new Map(sorted)] as const;
      }),
    );
    const isSame = previous instanceof FinishedClassifications && isEqual(previous.marks, marks);
    const version = previous === undefined ? 1 : previous.version + (isSame ? 0 : 1);
    return new FinishedClassifications(version, marks, memory);
  }
}

type Marks = ReadonlyMap<number, ReadonlyMap<number, Classification>>;

export class FinishedClassifications implements Classifications {
  readonly version: number;
  readonly marks: Marks;
  readonly memory: ClassificationMemory;

  constructor(version: number, marks: Marks, memory: ClassificationMemory) {
    this.version = version;
    this.marks = marks;
    this.memory = memory;
  }

  of(relationOid: number, attributeNumber: number): Classification | undefined {
    return this.marks.get(relationOid)?.get(attributeNumber);
  }

  inRelation(relationOid: number): ReadonlyMap<number, Classification> | undefined {
    return this.marks.get(relationOid);
  }
}

function isEqual(a: Marks, b: Marks): boolean {
  const write = (marks: Marks) =>
    [...marks]
      .flatMap(([relation, columns]) =>
        [...columns].map(
          ([column, { kind, use, why, confidence, isDerived }]) =>
            `${relation}.${column} ${kind} ${use} ${confidence} ${isDerived} ${why}`,
        ),
      )
      .sort()
      .join('\n');
  return write(a) === write(b);
}
