/** One statement's way through the code of a database: from each effect to what that sets off. */
import type { Catalog, CatalogRelation } from '../../schema/catalog.ts';
import type { CalledFunction, RowEvent, StoredExpression } from '../../schema/storedCode.ts';
import type { Effect, EffectKind, OpaqueCode, RelationName, StatementFacts } from '../facts.ts';
import { describeFunction, runsQueries } from '../functions/functionManifest.ts';
import type { CodeReader, CodeSummary } from './codeSummary.ts';
import { harmlessExtensions } from './harmlessExtensions.ts';

/** Facts as far as they matter here; the tree does not. */
export type KnownFacts = Omit<StatementFacts, 'tree'>;

/** Pieces of code that one statement may set off before it counts as too much to look through. */
const mostPieces = 2000;

const rowEvents: Readonly<Partial<Record<EffectKind, RowEvent>>> = {
  insert: 'insert',
  copyIn: 'insert',
  merge: 'insert', // Its updates and deletes are effects of their own.
  update: 'update',
  delete: 'delete',
  truncate: 'truncate',
};

const ddlKinds: ReadonlySet<EffectKind> = new Set<EffectKind>([
  'create',
  'alterAdditive',
  'comment',
  'alter',
  'drop',
  'privilege',
  'refresh',
]);

export class CodeSurvey {
  readonly #catalog: Catalog;
  readonly #reader: CodeReader;
  readonly #effects = new Map<string, Effect>();
  readonly #hiddenReads = new Map<string, RelationName>();
  readonly #opaqueCode = new Map<string, OpaqueCode>();
  readonly #storedCalls = new Set<string>();
  readonly #seen = new Set<string>();
  /** Where in the statement's text the part stands that is followed now. */
  #location: number | undefined;
  /** True inside a function whose answer goes to the client: what it reads is out of sight of masking. */
  #isHidden = false;
  /** True inside what is run for its effect: triggers, defaults, constraints. */
  #isTriggered = false;
  /** True inside triggers that are there: what writes fire is not chosen by who writes. */
  #isFired = false;
  /** True inside expressions that tables hold: with what they call an extension's function is written already. */
  #isStored = false;

  constructor(catalog: Catalog, reader: CodeReader) {
    this.#catalog = catalog;
    this.#reader = reader;
  }

  get effects(): readonly Effect[] {
    return [...this.#effects.values()];
  }

  get hiddenReads(): readonly RelationName[] {
    return [...this.#hiddenReads.values()];
  }

  /** Code that the statement runs, and that may read anything. Triggers that are there do not count. */
  get opaqueCode(): readonly OpaqueCode[] {
    return [...this.#opaqueCode.values()];
  }

  /** Functions that are called for what is written. */
  get storedCalls(): readonly string[] {
    return [...this.#storedCalls];
  }

  look(facts: KnownFacts): void {
    const { functions, attributeNames = [], operators = [], types = [], relations } = facts;
    for (const effect of facts.effects) {
      if (effect.isAssumed !== true || this.#functionsBehind(effect.functionName ?? '').length === 0) {
        this.#add(effect);
      }
    }
    for (const effect of facts.effects) {
      this.#location = effect.location;
      this.#follow(effect);
    }
    const places = new Map(facts.effects.map(({ functionName, location }) => [functionName, location]));
    for (const name of [
      ...functions,
      ...attributeNames,
      ...operators.map((symbol) => `operator ${symbol}`),
    ]) {
      this.#location = places.get(name);
      for (const called of this.#functionsBehind(name)) this.#call(called, 'calls');
    }
    this.#location = undefined;
    this.#noteQueryRunners([...functions, ...attributeNames]);
    this.#followTypes(types, relations);
  }

  #noteQueryRunners(names: readonly string[]): void {
    for (const own of names) {
      const name = own.slice(own.lastIndexOf('.') + 1);
      if (runsQueries(name)) this.#noteOpaque(name, 'runs a query that it is told');
    }
  }

  /** Functions of the database that a name in the facts may mean; none where only PostgreSQL's own can be meant. */
  #functionsBehind(name: string): readonly CalledFunction[] {
    const { code } = this.#catalog;
    if (name.startsWith('operator ')) return code.operatorsNamed(name.slice(name.lastIndexOf('.') + 1 || 9));
    const dot = name.indexOf('.');
    const schema = dot < 0 ? undefined : name.slice(0, dot);
    const found = code.functionsNamed(name.slice(dot + 1));
    return schema === undefined ? found : found.filter((stored) => stored.schema === schema);
  }

  /** What `effect` sets off: it is known already. */
  #follow(effect: Effect): void {
    const { kind, relation } = effect;
    if (ddlKinds.has(kind) && effect.temporary !== true) this.#followEventTriggers();
    if (relation === undefined) return;
    const event = rowEvents[kind];
    for (const target of this.#relationsNamed(relation)) {
      if (kind === 'read') this.#readFrom(target);
      else if (event !== undefined) this.#write(target, event, effect);
      else if (kind === 'maintenance') this.#evaluate(target, ['maintenance']);
      else if (kind === 'refresh' && target.definition !== undefined) this.#readThrough(target);
    }
  }

  #relationsNamed({ schema, name }: RelationName): readonly CatalogRelation[] {
    const all = this.#catalog.named(name);
    if (schema === undefined) return all;
    return all.filter((relation) =>
      schema === 'pg_temp' ? relation.schema.startsWith('pg_temp') : relation.schema === schema,
    );
  }

  #readFrom(relation: CatalogRelation): void {
    if (relation.kind === 'view') this.#readThrough(relation);
    else this.#evaluate(relation, ['read']);
  }

