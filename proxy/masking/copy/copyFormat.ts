/** How COPY writes rows, as the statement asks for it (manual, COPY: Parameters and File Formats). */
import type { Mask } from '../maskValue.ts';

export interface CopyFormat {
  readonly kind: 'text' | 'csv' | 'binary';
  /** One byte each: in UTF-8 the server takes no others. */
  readonly delimiter: number;
  readonly quote: number;
  readonly escapeByte: number;
  /** What stands for NULL: as it is in text, without quotes in CSV. */
  readonly nullText: string;
  readonly hasHeader: boolean;
  /** Names of the columns whose values CSV always quotes. */
  readonly forceQuote: 'all' | readonly string[];
}

/** Looks at the value source[start, end); undefined where it may pass as it is. */
export type Clean = (
  source: Buffer,
  start: number,
  end: number,
) => { readonly bytes: Buffer | undefined } | undefined;

/** One column of what is copied. */
export interface CopyColumn {
  readonly name: string;
  readonly mask: Mask | undefined;
  /** Where there is no mask: what stands in place of a value, if anything has to. */
  readonly clean?: Clean | undefined;
}

/** What stands in place of a value that is not NULL; undefined where it passes as it is. */
export function replaceValue(
  { mask, clean }: CopyColumn,
  source: Buffer,
  start: number,
  end: number,
): { readonly bytes: Buffer | undefined } | undefined {
  return mask === undefined ? clean?.(source, start, end) : { bytes: mask(source, start, end) };
}

export function isChecked({ mask, clean }: CopyColumn): boolean {
  return mask !== undefined || clean !== undefined;
}
