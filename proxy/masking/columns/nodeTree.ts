/** Reads pg_node_tree texts, which is how the server keeps the queries of views and the expressions of columns. */

/** `{TAG :field value …}`. Of a field with several values (a constant's bytes) the first is kept. */
export interface TreeNode {
  readonly tag: string;
  readonly fields: ReadonlyMap<string, TreeValue>;
}

/** A node, a list `(…)`, a word, or `<>`, which is undefined. */
export type TreeValue = TreeNode | readonly TreeValue[] | string | undefined;

export function isNode(value: TreeValue): value is TreeNode {
  return typeof value === 'object' && 'tag' in value;
}

/** The elements of a list; of anything else, none. */
export function listOf(value: TreeValue): readonly TreeValue[] {
  return Array.isArray(value) ? value : [];
}

/**
 * Reads one value. The form is that of the server's nodes/outfuncs.c and read.c, PostgreSQL 13 to 18: which fields there
 * are differs between versions, the syntax does not.
 * @throws Error where the text is of another form, RangeError where it is nested too deeply
 */
export function readNodeTree(text: string): TreeValue {
  return new TreeReader(text).readValue();
}

const openBrace = 0x7b;
const closeBrace = 0x7d;
const openList = 0x28;
const closeList = 0x29;
const backslash = 0x5c;
const colon = 0x3a;

class TreeReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readValue(): TreeValue {
    const next = this.#peek();
    if (next === openBrace) return this.#readNode();
    if (next === openList) return this.#readList();
    const word = this.#readWord();
    return word === '<>' ? undefined : word;
  }

  #readNode(): TreeNode {
    this.#at++;
    const tag = this.#readWord();
    const fields = new Map<string, TreeValue>();
    while (this.#peek() !== closeBrace) {
      if (this.#peek() !== colon) {
        this.readValue(); // further values of the field before
        continue;
      }
      const name = this.#readWord().slice(1);
      // Read before looking for the next colon: a name may begin with one.
      fields.set(name, this.readValue());
    }
    this.#at++;
    return { tag, fields };
  }

  #readList(): TreeValue[] {
    this.#at++;
    const items: TreeValue[] = [];
    while (this.#peek() !== closeList) items.push(this.readValue());
    this.#at++;
    return items;
  }

  /** Up to white space or a bracket; a backslash takes the next character as it is. */
  #readWord(): string {
    this.#peek();
    const start = this.#at;
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === backslash) this.#at++;
      else if (isSpace(code) || isBracket(code)) break;
    }
    if (this.#at === start) throw new Error(`no value at ${start} of a node tree`);
    return this.#text.slice(start, this.#at);
  }

  #peek(): number {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++;
    if (this.#at >= this.#text.length) throw new Error('a node tree ends too early');
    return this.#text.charCodeAt(this.#at);
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09;
}

function isBracket(code: number): boolean {
  return code === openBrace || code === closeBrace || code === openList || code === closeList;
}
