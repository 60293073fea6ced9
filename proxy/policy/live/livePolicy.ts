/** The policy in force: what sessions ask, while the texts behind it may be exchanged for others. */
import type { Identity } from '../../identity/identity.ts';
import type { MaskingSettings } from '../../masking/maskingSettings.ts';
import type { StatementFacts } from '../../sql/facts.ts';
import type { AskedColumn } from '../cedarRequest.ts';
import { type Circumstances, currentMinute } from '../circumstances/circumstances.ts';
import type { ContextUse } from '../circumstances/contextUse.ts';
import type { ConnectionInfo, Decision } from '../decision.ts';
import type { Limits } from '../limits.ts';
import {
  makePolicy,
  type PolicyEngine,
  type PolicyQuestion,
  type UnmaskPermit,
  versionOf,
} from '../policyEngine.ts';
import type { PolicyTexts } from '../policyFiles.ts';

export class LivePolicy {
  #engine: PolicyEngine;
  readonly #listeners = new Set<() => void>();

  constructor(engine: PolicyEngine) {
    this.#engine = engine;
  }

  /** Changes with the policy in force: what was judged under another is judged again before it runs. */
  get version(): string {
    return this.#engine.version;
  }

  /** Changes with the policy in force, and where that looks at the time, each minute: an answer to `question` holds that long. */
  stampFor(question: PolicyQuestion): string {
    const { version, use } = this.#engine;
    return use[question].has('time') ? `${version}@${currentMinute()}` : version;
  }

  /** What the policies look at that changes from run to run. */
  useFor(question: PolicyQuestion): ContextUse {
    return this.#engine.use[question];
  }

  /** See {@link PolicyEngine.decide}. */
  decide(
    identity: Identity,
    connection: ConnectionInfo,
    facts: Pick<StatementFacts, 'effects' | 'role'>,
    circumstances: Circumstances,
  ): Decision {
    return this.#engine.decide(identity, connection, facts, circumstances);
  }

  /** See {@link PolicyEngine.limits}. */
  limits(identity: Identity, connection: ConnectionInfo, circumstances: Circumstances): Limits {
    return this.#engine.limits(identity, connection, circumstances);
  }

  /** See {@link PolicyEngine.unmaskedBy}. */
  unmaskedBy(
    identity: Identity,
    connection: ConnectionInfo,
    column: AskedColumn,
    circumstances: Circumstances,
  ): string | undefined {
    return this.#engine.unmaskedBy(identity, connection, column, circumstances);
  }

  /** See {@link PolicyEngine.unmaskedByApproval}. */
  unmaskedByApproval(...asked: Parameters<PolicyEngine['unmaskedByApproval']>): UnmaskPermit | undefined {
    return this.#engine.unmaskedByApproval(...asked);
  }

  /** False where nobody sees anything in clear unasked. */
  get canUnmask(): boolean {
    return this.#engine.canUnmask;
  }

  /** See {@link PolicyEngine.unmasksByPlace}. */
  get unmasksByPlace(): boolean {
    return this.#engine.unmasksByPlace;
  }

  /** What its masking.yaml says for a connection. */
  masking(connection: string): MaskingSettings {
    return this.#engine.masking.of(connection);
  }

  /** Calls the listener when another policy has come into force, before any statement is judged by it; answers how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Puts other texts into force, at once for every session.
   * @throws PolicyLoadError where they cannot be used: what was in force stays in force.
   */
  async take(texts: PolicyTexts): Promise<void> {
    if (versionOf(texts) === this.version) return;
    const next = await makePolicy(texts);
    const before = this.#engine;
    this.#engine = next;
    for (const listener of this.#listeners) listener();
    before.release();
  }
}
