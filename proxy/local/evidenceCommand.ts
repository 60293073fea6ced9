/** `portcullis evidence`: fetches an evidence bundle from the collector, checks it, and writes it to a file. */
import { writeFileSync } from 'node:fs';
import type { EvidenceFilter } from '../audit/evidence/evidenceFilter.ts';
import { describeVerification } from '../audit/verify/describeVerification.ts';
import { verifyBundleBytes } from '../audit/verify/verifyBundle.ts';
import { openTokenStore } from '../identity/tokenStore.ts';
import { CollectorClient } from '../kit/collectorClient.ts';
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

/** A bundle of thousands of events takes a while to make. */
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
  const query = new URLSearchParams(Object.entries(filter)).toString();
  const bundle = await client.download(`/v1/evidence${query === '' ? '' : `?${query}`}`);
  writeFileSync(out, bundle, { mode: 0o600 });
  const verification = verifyBundleBytes(bundle, out);
  const ok = verification.integrity.holds && verification.completeness.holds;
  process.stdout.write(
    json ? `${JSON.stringify({ ok, ...verification })}\n` : describeVerification(verification),
  );
  return ok ? 0 : 1;
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
