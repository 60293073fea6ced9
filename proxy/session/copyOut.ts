/** COPY … TO STDOUT through a session: what the server copies is masked as the rows of a query would be. */
import { PortcullisError } from '../kit/errors.ts';
import { type Clean, isChecked } from '../masking/copy/copyFormat.ts';
import { createCopyMasker } from '../masking/copy/copyMasker.ts';
import type { CopyRows } from '../masking/copy/copyRows.ts';
import { cleanValue } from '../masking/detecting/cleanValue.ts';
import type { ScannedColumn } from '../masking/detecting/scanPlan.ts';
import { maskedColumnsOf } from '../masking/maskPlan.ts';
import type { OutputBuffer } from '../masking/outputBuffer.ts';
import type { NoteFound } from '../masking/rowMasker.ts';
import type { Catalog } from '../schema/catalog.ts';
import { MessageCursor } from '../wire/cursor.ts';
import { Backend } from '../wire/protocol.ts';
import { ColumnProbe, type ProbedColumn } from './columnProbe.ts';
import type { JudgedStatement, StatementRun } from './judging/judgement.ts';

/** Effects that change neither what names mean nor what a COPY beside them reads its columns from. */
const steadyEffects: ReadonlySet<string> = new Set([
  'read',
  'insert',
  'update',
  'delete',
  'merge',
  'copyIn',
  'notify',
]);

/**
 * Why a message with a COPY … TO STDOUT is refused before anything of it runs. Where its columns come from is asked before the
 * message is sent: nothing in it may change the answer.
 */
export function refuseCopyOut(
  statements: readonly JudgedStatement[],
  touchesClassified: boolean,
): PortcullisError | undefined {
  const copies = statements.filter(({ copyOut }) => copyOut !== undefined);
  if (copies.length === 0) return undefined;
  const isSteady = statements.every(({ facts }) =>
    facts.effects.every(({ kind }) => steadyEffects.has(kind)),
  );
  if (statements.length > 1 && !isSteady)
    return new PortcullisError(
      'COPY_REFUSED',
      { message: 'it stands beside statements that may change what it reads' },
      {
        hint: 'Send the COPY in a message of its own.',
      },
    );
  const problem = touchesClassified ? copies.map(({ copyOut }) => copyOut?.problem).find(Boolean) : undefined;
  return problem === undefined
    ? undefined
    : new PortcullisError('COPY_REFUSED', { message: `it ${problem}` });
}

/**
 * What rewrites the data that a CopyOutResponse announces, buffer[start, end); undefined where nothing is masked.
 * @throws PortcullisError COPY_REFUSED where the server copies other columns than it was asked about
 */
export function startCopyOut(
  run: StatementRun,
  catalog: Catalog,
  noteFound: NoteFound,
  buffer: Buffer,
  start: number,
  end: number,
): CopyRows | undefined {
  const { probe } = run;
  const { copyOut } = run.judged;
  const columns = probe?.columns;
  if (probe === undefined || copyOut === undefined || columns === undefined)
    throw refuse('where its columns come from is not known');
  const cursor = new MessageCursor(buffer, start + 5, end);
  const isBinary = cursor.byte() === 1;
  const count = cursor.int16();
  const { plan } = probe;
  const all = columns.map((column, index) => ({
    ...column,
    mask: plan?.columns[index],
    clean: cleanColumn(plan?.scans?.[index], noteFound),
  }));
  const copied = copyOut.hasGenerated ? all.filter((column) => !isGenerated(column, columns, catalog)) : all;
  if (copied.length !== count || isBinary !== (copyOut.format.kind === 'binary'))
    throw refuse('its columns have changed meanwhile');
  run.maskedColumns = maskedColumnsOf(plan);
  const isMasked = copied.some(({ mask }) => mask !== undefined);
  if (copyOut.problem !== undefined && isMasked) throw refuse(`it ${copyOut.problem}`);
  if (copyOut.problem !== undefined || !copied.some(isChecked)) return undefined;
  return createCopyMasker(copied, copyOut.format);
}

/** What no classification foresaw is looked for in values that have no mask. */
function cleanColumn(scan: ScannedColumn | undefined, noteFound: NoteFound): Clean | undefined {
  if (scan === undefined) return undefined;
  return (source, start, end) => {
    const cleaned = cleanValue(scan, source, start, end);
    if (cleaned !== undefined) noteFound(scan, cleaned);
    return cleaned;
  };
}

/** Appends what becomes of one CopyData: in one message for each that came, so that a row stays a message. */
export function rewriteCopyData(
  rows: CopyRows,
  buffer: Buffer,
  start: number,
  end: number,
  out: OutputBuffer,
): void {
  const messageStart = out.length;
  out.appendByte(Backend.copyData);
  out.appendInt32(0);
  rows.write(buffer, start + 5, end, out);
  const size = out.length - messageStart - 1;
  if (size === 4) out.length = messageStart;
  else out.buffer.writeInt32BE(size, messageStart + 1);
}

/** A table of which one column is not in the catalog yet may have changed in others too: which are generated is then not known. */
function isGenerated(column: ProbedColumn, columns: readonly ProbedColumn[], catalog: Catalog): boolean {
  const known = catalog.relations.get(column.relation)?.columns ?? [];
  const found = known.find(({ number }) => number === column.attribute);
  if (found?.isGenerated !== true) return false;
  if (columns.some(({ attribute }) => !known.some(({ number }) => number === attribute)))
    throw refuse('its table has been changed in this transaction');
  return true;
}

/** Rows copied, from the tag of CommandComplete: `COPY 5`. */
export function countCopied(tag: string | undefined): number {
  const count = /^COPY (\d+)$/.exec(tag ?? '')?.[1];
  return count === undefined ? 0 : Number(count);
}

export function createProbe(
  judged: JudgedStatement,
  touchesClassified: boolean,
  endsWithReady: boolean,
): ColumnProbe | undefined {
  return (
    judged.copyOut &&
    new ColumnProbe(judged, {
      endsWithReady,
      touchesClassified,
      format: judged.copyOut.format.kind === 'binary' ? 1 : 0,
    })
  );
}

function refuse(message: string): PortcullisError {
  return new PortcullisError('COPY_REFUSED', { message });
}
