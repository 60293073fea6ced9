/** Code that a database holds and runs by itself or when it is called: the types. Loaded by `loadStoredCode`. */

/** A function by what pg_proc says of it; it may be one of PostgreSQL's own. */
export interface CalledFunction {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

/** A function, procedure or aggregate that PostgreSQL does not bring. */
export interface StoredFunction extends CalledFunction {
  readonly language: string;
  /** Name of the extension it belongs to. */
  readonly extension: string | undefined;
  /** pg_get_functiondef's text where the language is SQL or PL/pgSQL, and the text not too long to be judged. */
  readonly definition: string | undefined;
  /** False where no argument of it can name a table or hold a query. */
  readonly isSteerable: boolean;
  /** What an aggregate, or the constructor of a range type, calls. */
  readonly parts: readonly CalledFunction[];
}

export type RowEvent = 'insert' | 'update' | 'delete' | 'truncate';

export interface StoredTrigger {
  readonly name: string;
  readonly events: readonly RowEvent[];
  readonly calls: CalledFunction;
  /** pg_get_triggerdef's text: its WHEN may call functions, too. */
  readonly definition: string;
}

export interface StoredRule {
  readonly name: string;
  readonly event: RowEvent;
  /** pg_get_ruledef's text. */
  readonly definition: string;
}

/** What a foreign key does to the rows that refer to those deleted, or whose key is changed (manual 5.5.5). */
export interface ReferentialAction {
  readonly name: string;
  /** OID of the relation that refers, and that is changed. */
  readonly child: number;
  readonly onDelete: 'nothing' | 'delete' | 'update';
  readonly onUpdate: 'nothing' | 'update';
}

/** An expression that is evaluated when rows are read, written, or indexed again. */
export interface StoredExpression {
  readonly when: 'read' | 'write' | 'maintenance';
  /** For people: `the default of orders.id`. */
  readonly name: string;
  readonly text: string;
}

/** A cast by a function; it may be used without being written. */
export interface StoredCast {
  /** OIDs and names of the types by which its use is known: its own that PostgreSQL does not bring, else the one it makes. */
  readonly types: readonly number[];
  readonly typeNames: readonly string[];
  readonly calls: CalledFunction;
}

export interface StoredCode {
  functionsNamed(name: string): readonly StoredFunction[];
  functionByOid(oid: number): StoredFunction | undefined;
  /** Functions behind the operators of that symbol that PostgreSQL does not bring. */
  operatorsNamed(symbol: string): readonly CalledFunction[];
  readonly casts: readonly StoredCast[];
  /** OIDs of the domains of that name, in any schema, and of those that they are over. */
  domainsNamed(name: string): readonly number[];
  /** By the OID of a relation; nothing of its children. */
  triggersOn(oid: number): readonly StoredTrigger[];
  rulesOn(oid: number): readonly StoredRule[];
  actionsOf(oid: number): readonly ReferentialAction[];
  expressionsOn(oid: number): readonly StoredExpression[];
  /** CHECK constraints of a domain, by its OID. */
  expressionsOfType(oid: number): readonly StoredExpression[];
  /** Functions of event triggers: any DDL calls them. */
  readonly eventTriggers: readonly { readonly name: string; readonly calls: CalledFunction }[];
}

/** A database without any code. */
export const noStoredCode: StoredCode = {
  functionsNamed: () => [],
  functionByOid: () => undefined,
  operatorsNamed: () => [],
  casts: [],
  domainsNamed: () => [],
  triggersOn: () => [],
  rulesOn: () => [],
  actionsOf: () => [],
  expressionsOn: () => [],
  expressionsOfType: () => [],
  eventTriggers: [],
};
