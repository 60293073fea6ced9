/** Reads what the proxy tells the console beside the rows: which columns are masked, and that a statement waits. */
import type {
  HoldNoticeState,
  MaskedColumnsNotice,
  MaskNoticeState,
} from '../../../proxy/control/messages.ts';

const maskState: MaskNoticeState = '01P01';
const holdState: HoldNoticeState = '01P02';

export interface MaskedColumns {
  readonly columns: MaskedColumnsNotice['columns'];
  readonly clear: NonNullable<MaskedColumnsNotice['clear']>;
}

export type ConsoleNotice =
  | ({ readonly kind: 'masked' } & MaskedColumns)
  | { readonly kind: 'held'; readonly request: string; readonly message: string }
  /** Anything else, the server's own words: RAISE NOTICE, warnings. */
  | { readonly kind: 'words'; readonly text: string };

interface NoticeFields {
  readonly code?: string | undefined;
  readonly severity?: string | undefined;
  readonly message?: string | undefined;
  readonly detail?: string | undefined;
}

/** A notice that cannot be read as one of the proxy's is shown as words: nothing is lost. */
export function readNotice({ code, severity, message = '', detail }: NoticeFields): ConsoleNotice {
  const told = readJson(detail);
  if (code === maskState && isRecord(told) && Array.isArray(told['columns']))
    return {
      kind: 'masked',
      columns: told['columns'].filter(isMaskedColumn),
      clear: Array.isArray(told['clear']) ? told['clear'].filter(isClearColumn) : [],
    };
  if (code === holdState && isRecord(told) && typeof told['request'] === 'string')
    return { kind: 'held', request: told['request'], message };
  return { kind: 'words', text: `${severity ?? 'NOTICE'}: ${message}` };
}

function isMaskedColumn(value: unknown): value is MaskedColumnsNotice['columns'][number] {
  return (
    isRecord(value) &&
    typeof value['index'] === 'number' &&
    typeof value['name'] === 'string' &&
    typeof value['classification'] === 'string' &&
    typeof value['method'] === 'string' &&
    isText(value['why']) &&
    isText(value['source'])
  );
}

function isClearColumn(value: unknown): value is MaskedColumns['clear'][number] {
  return (
    isRecord(value) &&
    typeof value['index'] === 'number' &&
    typeof value['why'] === 'string' &&
    isText(value['source'])
  );
}

/** Or absent. */
function isText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function readJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
