/** What a column is, and what may be done with it: the types. Made by `classifyCatalog`. */
import type { ColumnPattern } from './maskingSettings.ts';
import type { KindTokens } from './methods/tokens.ts';

export type ClassificationKind =
  | 'pii.name'
  | 'pii.email'
  | 'pii.phone'
  | 'pii.address'
  | 'pii.birthDate'
  | 'pii.nationalId'
  | 'pii.paymentCard'
  | 'pii.bankAccount'
  | 'pii.health'
  | 'pii.salary'
  | 'pii.ipAddress'
  | 'pii.location'
  | 'pii.freeText'
  | 'secret.password'
  | 'secret.token'
  | 'secret.statistics';

/** What a statement may do with the raw value besides projecting it masked (DESIGN.md §4, masking). */
export type ColumnUseRight = 'none' | 'equality' | 'order' | 'open';

/** How a value is masked: `chooseMask` says what each makes of which types. */
export type MaskMethod = 'partial' | 'redact' | 'null' | 'token' | 'digits' | 'year' | 'bucket';

/** A method that was chosen, with what it draws from. */
export interface ChosenMask {
  readonly method: MaskMethod;
  readonly tokens: KindTokens;
}

export interface Classification {
  readonly kind: ClassificationKind;
  readonly use: ColumnUseRight;
  /** In words: "the column is named email", "46 of 50 sampled values are card numbers". */
  readonly why: string;
  /** 0 to 1. */
  readonly confidence: number;
  /** Computed from classified values (a view's expression, a generated column): its mask shows nothing of it at all. */
  readonly isDerived?: true;
  /** Chosen by the policy; where absent, kind and type choose. */
  readonly mask?: ChosenMask;
  /** When it was first found: RFC 3339. */
  readonly since?: string;
  /** Where the policy's masking.yaml says so: file and line. What only follows from that carries it too. */
  readonly rule?: string;
  /** The column that it was first found on, where it has come here from another. */
  readonly origin?: ColumnId;
}

/** A column by OID of its relation and number. */
export interface ColumnId {
  readonly relation: number;
  readonly column: number;
}

export interface Classifications {
  /** Grows with every change; part of cache keys. */
  readonly version: number;
  of(relationOid: number, attributeNumber: number): Classification | undefined;
  /** Columns of a relation that are classified, by attribute number; undefined where none is. */
  inRelation(relationOid: number): ReadonlyMap<number, Classification> | undefined;
  /** Id of the policy by which the identity that asks sees the column in clear, where these are the classifications for it. */
  unmaskedBy?(relationOid: number, attributeNumber: number): string | undefined;
  /** The approved request behind that, where it is not by the policy alone. */
  grantOf?(relationOid: number, attributeNumber: number): ApprovedSight | undefined;
  /** The rule of masking.yaml that says that the column is nothing personal or secret. */
  exemptedBy?(relationOid: number, attributeNumber: number): Exemption | undefined;
}

export interface ApprovedSight {
  readonly request: string;
  readonly reviewers: readonly string[];
  /** RFC 3339. */
  readonly until: string;
}

export interface Exemption {
  /** `masking.yaml:3:5` */
  readonly place: string;
  readonly reason: string;
  /** The columns that the rule names. */
  readonly pattern?: ColumnPattern;
}
