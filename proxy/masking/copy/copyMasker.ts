/** Rewrites what COPY … TO STDOUT sends by the masks of its columns, in the format that the statement asked for. */
import { BinaryCopy } from './binaryCopy.ts';
import type { CopyColumn, CopyFormat } from './copyFormat.ts';
import { CopyRows } from './copyRows.ts';
import { CsvCopy } from './csvCopy.ts';
import { TextCopy } from './textCopy.ts';

export function createCopyMasker(columns: readonly CopyColumn[], format: CopyFormat): CopyRows {
  switch (format.kind) {
    case 'text':
      return new CopyRows(new TextCopy(columns, format));
    case 'csv':
      return new CopyRows(new CsvCopy(columns, format));
    case 'binary':
      return new CopyRows(new BinaryCopy(columns));
  }
}
