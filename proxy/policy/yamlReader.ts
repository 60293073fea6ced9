/** Reads a YAML file of one's own form: every key known, every value of its kind, every problem with its place. */
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, parseDocument } from 'yaml';
import { type PolicyProblem, placeOf } from './policyProblems.ts';

export type Fields = ReadonlyMap<string, Node>;

const longestFile = 1024 * 1024;

/**
 * Never throws for what a text says: problems gather in `problems`, and what has any is not to be used. A key that is not
 * known is one: a misspelt one would do nothing.
 */
export class YamlReader {
  readonly problems: PolicyProblem[] = [];
  readonly file: string;
  readonly #text: string;
  readonly #document: Document | undefined;

  constructor(file: string, text: string) {
    this.file = file;
    this.#text = text;
    if (text.length > longestFile) {
      const message = 'the file is larger than a megabyte';
      this.problems.push({ file, message, hint: 'Put what it says into several files.' });
      return;
    }
    this.#document = parseDocument(text, { prettyErrors: false, strict: true });
    const { errors, warnings } = this.#document;
    for (const { message, pos } of [...errors, ...warnings]) this.refuseAt(pos[0], message);
    if (errors.length > 0) this.#document = undefined;
  }

  /** Undefined where it is no YAML at all. */
  get contents(): Node | null | undefined {
    return this.#document && (this.#document.contents as Node | null);
  }

  /** Line and column, from 1. */
  placeOf(node: Node): { readonly line: number; readonly column: number } {
    const start = node.range?.[0] ?? 0;
    return placeOf(this.#text, start, start);
  }

  refuse(node: Node | null | undefined, message: string, hint?: string): undefined {
    return this.refuseAt(node?.range?.[0] ?? 0, message, hint);
  }

  refuseAt(offset: number, message: string, hint?: string): undefined {
    const { line, column } = placeOf(this.#text, offset, offset);
    this.problems.push({ file: this.file, line, column, message, ...(hint === undefined ? {} : { hint }) });
  }

  string(node: Node | undefined, key: string): string | undefined {
    if (node === undefined) return undefined;
    if (isScalar(node) && typeof node.value === 'string' && node.value.trim() !== '') return node.value;
    return this.refuse(node, `"${key}" is a text`, 'Put it between quotation marks.');
  }

  strings(node: Node | undefined, key: string): string[] {
    if (node === undefined) return [];
    if (!isSeq(node)) {
      this.refuse(node, `"${key}" is a list of texts`, `Write ${key}: [one, another].`);
      return [];
    }
    return node.items.flatMap((item) => this.string(this.resolve(item as Node), key) ?? []);
  }

  fields(
    node: Node | null | undefined,
    what: string,
    known: readonly string[],
    needed: readonly string[],
  ): Fields {
    const fields = new Map<string, Node>();
    const before = this.problems.length;
    for (const [key, value, keyNode] of this.entries(node, what)) {
      if (known.includes(key)) fields.set(key, value);
      else this.refuse(keyNode, `${what} has no "${key}"`, `Known are ${known.join(', ')}.`);
    }
    const missing = needed.filter((key) => !fields.has(key));
    if (missing.length > 0 && this.problems.length === before) {
      this.refuse(node, `${what} needs "${missing.join('", "')}"`);
    }
    return fields;
  }

  entries(node: Node | null | undefined, what: string): [key: string, value: Node, keyNode: Node][] {
    const map = node === null || node === undefined ? node : this.resolve(node);
    if (!isMap(map)) {
      this.refuse(node, `${what} is written as "key: value" lines`);
      return [];
    }
    return map.items.flatMap(({ key, value }): [string, Node, Node][] => {
      const name = isScalar(key) ? String(key.value) : '';
      if (value === null) {
        this.refuse(key as Node, `"${name}" is empty`);
        return [];
      }
      return [[name, this.resolve(value as Node), key as Node]];
    });
  }

  /** What stands behind an alias (`*name`), or the node itself. */
  resolve(node: Node): Node {
    return isAlias(node) && this.#document !== undefined ? (node.resolve(this.#document) ?? node) : node;
  }
}
