/** Values with what is in them, as people would say who know the formats; made from the standards, not from the detectors. */
import type { SensitiveForm } from '../../../../proxy/masking/detecting/finding.ts';

export interface LabelledValue {
  readonly text: string;
  /** The column that it stands in. */
  readonly column: string;
  /** Undefined for what only looks like something. */
  readonly form: SensitiveForm | undefined;
  /** The sensitive part, as it stands in the text; for what only looks like something, its name. */
  readonly part: string;
}
