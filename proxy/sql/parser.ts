/** PostgreSQL's own grammar as a parser that survives hostile texts: text to trees, tokens and fingerprints. */
import { PortcullisError } from '../kit/errors.ts';
import { parseBodies, type StatementBody } from './parsing/bodies.ts';
import {
  compileParser,
  GrammarError,
  ParserInstance,
  type RawStatement,
  type RawToken,
} from './parsing/parserInstance.ts';
import { ParserWorker } from './parsing/parserWorker.ts';
import { charactersIn, guardText, isSimpleText } from './parsing/textGuards.ts';

/** One statement of a message, as the grammar reads it. Plain data: it can be passed between threads. */
export interface ParsedStatement {
  /** `{SelectStmt: {…}}`, locations in it are byte offsets in the message. */
  readonly tree: Readonly<Record<string, unknown>>;
  /** UTF-8 bytes from the start of the message, at the statement's first word. */
  readonly offset: number;
  /** UTF-8 bytes, without the semicolon; may end in blanks and comments. */
  readonly length: number;
  /** pg_query's fingerprint: 16 hex digits. */
  readonly fingerprint: string;
  /** What stands in string bodies: DO, and CREATE FUNCTION … AS. */
  readonly bodies: readonly StatementBody[];
}

export interface ParsedMessage {
  readonly statements: readonly ParsedStatement[];
}

export type TokenKind = 'constant' | 'comment' | 'identifier' | 'keyword' | 'parameter' | 'symbol';

export interface Token {
  readonly kind: TokenKind;
  /** UTF-8 byte offsets, end exclusive. */
  readonly start: number;
  readonly end: number;
}

/** Memory above which an instance is given up: it never shrinks by itself. */
const instanceMemoryLimit = 256 * 1024 * 1024;
/** How often an instance may be poisoned while no fresh one is ready (each costs some 20 MB). */
const poisonLimit = 4;
const defaultDeadlineMs = 5000;

/**
 * Compiles the parser and readies it; 20 to 60 ms, once per process.
 */
export async function loadParser(): Promise<SqlParser> {
  return SqlParser.load();
}

export class SqlParser {
  #instance: ParserInstance;
  #spare: ParserInstance | undefined;
  #poisoned = 0;
  readonly #renew: () => Promise<ParserInstance>;
  readonly #worker = new ParserWorker();

  private constructor(instance: ParserInstance, spare: ParserInstance, renew: () => Promise<ParserInstance>) {
    this.#instance = instance;
    this.#spare = spare;
    this.#renew = renew;
  }

  static async load(): Promise<SqlParser> {
    const module = await compileParser();
    const renew = () => ParserInstance.create(module);
    const parser = new SqlParser(await renew(), await renew(), renew);
    parser.parse('SELECT 1'); // the first parse of an instance takes 15 ms more than later ones
    return parser;
  }

  /** True where `parse` may run on this thread; otherwise use `parseInWorker`. */
  isSimple(text: string): boolean {
    return isSimpleText(text);
  }

