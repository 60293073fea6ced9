/** The policy that the collector hands out: fetched at the start, and again whenever the collector says that it changed. */
import { type CollectorClient, requireList } from '../kit/collectorClient.ts';
import type { CollectorFeed } from '../kit/collectorFeed.ts';
import type { LivePolicy } from '../policy/live/livePolicy.ts';
import { type PolicyFile, type PolicyTexts, policyTextsOf } from '../policy/policyFiles.ts';
import { PolicyLoadError } from '../policy/policyProblems.ts';

const retryMs = { first: 1_000, longest: 60_000 };

/** Throws CollectorRefusal, CollectorUnreachable, and what the token throws. */
export async function fetchPolicy(client: CollectorClient): Promise<PolicyTexts> {
  const { files } = await client.call<{ files?: PolicyFile[] }>('GET', '/v1/policy');
  return policyTextsOf(`the collector ${client.url}`, requireList(client.url, files));
}

export interface FollowCollectorOptions {
  readonly client: CollectorClient;
  readonly feed: CollectorFeed;
  readonly policy: LivePolicy;
  /** Told after each change that was taken (undefined), or that cannot be used: the policy before it stays in force. */
  readonly onChange: (problem: PolicyLoadError | undefined) => void;
}

/** Keeps `policy` to what the collector hands out. Answers how to stop. */
export function followCollectorPolicy({
  client,
  feed,
  policy,
  onChange,
}: FollowCollectorOptions): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  /** One after the other: the last answer is the newest. */
  let fetching: Promise<void> = Promise.resolve();
  const fetchNow = (delayMs: number): void => {
    clearTimeout(timer);
    fetching = fetching.then(async () => {
      try {
        const texts = await fetchPolicy(client);
        if (isStopped) return;
        await policy.take(texts);
        onChange(undefined);
      } catch (error) {
        if (isStopped) return;
        if (PolicyLoadError.is(error)) return onChange(error);
        // It could not be asked just now; that there is something new is known.
        timer = setTimeout(() => fetchNow(Math.min(delayMs * 2, retryMs.longest)), delayMs);
      }
    });
  };
  const unlisten = feed.on('policy', () => fetchNow(retryMs.first));
  // What changed between the fetch at the start and now was told to nobody.
  fetchNow(retryMs.first);
  return async () => {
    isStopped = true;
    unlisten();
    clearTimeout(timer);
    await fetching;
  };
}
