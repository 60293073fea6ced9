/** How well the detectors do on the labelled set, by form. */
import type { SensitiveForm } from '../../../../proxy/masking/detecting/finding.ts';
import { type Finding, findSensitive } from '../../../../proxy/masking/detecting/findSensitive.ts';
import type { LabelledValue } from './labelledValue.ts';

export interface Measured {
  /** Values of the form; those that were found, whole; and values in which it was found and is not. */
  values: number;
  found: number;
  wrong: number;
  readonly missed: string[];
  readonly mistaken: string[];
}

export function measure(values: readonly LabelledValue[]): ReadonlyMap<SensitiveForm, Measured> {
  const results = new Map<SensitiveForm, Measured>();
  const of = (form: SensitiveForm) => {
    const known = results.get(form) ?? { values: 0, found: 0, wrong: 0, missed: [], mistaken: [] };
    results.set(form, known);
    return known;
  };
  for (const { text, column, form, part } of values) {
    const findings = findAll(text, column);
    if (form !== undefined) {
      const result = of(form);
      result.values++;
      // Every byte of it must be gone: one find that covers it is what counts.
      const at = Buffer.from(text).indexOf(part);
      const length = Buffer.byteLength(part);
      const isFound = findings.some(
        (finding) => finding.form === form && finding.start <= at && finding.end >= at + length,
      );
      if (isFound) result.found++;
      else result.missed.push(text);
    }
    for (const wrong of new Set(findings.map((finding) => finding.form))) {
      if (wrong === form) continue;
      of(wrong).wrong++;
      of(wrong).mistaken.push(text);
    }
  }
  return results;
}

function findAll(text: string, column: string): readonly Finding[] {
  const bytes = Buffer.from(text);
  const findings: Finding[] = [];
  for (let from = 0; ; ) {
    const finding = findSensitive(bytes, 0, bytes.length, { from, column });
    if (finding === undefined) return findings;
    findings.push(finding);
    from = finding.end;
  }
}

export function precisionOf({ found, wrong }: Measured): number {
  return found + wrong === 0 ? 0 : found / (found + wrong);
}

export function recallOf({ values, found }: Measured): number {
  return values === 0 ? 0 : found / values;
}
