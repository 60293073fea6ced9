/** What the journal holds of a statement, without the values in its text: the constant part of its events, and refusals. */
import { type IntentFields, recordedIdentity } from '../audit/events.ts';
import type { PortcullisError } from '../kit/errors.ts';
import { cleanText, cleanTexts } from '../masking/detecting/cleanText.ts';
import type { ColumnUse } from '../sql/columnUse.ts';
import type { StatementFacts } from '../sql/facts.ts';
import { recordedText } from '../sql/recordedText.ts';
import type { JudgedStatement } from './judging/judgement.ts';
import type { WeighedStatement } from './judging/statementJudge.ts';
import type { PipelineParts, SessionContext } from './statementPipeline.ts';

export class StatementRecorder {
  readonly #parts: Pick<PipelineParts, 'analyser' | 'journal' | 'commit'>;
  readonly #context: Pick<SessionContext, 'id' | 'identity' | 'connection' | 'client'>;

  constructor(
    parts: Pick<PipelineParts, 'analyser' | 'journal' | 'commit'>,
    context: Pick<SessionContext, 'id' | 'identity' | 'connection' | 'client'>,
  ) {
    this.#parts = parts;
    this.#context = context;
  }

  /** @param text of the whole message, which is committed to */
  describe({ facts, decision, use, unmasked }: WeighedStatement, text: string): IntentFields {
    return {
      ...this.#who(),
      decision: {
        outcome: decision.outcome,
        policies: [...new Set([...decision.policies, ...(unmasked ?? []).map(({ policy }) => policy)])],
        version: decision.policyVersion,
        ...(decision.observed && { observed: decision.observed }),
      },
      effects: cleanTexts(facts.effects),
      relations: cleanTexts(facts.relations),
      statement: {
        text: recordedText(this.#parts.analyser.parser, facts.text, {
          keepLiterals: mayKeepLiterals(facts, use),
          clean: cleanText,
        }),
        commitment: this.#parts.commit(text),
        fingerprint: facts.fingerprint,
        node: facts.node,
      },
    };
  }

  /** Writes that statements of a text do not run, or do not answer. @throws where the journal cannot take it */
  refuse(statements: readonly JudgedStatement[], text: string, error: PortcullisError): void {
    const { journal, analyser, commit } = this.#parts;
    journal.refusal({
      ...this.#who(),
      reason: { code: error.code, message: cleanText(recordedReason(error)), sqlState: error.sqlState },
      effects: cleanTexts(statements.flatMap((statement) => statement.facts.effects)),
      relations: cleanTexts(statements.flatMap((statement) => statement.facts.relations)),
      statement: {
        text: recordedText(analyser.parser, text, { keepLiterals: false, clean: cleanText }),
        commitment: commit(text),
      },
    });
  }

  #who() {
    const { connection, client, id, identity } = this.#context;
    return {
      client,
      connection: connection.info.name,
      environment: connection.info.environment,
      identity: recordedIdentity(identity),
      session: id,
    };
  }
}

/** The parser's message may quote the text ("syntax error at or near …"): its position says enough for the record. */
function recordedReason(error: PortcullisError): string {
  return error.code === 'STATEMENT_NOT_PARSED' ? 'the statement could not be parsed' : error.message;
}

/** Literals stay readable only where every relation is known and none has a classified column. */
function mayKeepLiterals(facts: StatementFacts, use: ColumnUse): boolean {
  return !use.touchesClassified && use.unknownRelations.length === 0 && facts.relations.length > 0;
}
