/** The folder of `--policy` while a service runs: what is saved there takes effect in the proxy, the collector, or both. */
import type { RunningCollector } from '../collector/collector.ts';
import { describeFirstProblem, followPolicy } from '../policy/live/followPolicy.ts';
import { makePolicy, versionOf } from '../policy/policyEngine.ts';
import type { PolicyTexts } from '../policy/policyFiles.ts';
import type { RunningProxy } from '../startProxy.ts';

export interface PolicyFolderOptions {
  readonly directory: string;
  /** Absent where there is only a collector. */
  readonly proxy?: RunningProxy;
  readonly collector: Pick<RunningCollector, 'usePolicy'>;
  /** As they are in force at the start. */
  readonly texts: PolicyTexts;
  /** Told in words what happens. */
  readonly say: (text: string) => void;
  /** Told in words why a change was not taken; undefined once all is well again. */
  readonly onProblem?: (problem: string | undefined) => void;
}

/** Answers how to stop. */
export function followPolicyFolder(options: PolicyFolderOptions): () => Promise<void> {
  const { directory, proxy, collector, texts, say, onProblem } = options;
  return followPolicy({
    directory,
    version: versionOf(texts),
    take: async (changed) => {
      if (proxy === undefined) (await makePolicy(changed)).release();
      else await proxy.policy.take(changed);
      await collector.usePolicy(changed.files);
      say(`the policy in ${directory} has changed, and is in force`);
    },
    onProblem: (problem) => {
      const words =
        problem &&
        `the policy in ${directory} has changed and cannot be used: ${describeFirstProblem(problem)}\n  The one before it stays in force. portcullis policy check ${directory}`;
      onProblem?.(words);
      say(words ?? `all is well again with the policy in ${directory}`);
    },
  });
}
