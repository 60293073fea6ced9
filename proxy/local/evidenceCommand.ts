/** `portcullis evidence`: fetches an evidence bundle from the collector into a file, and checks it. */
import type { EvidenceFilter } from '../audit/evidence/evidenceFilter.ts';
import { type FetchedBundle, fetchBundle } from '../audit/evidence/fetchBundle.ts';
import { describeVerification } from '../audit/verify/describeVerification.ts';
import { verifyBundle } from '../audit/verify/verifyBundle.ts';
import { openTokenStore } from '../identity/tokenStore.ts';
import { CollectorClient, CollectorUnreachable } from '../kit/collectorClient.ts';
import { readRememberedCollector } from './proxyCommand.ts';
import { dataFolder } from './userFolders.ts';

export interface EvidenceOptions {
  readonly filter: EvidenceFilter;
  readonly out: string;
  /** The one that `portcullis proxy` last signed in at, unless told. */
  readonly collector: string | undefined;
  /** Of `portcullis proxy`: where its sign-in is kept. */
  readonly data: string | undefined;
  readonly json: boolean;
}

/** Back to the line's beginning, and erase it (ECMA-48 CR, EL). */
const clearLine = '\r\x1b[K';
/** Until the first bytes come, and between any two pieces. */
const timeoutMs = 120_000;

/** Answers the exit code: 0 where the bundle was written and both verdicts hold. @throws Error in words */
export async function runEvidence({ filter, out, collector, data, json }: EvidenceOptions): Promise<number> {
  const folder = data ?? dataFolder();
  const url = collector ?? readRememberedCollector(folder);
  if (url === undefined) {
    throw new Error(
      'which collector? Give --collector URL, with a token in PORTCULLIS_TOKEN, or sign in by portcullis proxy first',
    );
  }
  const client = new CollectorClient({ url, token: () => findToken(url, folder), timeoutMs });
  const bundle = await fetchShown(client, filter, out);
  await bundle.keep();
  const { stderr } = process;
  if (stderr.isTTY) stderr.write(`checking ${megabytes(bundle.bytes)}`);
  const verification = await verifyBundle(out);
  if (stderr.isTTY) stderr.write(clearLine);
  const ok = verification.integrity.holds && verification.completeness.holds;
  process.stdout.write(
    json ? `${JSON.stringify({ ok, ...verification })}\n` : describeVerification(verification),
  );
  return ok ? 0 : 1;
}

/** Shows on a terminal how far it is; interrupted, it leaves nothing behind. */
async function fetchShown(
  client: CollectorClient,
  filter: EvidenceFilter,
  out: string,
): Promise<FetchedBundle> {
  const abort = new AbortController();
  const interrupt = () => abort.abort(new Error('interrupted: nothing was written'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const { stderr } = process;
  let shownAt = 0;
  let fetched = 0;
  const progress = (bytes: number): void => {
    fetched = bytes;
    if (!stderr.isTTY || Date.now() - shownAt < 200) return;
    shownAt = Date.now();
    stderr.write(`\r${megabytes(bytes)} fetched`);
  };
  try {
    return await fetchBundle(client, filter, out, { signal: abort.signal, progress });
  } catch (error) {
    if (fetched === 0 || !CollectorUnreachable.is(error)) throw error;
    throw new Error(
      `the bundle broke off after ${megabytes(fetched)}, and nothing was written: ${error.message}`,
    );
  } finally {
    if (shownAt > 0) stderr.write(clearLine);
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** From the environment, else as `portcullis proxy` keeps it, which renews it while it runs. */
async function findToken(url: string, folder: string): Promise<string> {
  const given = process.env['PORTCULLIS_TOKEN'];
  if (given !== undefined && given !== '') return given;
  const store = openTokenStore({
    dataDirectory: folder,
    notice: (text) => process.stderr.write(`${text}\n`),
  });
  const kept = await store.read(url);
  if (kept === undefined) {
    throw new Error(
      `nobody is signed in at ${url}: start portcullis proxy --collector ${url}, or put a token into PORTCULLIS_TOKEN`,
    );
  }
  if (Date.parse(kept.expiresAt) > Date.now()) return kept.accessToken;
  throw new Error(
    `the sign-in at ${url} has expired: start portcullis proxy, which renews it, and try again while it runs`,
  );
}
