/** The policy in force: what sessions ask, while the texts behind it may be exchanged for others. */
import type { Identity } from '../../identity/identity.ts';
import type { MaskingSettings } from '../../masking/maskingSettings.ts';
import type { StatementFacts } from '../../sql/facts.ts';
import type { AskedColumn } from '../cedarRequest.ts';
import type { ConnectionInfo, Decision } from '../decision.ts';
import type { Limits } from '../limits.ts';
import { makePolicy, type PolicyEngine, versionOf } from '../policyEngine.ts';
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

  /** See {@link PolicyEngine.decide}. */
  decide(identity: Identity, connection: ConnectionInfo, facts: StatementFacts): Decision {
    return this.#engine.decide(identity, connection, facts);
  }

  /** See {@link PolicyEngine.limits}. */
  limits(identity: Identity, connection: ConnectionInfo): Limits {
    return this.#engine.limits(identity, connection);
  }

  /** See {@link PolicyEngine.unmaskedBy}. */
  unmaskedBy(identity: Identity, connection: ConnectionInfo, column: AskedColumn): string | undefined {
    return this.#engine.unmaskedBy(identity, connection, column);
  }

  /** False where nobody sees anything in clear. */
  get canUnmask(): boolean {
    return this.#engine.canUnmask;
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
