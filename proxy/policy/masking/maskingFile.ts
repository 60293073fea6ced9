/**
 * Reads `masking.yaml`, which lies beside the policy: what columns are, or are not, and how they are masked and used. What
 * cannot be understood to the last key keeps the whole policy from being used: a misspelt rule must not open a column.
 */
import { isSeq, type Node } from 'yaml';
import type { ClassificationKind, ColumnUseRight, MaskMethod } from '../../masking/classification.ts';
import type { ColumnPattern, MaskingRule } from '../../masking/maskingSettings.ts';
import type { PolicyProblem } from '../policyProblems.ts';
import { YamlReader } from '../yamlReader.ts';
import { MaskingPolicy, type MaskingSection, noMaskingPolicy, type TableName } from './maskingPolicy.ts';

export const maskingFileName = 'masking.yaml';

/** By any spelling of its name: another than the right one must not go unnoticed. */
export function isMaskingFile(name: string): boolean {
  return /^masking\.ya?ml$/i.test(name);
}

/** As records, so that a new one cannot be forgotten here. */
const kinds: Readonly<Record<ClassificationKind, true>> = {
  'pii.name': true,
  'pii.email': true,
  'pii.phone': true,
  'pii.address': true,
  'pii.birthDate': true,
  'pii.nationalId': true,
  'pii.paymentCard': true,
  'pii.bankAccount': true,
  'pii.health': true,
  'pii.salary': true,
  'pii.ipAddress': true,
  'pii.location': true,
  'pii.freeText': true,
  'secret.password': true,
  'secret.token': true,
  'secret.statistics': true,
};
/** Whether this version knows the kind: what other versions send may have more. */
export function isClassificationKind(text: string): text is ClassificationKind {
  return Object.hasOwn(kinds, text);
}

const methods: Readonly<Record<MaskMethod, true>> = {
  partial: true,
  redact: true,
  null: true,
  token: true,
  digits: true,
  year: true,
  bucket: true,
};
const uses: Readonly<Record<ColumnUseRight, true>> = { none: true, equality: true, order: true, open: true };

const sectionKeys = ['classify', 'unclassify', 'methods', 'use', 'config'];
const part = /(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*|\*)/u.source;
const patternForm = new RegExp(`^(${part})\\.(${part})(?:\\.(${part}))?$`, 'u');
const patternHint =
  'Write schema.table.column, schema.table.* for all columns of a table, or "*.column" for every table, between quotation marks.';

export interface MaskingFile {
  readonly masking: MaskingPolicy;
  /** Any of these: it must not be used. */
  readonly problems: readonly PolicyProblem[];
}

/** Never throws for what a text says. A text without anything in it says nothing. */
export function readMaskingFile(file: string, text: string): MaskingFile {
  if (file !== maskingFileName) {
    const message = 'it is not called masking.yaml, and there can be one alone';
    return {
      masking: noMaskingPolicy,
      problems: [{ file, message, hint: `Rename it to ${maskingFileName}.` }],
    };
  }
  const reader = new MaskingReader(file, text);
  const masking = reader.contents ? reader.readFile() : noMaskingPolicy;
  return { masking, problems: reader.problems };
}

