/** Classifications in the making, and the finished set with what later rounds need to know of it. */
import type {
  Classification,
  ClassificationKind,
  Classifications,
  ColumnUseRight,
  Exemption,
  MaskMethod,
} from '../classification.ts';
import type { MaskingRules, MaskingSettings } from '../maskingSettings.ts';
import type { Tokens } from '../methods/tokens.ts';
import type { TypeFamily } from './columnNames.ts';
import type { ValuePaths } from './valuePaths.ts';

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

/** What one round leaves for the next, and for what needs no look at the database. */
export interface ClassificationMemory {
  readonly sampling: SamplingMemory;
  readonly paths: ValuePaths;
  readonly familyOf: (type: number) => TypeFamily;
  /** What was found on columns that the policy has taken out since: for when it takes that back. */
  readonly exempt: Marks;
}

/** What the policy chooses for masks and use, and what masks draw from. */
export interface MaskingChoice {
  readonly settings: MaskingSettings;
  readonly tokens: Tokens;
}

const rights: Readonly<Record<ColumnUseRight, number>> = { none: 0, equality: 1, order: 2, open: 3 };

/** Ordering of people by name is daily work; a secret is for nobody's eyes (DESIGN.md §4, masking). */
export function chooseUse(kind: ClassificationKind): ColumnUseRight {
  if (kind.startsWith('secret.')) return 'none';
  return kind === 'pii.name' ? 'order' : 'equality';
}

type Marks = ReadonlyMap<number, ReadonlyMap<number, Classification>>;
type MarksInTheMaking = Map<number, Map<number, Classification>>;

/**
 * A first verdict on a column stands; what comes later replaces it only where it lets less be shown. What the policy says
 * of a column (`rules`) stands above both.
 */
export class ClassificationDraft {
  readonly #marks: MarksInTheMaking = new Map();
  readonly #exempt: MarksInTheMaking = new Map();
  readonly #rules: MaskingRules | undefined;
  readonly #now: string;

  constructor(rules?: MaskingRules, now = new Date()) {
    this.#rules = rules;
    this.#now = now.toISOString();
  }

  of(relation: number, column: number): Classification | undefined {
    return this.#marks.get(relation)?.get(column);
  }

  inRelation(relation: number): ReadonlyMap<number, Classification> | undefined {
    return this.#marks.get(relation);
  }

  /** True where the policy says what the column is, or that it is nothing: values need no look. */
  isSettled(relation: number, column: number): boolean {
    return this.#rules?.of({ relation, column }) !== undefined;
  }

  /** Takes over what was found before, but for what followed from the policy: that is found anew. */
  keep(relation: number, column: number, known: Classification): boolean {
    if (known.rule !== undefined) return false;
    const { origin } = known;
    if (origin !== undefined && this.#rules?.of(origin)?.kind === 'unclassify') return false;
    return this.add(relation, column, known);
  }

  /** Whether it was news. */
  add(relation: number, column: number, classification: Classification): boolean {
    const rule = this.#rules?.of({ relation, column });
    // What a column is by rule it stays, but a view's expression over classified values shows nothing all the same.
    if (rule?.kind === 'unclassify') {
      put(this.#exempt, relation, column, classification);
      return false;
    }
    const known = this.of(relation, column);
    if (known !== undefined && (known.isDerived || !classification.isDerived)) return false;
    put(this.#marks, relation, column, { ...classification, since: classification.since ?? this.#now });
    return true;
  }

  finish(
    previous: Classifications | undefined,
    memory: Omit<ClassificationMemory, 'exempt'>,
    { settings, tokens }: MaskingChoice,
  ): FinishedClassifications {
    const before = previous instanceof FinishedClassifications ? previous : undefined;
    const choose = (mark: Classification): Classification => {
      const { rule: _rule, chosen, ...plain } = mark as MarkByRule;
      const method = chosen?.method ?? settings.methods.get(mark.kind);
      const use = mark.isDerived ? undefined : (chosen?.use ?? settings.use.get(mark.kind));
      return {
        ...plain,
        ...(mark.rule !== undefined && { rule: mark.rule }),
        ...(use !== undefined && { use }),
        ...(method !== undefined && { mask: { method, tokens: tokens.of(mark.kind) } }),
      };
    };
    // The strictest comes first: a whole row is protected as its first classified column is.
    const effective = new Map(
      [...this.#marks].map(([relation, columns]) => {
        const sorted = [...columns]
          .map(([column, mark]) => [column, choose(mark)] as const)
          .sort(([a, one], [b, other]) => rights[one.use] - rights[other.use] || a - b);
        return [relation, new Map(sorted)] as const;
      }),
    );
    const isSame = before !== undefined && isEqual(before.effective, effective);
    const version = previous === undefined ? 1 : previous.version + (isSame ? 0 : 1);
    return new FinishedClassifications(
      version,
      this.#marks,
      effective,
      { ...memory, exempt: this.#exempt },
      this.#rules,
    );
  }
}

/** A mark that a rule has made, with what the rule chose besides. */
export interface MarkByRule extends Classification {
  readonly chosen?: {
    readonly method?: MaskMethod | undefined;
    readonly use?: ColumnUseRight | undefined;
  };
}

function put(
  marks: MarksInTheMaking,
  relation: number,
  column: number,
  classification: Classification,
): void {
  const columns = marks.get(relation) ?? new Map<number, Classification>();
  marks.set(relation, columns.set(column, classification));
}

export class FinishedClassifications implements Classifications {
  readonly version: number;
  /** As found. */
  readonly marks: Marks;
  /** With what the policy chooses for their masks and use. */
  readonly effective: Marks;
  readonly memory: ClassificationMemory;
  readonly rules: MaskingRules | undefined;

  constructor(
    version: number,
    marks: Marks,
    effective: Marks,
    memory: ClassificationMemory,
    rules: MaskingRules | undefined,
  ) {
    this.version = version;
    this.marks = marks;
    this.effective = effective;
    this.memory = memory;
    this.rules = rules;
  }

  of(relationOid: number, attributeNumber: number): Classification | undefined {
    return this.effective.get(relationOid)?.get(attributeNumber);
  }

  inRelation(relationOid: number): ReadonlyMap<number, Classification> | undefined {
    return this.effective.get(relationOid);
  }

  exemptedBy(relationOid: number, attributeNumber: number): Exemption | undefined {
    const rule = this.rules?.of({ relation: relationOid, column: attributeNumber });
    return rule?.kind === 'unclassify' ? rule : undefined;
  }
}

function isEqual(a: Marks, b: Marks): boolean {
  const write = (marks: Marks) =>
    [...marks]
      .flatMap(([relation, columns]) =>
        [...columns].map(
          ([column, { kind, use, why, confidence, isDerived, mask }]) =>
            `${relation}.${column} ${kind} ${use} ${confidence} ${isDerived} ${mask?.method} ${why}`,
        ),
      )
      .sort()
      .join('\n');
  return write(a) === write(b);
}