  #readThrough(view: CatalogRelation): void {
    if (view.definition === undefined || !this.#enter(`view ${view.oid}`)) return;
    const by = `the view ${view.name}`;
    const summary = this.#reader.readQuery(view.definition);
    if (summary === undefined) this.#addOpaque(view.name, `reads ${by}, whose text cannot be read`);
    else this.#take(summary, by);
  }

  #write(relation: CatalogRelation, event: RowEvent, effect: Effect): void {
    if (!this.#enter(`${event} ${relation.oid}`)) return;
    const { code } = this.#catalog;
    for (const rule of code.rulesOn(relation.oid).filter((item) => item.event === event)) {
      this.#takeDefinition(rule.definition, `the rule ${rule.name} on ${relation.name}`);
    }
    if (relation.kind === 'view') this.#writeThrough(relation, event, effect);
    for (const oid of [relation.oid, ...this.#catalog.descendantsOf(relation.oid)]) {
      this.#fire(oid, event);
      if (event !== 'truncate') this.#cascade(oid, event);
    }
    if (event !== 'truncate') this.#evaluate(relation, ['read', 'write', 'maintenance']);
  }

  /** A view over one relation passes rows on to it (manual, CREATE VIEW, "Updatable Views"). */
  #writeThrough(view: CatalogRelation, event: RowEvent, { predicate }: Effect): void {
    const summary = view.definition === undefined ? undefined : this.#reader.readQuery(view.definition);
    const [base, ...more] = summary?.relations ?? [];
    if (base === undefined || more.length > 0) return;
    this.#found({ kind: event, relation: base, predicate }, `the view ${view.name}`);
  }

