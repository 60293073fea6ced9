/** Reads files of policy tests (`*.test.yaml`): what somebody runs somewhere, and what is expected to come of it. */
import { isScalar, isSeq, type Node } from 'yaml';
import type { Identity } from '../../identity/identity.ts';
import type { Circumstances } from '../circumstances/circumstances.ts';
import type { ConnectionInfo, Outcome } from '../decision.ts';
import type { PolicyProblem } from '../policyProblems.ts';
import { YamlReader } from '../yamlReader.ts';
import { circumstanceKeys, readCircumstances } from './caseCircumstances.ts';

export interface PolicyCase {
  readonly file: string;
  /** Of the case in its file, from 1. */
  readonly line: number;
  readonly column: number;
  readonly name: string;
  readonly identity: Identity;
  readonly connection: ConnectionInfo;
  readonly sql: string;
  /** The client, the moment and the approval: the moment is always given, so that a case comes out the same at any time. */
  readonly circumstances: Circumstances;
  /** What every effect of the statement is estimated at; undefined where nobody can tell. */
  readonly estimatedRows: number | undefined;
  readonly classifications: readonly string[] | undefined;
  readonly expect: Outcome;
  /** Ids that are to be among the policies that determined it. */
  readonly policies: readonly string[];
  /** Words that are to be in the finding: its message, detail or hint. */
  readonly finding: string | undefined;
}

export interface CaseFile {
  readonly cases: readonly PolicyCase[];
  /** Any of these: the file's cases are not to be trusted. */
  readonly problems: readonly PolicyProblem[];
}

const outcomes: readonly Outcome[] = ['allow', 'approve', 'deny'];
const defaultConnection = 'demo';

/** Never throws for what a text says. A key that is not known is a problem: a misspelt one would test nothing. */
export function readCaseFile(file: string, text: string): CaseFile {
  const reader = new CaseReader(file, text);
  const cases = reader.contents === undefined ? [] : reader.readFile();
  return { cases, problems: reader.problems };
}

class CaseReader extends YamlReader {
  readFile(): PolicyCase[] {
    const top = this.fields(this.contents, 'the file', ['identities', 'cases'], ['cases']);
    const people = new Map<string, Identity>();
    const named = top.get('identities');
    for (const [name, node] of named === undefined ? [] : this.entries(named, 'identities')) {
      const identity = this.#identity(node);
      if (identity !== undefined) people.set(name, identity);
    }
    const list = top.get('cases');
    if (list === undefined) return [];
    if (!isSeq(list) || list.items.length === 0) {
      this.refuse(list, '"cases" is a list of at least one case');
      return [];
    }
    return list.items.flatMap((item) => this.#case(item as Node, people) ?? []);
  }

  #case(node: Node, people: ReadonlyMap<string, Identity>): PolicyCase | undefined {
    const before = this.problems.length;
    const known = [
      ...['name', 'identity', 'environment', 'connection', 'sql', 'expect', 'policies', 'finding'],
      ...circumstanceKeys,
    ];
    const fields = this.fields(node, 'a case', known, ['identity', 'environment', 'sql', 'expect']);
    const identity = this.#identityOf(fields.get('identity'), people);
    const sql = this.string(fields.get('sql'), 'sql') ?? '';
    const environment = this.string(fields.get('environment'), 'environment') ?? '';
    const connection = this.string(fields.get('connection'), 'connection') ?? defaultConnection;
    const expected = this.string(fields.get('expect'), 'expect');
    const expect = outcomes.find((outcome) => outcome === expected);
    if (expected !== undefined && expect === undefined) {
      this.refuse(fields.get('expect'), `"expect" is one of ${outcomes.join(', ')}, not "${expected}"`);
    }
    const policies = this.strings(fields.get('policies'), 'policies');
    const finding = this.string(fields.get('finding'), 'finding');
    if (finding !== undefined && expect === 'allow') {
      this.refuse(fields.get('finding'), 'what is allowed has no finding', 'Take "finding" away.');
    }
    const { circumstances, estimatedRows, classifications } = readCircumstances(this, fields);
    const name = this.string(fields.get('name'), 'name') ?? sql.replace(/\s+/g, ' ').trim();
    if (identity === undefined || expect === undefined || this.problems.length > before) return undefined;
    const { line, column } = this.placeOf(node);
    return {
      file: this.file,
      line,
      column,
      name,
      identity,
      connection: { name: connection, environment },
      sql,
      circumstances,
      estimatedRows,
      classifications,
      expect,
      policies,
      finding,
    };
  }

  /** In full, or one of the file's `identities` by name. */
  #identityOf(node: Node | undefined, people: ReadonlyMap<string, Identity>): Identity | undefined {
    if (node === undefined) return undefined;
    if (!isScalar(node)) return this.#identity(node);
    const identity = people.get(String(node.value));
    if (identity !== undefined) return identity;
    const hint = people.size === 0 ? undefined : `Known are ${[...people.keys()].join(', ')}.`;
    return this.refuse(node, `there is no identity "${String(node.value)}" under "identities"`, hint);
  }

  #identity(node: Node): Identity | undefined {
    const fields = this.fields(node, 'an identity', ['email', 'groups', 'agent'], ['email', 'groups']);
    const email = this.string(fields.get('email'), 'email');
    const groups = this.strings(fields.get('groups'), 'groups');
    const agent = this.string(fields.get('agent'), 'agent');
    if (email === undefined) return undefined;
    return { subject: email, email, groups, ...(agent === undefined ? {} : { agent: { name: agent } }) };
  }
}