class MaskingReader extends YamlReader {
  readFile(): MaskingPolicy {
    const top = this.fields(this.contents, this.file, [...sectionKeys, 'connections'], []);
    const connections = new Map<string, MaskingSection>();
    const named = top.get('connections');
    for (const [name, node] of named === undefined ? [] : this.entries(named, 'connections')) {
      connections.set(name, this.#section(this.fields(node, 'a connection', sectionKeys, [])));
    }
    return new MaskingPolicy(this.#section(top), connections);
  }

  #section(fields: ReadonlyMap<string, Node>): MaskingSection {
    const rules = [
      ...this.#list(fields.get('classify'), 'classify').map((node) => this.#classify(node)),
      ...this.#list(fields.get('unclassify'), 'unclassify').map((node) => this.#unclassify(node)),
    ].filter((rule) => rule !== undefined);
    return {
      rules: this.#refuseTwice(rules),
      methods: this.#choices(fields.get('methods'), 'methods', methods),
      use: this.#choices(fields.get('use'), 'use', uses),
      config: this.strings(fields.get('config'), 'config').flatMap(
        (name) => this.#tableName(name, fields.get('config')) ?? [],
      ),
    };
  }

  #classify(node: Node): (MaskingRule & { node: Node }) | undefined {
    const fields = this.fields(node, 'a rule', ['column', 'as', 'method', 'use'], ['column', 'as']);
    const pattern = this.#pattern(fields.get('column'));
    const as = this.#oneOf(fields.get('as'), 'as', kinds);
    const method = this.#oneOf(fields.get('method'), 'method', methods);
    const use = this.#oneOf(fields.get('use'), 'use', uses);
    if (pattern === undefined || as === undefined) return undefined;
    return { kind: 'classify', pattern, place: this.#place(node), as, method, use, node };
  }

  #unclassify(node: Node): (MaskingRule & { node: Node }) | undefined {
    const fields = this.fields(node, 'a rule', ['column', 'reason'], ['column']);
    const pattern = this.#pattern(fields.get('column'));
    if (fields.size > 0 && !fields.has('reason')) {
      const hint = 'Write reason: "why nothing in it is personal or secret", for those who read it later.';
      this.refuse(node, 'to show a column in clear needs a "reason"', hint);
    }
    const reason = this.string(fields.get('reason'), 'reason');
    if (pattern === undefined || reason === undefined) return undefined;
    return { kind: 'unclassify', pattern, place: this.#place(node), reason, node };
  }

  /** Two rules for the same columns: nobody could tell which is meant. */
  #refuseTwice(rules: readonly (MaskingRule & { node: Node })[]): MaskingRule[] {
    const seen = new Map<string, MaskingRule>();
    return rules.map(({ node, ...rule }) => {
      const { schema, table, column, text } = rule.pattern;
      const key = JSON.stringify([schema ?? null, table ?? null, column ?? null]);
      const first = seen.get(key);
      if (first !== undefined) {
        this.refuse(
          node,
          `there are two rules for ${text}; the other is at ${first.place}`,
          'Keep one of them.',
        );
      }
      seen.set(key, rule as MaskingRule);
      return rule as MaskingRule;
    });
  }

  #pattern(node: Node | undefined): ColumnPattern | undefined {
    const text = this.string(node, 'column');
    if (text === undefined) return undefined;
    const [, first = '', second = '', third] = patternForm.exec(text.trim()) ?? [];
    const isEverywhere = first === '*' && second !== '*' && second !== '' && third === undefined;
    if (isEverywhere) return { schema: undefined, table: undefined, column: nameOf(second), text };
    if (third === undefined || first === '*' || second === '*') {
      return this.refuse(node, `"${text}" names no columns`, patternHint);
    }
    const column = third === '*' ? undefined : nameOf(third);
    return { schema: nameOf(first), table: nameOf(second), column, text };
  }

  #tableName(text: string, node: Node | undefined): TableName | undefined {
    const [, schema = '', table = '', more] = patternForm.exec(text.trim()) ?? [];
    if (table !== '' && more === undefined && schema !== '*' && table !== '*') {
      return { schema: nameOf(schema), table: nameOf(table) };
    }
    return this.refuse(node, `"${text}" names no table`, 'Write schema.table.');
  }

  /** `{pii.email: token}` */
  #choices<T extends string>(
    node: Node | undefined,
    what: string,
    known: Readonly<Record<T, true>>,
  ): ReadonlyMap<ClassificationKind, T> {
    const chosen = new Map<ClassificationKind, T>();
    for (const [kind, value, keyNode] of node === undefined ? [] : this.entries(node, what)) {
      if (!Object.hasOwn(kinds, kind)) {
        this.refuse(keyNode, `there is no classification "${kind}"`, `Known are ${namesOf(kinds)}.`);
        continue;
      }
      const choice = this.#oneOf(value, kind, known);
      if (choice !== undefined) chosen.set(kind as ClassificationKind, choice);
    }
    return chosen;
  }

  #oneOf<T extends string>(
    node: Node | undefined,
    key: string,
    known: Readonly<Record<T, true>>,
  ): T | undefined {
    if (node === undefined) return undefined;
    // YAML takes an unquoted null for nothing, and here it is the name of a method.
    const isNull = 'value' in node && node.value === null && 'source' in node && node.source === 'null';
    const text = isNull ? 'null' : this.string(node, key);
    if (text === undefined) return undefined;
    if (Object.hasOwn(known, text)) return text as T;
    return this.refuse(node, `"${key}" cannot be "${text}"`, `Known are ${namesOf(known)}.`);
  }

  #list(node: Node | undefined, key: string): Node[] {
    if (node === undefined) return [];
    if (isSeq(node)) return node.items.map((item) => this.resolve(item as Node));
    this.refuse(node, `"${key}" is a list`, 'Begin each of its entries with a dash.');
    return [];
  }

  #place(node: Node): string {
    const { line, column } = this.placeOf(node);
    return `${this.file}:${line}:${column}`;
  }
}

/** As PostgreSQL reads it: what is not quoted is in lower case (manual, 4.1.1). */
function nameOf(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text.toLowerCase();
}

function namesOf(known: Readonly<Record<string, true>>): string {
  return Object.keys(known).join(', ');
}
