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

/** One column of what is copied. */
export interface CopyColumn {
  readonly name: string;
  readonly mask: Mask | undefined;
}
