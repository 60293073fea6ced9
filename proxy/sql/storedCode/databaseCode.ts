/**
 * What a statement sets off in the database besides what its text says: bodies of functions, triggers, rules, cascades of
 * foreign keys, views, defaults, constraints, policies, operators and casts; and what they set off in turn.
 */
import type { Catalog } from '../../schema/catalog.ts';
import type { CalledFunction } from '../../schema/storedCode.ts';
import type { Effect } from '../facts.ts';
import { areReadOnly } from '../readFacts.ts';
import type { CodeBodies, CodeBody } from './codeBody.ts';
import type { CodeReader } from './codeSummary.ts';
import { CodeSurvey, type KnownFacts } from './codeSurvey.ts';

/** A body that nobody can read. */
function unreadable(name: string): CodeBody {
  return { name, statements: [], variables: [], isOpaque: true };
}

export class DatabaseCode implements CodeBodies {
  readonly catalog: Catalog;
  readonly reader: CodeReader;
  readonly #known = new WeakMap<KnownFacts, KnownFacts>();

  constructor(catalog: Catalog, reader: CodeReader) {
    this.catalog = catalog;
    this.reader = reader;
  }

  /** Bodies of the functions that a name may mean. */
  named(names: readonly string[]): readonly CodeBody[] {
    const schema = names.at(-2);
    return this.catalog.code
      .functionsNamed(names.at(-1) ?? '')
      .filter((stored) => schema === undefined || stored.schema === schema)
      .flatMap((stored) => this.#bodiesOf(stored));
  }

  behindOperator(symbol: string): readonly CodeBody[] {
    return this.catalog.code.operatorsNamed(symbol).flatMap((called) => this.#bodiesOf(called));
  }

  #bodiesOf({ oid }: CalledFunction): readonly CodeBody[] {
    const stored = this.catalog.code.functionByOid(oid);
    if (stored === undefined) return [];
    if (stored.parts.length > 0) return stored.parts.flatMap((part) => this.#bodiesOf(part));
    if (stored.definition === undefined)
      return stored.extension === undefined ? [unreadable(stored.name)] : [];
    return [this.reader.readBody(stored.definition) ?? unreadable(stored.name)];
  }

  /** The facts with everything that the database's own code adds; remembered as long as they are. */
  complete<Facts extends KnownFacts>(facts: Facts): Facts {
    const known = this.#known.get(facts);
    if (known !== undefined) return known as Facts;
    const survey = new CodeSurvey(this.catalog, this.reader);
    survey.look(facts);
    // One that calls nothing but functions that only compute has no effect left, and is understood.
    const effects: readonly Effect[] =
      survey.effects.length > 0 ? survey.effects : [{ kind: 'read', predicate: 'none' }];
    const { role } = facts;
    const completed: Facts = {
      ...facts,
      effects,
      hiddenReads: survey.hiddenReads,
      opaqueCode: survey.opaqueCode,
      storedCalls: survey.storedCalls,
      readOnly: areReadOnly(effects),
      role: role.kind === 'prepare' ? { ...role, inner: this.complete(role.inner) } : role,
    };
    this.#known.set(facts, completed);
    return completed;
  }
}