  /**
   * Parses a message of any number of statements; none for an empty one.
   * @throws PortcullisError STATEMENT_NOT_PARSED (with the grammar's message and the 1-based position in characters),
   * STATEMENT_TOO_LONG, STATEMENT_TOO_COMPLEX.
   */
  parse(text: string): ParsedMessage {
    guardText(text);
    return this.#run((instance) => {
      const bytes = Buffer.byteLength(text);
      const buffer = bytes === text.length ? undefined : Buffer.from(text);
      const statements = instance.parse(text).map((raw) => readStatement(instance, raw, text, buffer, bytes));
      return { statements };
    });
  }

  /**
   * The same on a thread of its own that is ended at the deadline, for texts that are not simple.
   * @param deadlineMs milliseconds
   * @throws as `parse`; STATEMENT_TOO_COMPLEX at the deadline.
   */
  async parseInWorker(text: string, deadlineMs = defaultDeadlineMs): Promise<ParsedMessage> {
    guardText(text);
    return this.#worker.parse(text, deadlineMs);
  }

  /**
   * The tokens of a text, comments included.
   * @throws PortcullisError STATEMENT_NOT_PARSED where it cannot be cut into tokens.
   */
  scan(text: string): readonly Token[] {
    guardText(text);
    return this.#run((instance) => instance.scan(text).map(readToken));
  }

  /** pg_query's fingerprint of a text that parses: equal for statements that differ in constants only. */
  fingerprint(text: string): string {
    guardText(text);
    return this.#run((instance) => {
      instance.parse(text);
      return instance.fingerprint(text);
    });
  }

  /** Ends the worker, if one was started. The parser can still be used. */
  async close(): Promise<void> {
    await this.#worker.close();
  }

  #run<T>(use: (instance: ParserInstance) => T): T {
    if (this.#poisoned >= poisonLimit) {
      throw new PortcullisError('STATEMENT_TOO_COMPLEX', { message: 'the parser is being renewed' });
    }
    try {
      const result = use(this.#instance);
      if (this.#instance.memory > instanceMemoryLimit) {
        this.#replaceInstance();
      }
      return result;
    } catch (error) {
      if (error instanceof GrammarError) {
        throw new PortcullisError(
          'STATEMENT_NOT_PARSED',
          { message: error.message },
          { position: error.position },
        );
      }
      this.#replaceInstance();
      const message = error instanceof RangeError ? 'it is too deeply nested' : 'the parser failed on it';
      throw new PortcullisError('STATEMENT_TOO_COMPLEX', { message }, { cause: error });
    }
  }

  /** Takes the spare and makes another; without a spare the old instance serves on for a few texts. */
  #replaceInstance(): void {
    if (this.#spare === undefined) {
      this.#poisoned++;
      return;
    }
    this.#instance = this.#spare;
    this.#spare = undefined;
    void this.#refill();
  }

  async #refill(): Promise<void> {
    this.#spare = await this.#renew();
    if (this.#poisoned > 0) {
      this.#poisoned = 0;
      this.#replaceInstance();
    }
  }
}

function readStatement(
  instance: ParserInstance,
  raw: RawStatement,
  text: string,
  buffer: Buffer | undefined,
  bytes: number,
): ParsedStatement {
  const offset = raw.stmt_location ?? 0;
  // A length of 0 means up to the end of the text.
  const length = raw.stmt_len === undefined || raw.stmt_len === 0 ? bytes - offset : raw.stmt_len;
  const own =
    buffer === undefined
      ? text.slice(offset, offset + length)
      : buffer.subarray(offset, offset + length).toString();
  return {
    tree: raw.stmt,
    offset,
    length,
    fingerprint: instance.fingerprint(own),
    bodies: parseBodies(instance, raw.stmt, own),
  };
}

/** Token numbers of PostgreSQL's gram.y as libpg_query 18 numbers them. */
const tokenKinds: Readonly<Record<number, TokenKind>> = {
  258: 'identifier', // IDENT
  259: 'identifier', // UIDENT
  260: 'constant', // FCONST
  261: 'constant', // SCONST
  262: 'constant', // USCONST
  263: 'constant', // BCONST
  264: 'constant', // XCONST
  266: 'constant', // ICONST
  267: 'parameter', // PARAM
  275: 'comment', // SQL_COMMENT
  276: 'comment', // C_COMMENT
};

function readToken(raw: RawToken): Token {
  const kind = tokenKinds[raw.tokenType] ?? (raw.keywordKind > 0 ? 'keyword' : 'symbol');
  return { kind, start: raw.start, end: raw.end };
}

/** 1-based position in characters of a byte offset, as ErrorResponse field P counts. */
export function positionOfByte(text: string, byteOffset: number): number {
  return charactersIn(Buffer.from(text).subarray(0, byteOffset).toString()) + 1;
}