  #fire(oid: number, event: RowEvent): void {
    const name = this.#catalog.relations.get(oid)?.name ?? '';
    for (const trigger of this.#catalog.code.triggersOn(oid)) {
      if (!trigger.events.includes(event)) continue;
      const by = `the trigger ${trigger.name} on ${name}`;
      this.#runFired(() => {
        this.#takeDefinition(trigger.definition, by);
        this.#call(trigger.calls, `fires ${by}, which calls`, by);
      });
    }
  }

  #cascade(oid: number, event: RowEvent): void {
    const parent = this.#catalog.relations.get(oid);
    for (const action of this.#catalog.code.actionsOf(oid)) {
      const kind = event === 'delete' ? action.onDelete : event === 'update' ? action.onUpdate : 'nothing';
      const child = this.#catalog.relations.get(action.child);
      if (kind === 'nothing' || child === undefined) continue;
      const relation = { schema: child.schema, name: child.name };
      this.#found(
        { kind, relation, predicate: 'real' },
        `the foreign key ${action.name}, which follows ${parent?.name ?? 'it'}`,
      );
    }
  }

  #evaluate(relation: CatalogRelation, when: readonly StoredExpression['when'][]): void {
    const { code } = this.#catalog;
    for (const oid of [relation.oid, ...this.#catalog.descendantsOf(relation.oid)]) {
      for (const expression of code.expressionsOn(oid)) {
        if (when.includes(expression.when)) this.#takeExpression(expression);
      }
    }
    for (const { typeOid } of when.includes('write') ? relation.columns : []) {
      for (const expression of code.expressionsOfType(typeOid)) this.#takeExpression(expression);
    }
  }

  #takeExpression({ name, text, when }: StoredExpression): void {
    if (!this.#enter(`expression ${text}`)) return;
    const summary = this.#reader.readQuery(`SELECT ${text}`);
    if (summary === undefined) {
      this.#addOpaque(name, `evaluates the ${name}, which cannot be read`);
      return;
    }
    if (when === 'write' && !this.#isFired) {
      for (const own of summary.functions) {
        if (this.#functionsBehind(own).length > 0) this.#storedCalls.add(own);
      }
    }
    // Taking the next number is a part of inserting.
    const take = () => this.#take(summary, `the ${name}`, (effect) => effect.kind !== 'sequence');
    const wasStored = this.#isStored;
    this.#isStored = true;
    if (when === 'read') take();
    else this.#runForEffect(take);
    this.#isStored = wasStored;
  }

  #followEventTriggers(): void {
    for (const { name, calls } of this.#catalog.code.eventTriggers) {
      const by = `the event trigger ${name}`;
      this.#runFired(() => this.#call(calls, `fires ${by}, which calls`, by));
    }
  }

  /**
   * Making a value of a domain checks it. A cast may be used wherever one of its types is: it need not be written.
   * @param names of types as the text has them; an array's may begin with an underscore.
   */
  #followTypes(names: readonly string[], relations: readonly RelationName[]): void {
    const { code } = this.#catalog;
    for (const name of names.flatMap((own) => [own, own.replace(/^_/, '')])) {
      for (const oid of code.domainsNamed(name)) {
        for (const expression of code.expressionsOfType(oid)) this.#takeExpression(expression);
      }
    }
    if (code.casts.length === 0) return;
    const columns = relations.flatMap((relation) => this.#relationsNamed(relation)).flatMap((r) => r.columns);
    for (const { types, typeNames, calls } of code.casts) {
      if (
        typeNames.some((name) => names.includes(name)) ||
        columns.some(({ typeOid }) => types.includes(typeOid))
      ) {
        this.#call(calls, `may cast ${typeNames.join(' or ')} by calling`);
      }
    }
  }

  /** @param how begins the reason, before the function's name: "calls" */
  #call(called: CalledFunction, how: string, by = `the function ${called.name}`): void {
    if (!this.#enter(`function ${called.oid}`)) return;
    const stored = this.#catalog.code.functionByOid(called.oid);
    const isBuiltIn = stored === undefined || stored.extension !== undefined;
    const description = isBuiltIn ? describeFunction(undefined, called.name) : undefined;
    if (description !== undefined && description.kind !== 'read') {
      const kind = description.kind === 'setting' ? 'serverAccess' : description.kind;
      const why = `${how} ${called.name}, which ${description.why}`;
      this.#add({ kind, predicate: 'none', functionName: called.name, why });
      return;
    }
    if (stored === undefined) {
      if (description !== undefined) return;
      this.#noteOpaque(called.name, 'is not known');
      this.#addOpaque(called.name, `${how} ${called.name}, which is not known`);
      return;
    }
    for (const part of stored.parts) this.#call(part, `${how} ${called.name}, which calls`, by);
    if (stored.parts.length > 0) return;
    if (stored.definition === undefined) {
      if (stored.extension !== undefined && harmlessExtensions.has(stored.extension)) return;
      const because = `is written in ${stored.language} and cannot be looked into`;
      const isTold = stored.isSteerable && !this.#isStored;
      if (stored.extension === undefined || isTold) this.#noteOpaque(called.name, because);
      this.#addOpaque(called.name, `${how} ${called.name}, which ${because}`);
      return;
    }
    const summary = this.#reader.readDefinition(stored.definition);
    if (summary === undefined) {
      this.#noteOpaque(called.name, 'has a body that cannot be read');
      this.#addOpaque(called.name, `${how} ${called.name}, whose body cannot be read`);
      return;
    }
    if (summary.isOpaque) this.#noteOpaque(called.name, 'executes a text that may be any');
    if (summary.makesCode) this.#found({ kind: 'create', object: 'function', predicate: 'none' }, by);
    const wasHidden = this.#isHidden;
    this.#isHidden = !this.#isTriggered;
    this.#take(summary, by);
    this.#isHidden = wasHidden;
  }

  #takeDefinition(definition: string, by: string): void {
    if (!this.#enter(definition)) return;
    const summary = this.#reader.readDefinition(definition);
    if (summary === undefined) this.#addOpaque(by, `sets off ${by}, which cannot be read`);
    else this.#take(summary, by);
  }

  #take(summary: CodeSummary, by: string, keep: (effect: Effect) => boolean = () => true): void {
    for (const effect of summary.effects) {
      const isResolved =
        effect.isAssumed === true && this.#functionsBehind(effect.functionName ?? '').length > 0;
      if (!isResolved && keep(effect)) this.#found(effect, by);
    }
    for (const relation of this.#isHidden ? summary.relations : []) {
      this.#hiddenReads.set(`${relation.schema ?? ''}\0${relation.name}`, relation);
    }
    const { functions, operators, types, relations } = summary;
    this.#noteQueryRunners(functions);
    for (const name of [...functions, ...operators.map((symbol) => `operator ${symbol}`)]) {
      for (const called of this.#functionsBehind(name)) this.#call(called, `calls, in ${by},`, by);
    }
    this.#followTypes(types, relations);
  }

  #runForEffect(run: () => void): void {
    const wasTriggered = this.#isTriggered;
    this.#isTriggered = true;
    run();
    this.#isTriggered = wasTriggered;
  }

  #runFired(run: () => void): void {
    const wasFired = this.#isFired;
    this.#isFired = true;
    this.#runForEffect(run);
    this.#isFired = wasFired;
  }

  #noteOpaque(name: string, why: string): void {
    if (!this.#isFired && !this.#opaqueCode.has(name)) this.#opaqueCode.set(name, { name, why });
  }

  /** An effect of stored code, and what that sets off. */
  #found(effect: Effect, by: string): void {
    const why = effect.why === undefined ? `is done by ${by}` : `${effect.why} (in ${by})`;
    this.#add({ ...effect, why });
    this.#follow(effect);
  }

  #addOpaque(functionName: string, why: string): void {
    this.#add({ kind: 'procedural', predicate: 'none', functionName, why });
  }

  #add(effect: Effect): void {
    const { kind, relation, predicate, ifNotNull, object, functionName } = effect;
    const { setting, value, temporary, lockMode } = effect;
    const key = JSON.stringify([
      kind,
      relation?.schema,
      relation?.name,
      predicate,
      ifNotNull,
      object,
      functionName,
      setting,
      value,
      temporary,
      lockMode,
    ]);
    if (this.#effects.has(key)) return;
    const location = effect.location ?? this.#location;
    this.#effects.set(key, location === undefined ? effect : { ...effect, location });
  }

  /** True where this piece is looked at for the first time. */
  #enter(piece: string): boolean {
    const key = `${this.#isFired ? 'f' : ''}${this.#isStored ? 's' : ''} ${piece}`;
    if (this.#seen.has(key)) return false;
    if (this.#seen.size >= mostPieces) {
      this.#noteOpaque('stored code', 'is more than can be looked through');
      this.#addOpaque('stored code', 'sets off more code of the database than can be looked through');
      return false;
    }
    this.#seen.add(key);
    return true;
  }
}
