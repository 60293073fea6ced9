/** One WASM instance of PostgreSQL's own parser, and the calls into it that the package's wrapper makes unsafely. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import createInstance, { type PgQueryInstance } from 'libpg-query/wasm/libpg-query.js';
import { keepWasmAtBaseline } from '../../kit/wasmTiering.ts';

/** The shape of Node's WebAssembly that is needed here; the DOM types that declare it are not part of this build. */
interface WasmModule {
  readonly brand: unique symbol;
}
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<WasmModule>;
  Instance: new (module: WasmModule, imports: Record<string, Record<string, unknown>>) => unknown;
};

/** An error that the grammar reported: the text is wrong, the instance is sound. */
export class GrammarError extends Error {
  /** 1-based, in characters; undefined where the parser gave none. */
  readonly position: number | undefined;

  constructor(message: string, position?: number) {
    super(message);
    this.name = 'GrammarError';
    this.position = position;
  }
}

export interface RawStatement {
  /** `{SelectStmt: {…}}` */
  readonly stmt: Readonly<Record<string, unknown>>;
  readonly stmt_location?: number;
  readonly stmt_len?: number;
}

export interface RawToken {
  readonly start: number;
  readonly end: number;
  readonly tokenType: number;
  readonly keywordKind: number;
}

/** Compiles the parser once; instances of it take 4 to 20 ms each. */
export async function compileParser(): Promise<WasmModule> {
  keepWasmAtBaseline();
  return WebAssembly.compile(readFileSync(findWasm()));
}

/**
 * Beside the bundle (dist/libpg-query.wasm) when bundled, else in node_modules. In a CJS bundle `import.meta.url`
 * is empty, and in ESM `__dirname` is missing: each is asked for only where it exists.
 */
function findWasm(): string {
  const bundled = typeof __dirname === 'string' ? join(__dirname, 'libpg-query.wasm') : undefined;
  if (bundled !== undefined && existsSync(bundled)) {
    return bundled;
  }
  const here = typeof __filename === 'string' ? __filename : import.meta.url;
  return createRequire(here).resolve('libpg-query/wasm/libpg-query.wasm');
}

/**
 * The calls. Each throws GrammarError for what the grammar refuses; any other error (RangeError from the stack, an abort)
 * leaves leaked memory behind, and the caller has to discard the instance.
 */
export class ParserInstance {
  readonly #wasm: PgQueryInstance;

  private constructor(wasm: PgQueryInstance) {
    this.#wasm = wasm;
  }

  static async create(module: WasmModule): Promise<ParserInstance> {
    const wasm = await createInstance({
      instantiateWasm(imports, receive) {
        receive(new WebAssembly.Instance(module, imports));
        return {};
      },
    });
    return new ParserInstance(wasm);
  }

  /** Bytes of memory that the instance holds; it never shrinks. */
  get memory(): number {
    return this.#wasm.HEAPU8.byteLength;
  }

  parse(text: string): readonly RawStatement[] {
    const wasm = this.#wasm;
    const textPointer = this.#put(text);
    const result = wasm._wasm_parse_query_raw(textPointer);
    const tree = wasm.getValue(result, 'i32');
    const error = wasm.getValue(result + 8, 'i32');
    // PgQueryError: message, funcname, filename, lineno, cursorpos (1-based).
    const failure = error === 0 ? undefined : this.#readError(error);
    const json = failure === undefined && tree !== 0 ? wasm.UTF8ToString(tree) : undefined;
    wasm._wasm_free_parse_result(result);
    wasm._free(textPointer);
    if (failure !== undefined) {
      throw failure;
    }
    if (json === undefined) {
      throw new Error('the parser returned no tree');
    }
    return (JSON.parse(json) as { stmts?: RawStatement[] }).stmts ?? [];
  }

  /** 16 hex digits; only for a text that `parse` has accepted (for others the parser answers with odd texts). */
  fingerprint(text: string): string {
    const answer = this.#call('_wasm_fingerprint', text);
    if (!/^[0-9a-f]{16}$/.test(answer)) {
      throw new GrammarError(answer);
    }
    return answer;
  }

  /** Tokens and comments, in order; offsets are UTF-8 bytes. */
  scan(text: string): readonly RawToken[] {
    return (this.#callJson('_wasm_scan', text) as { tokens?: RawToken[] }).tokens ?? [];
  }

  /** The tree of each function or DO block in `text`, which is a whole CREATE FUNCTION or DO statement. */
  parsePlpgsql(text: string): unknown {
    return this.#callJson('_wasm_parse_plpgsql', text);
  }

  #readError(error: number): GrammarError {
    const wasm = this.#wasm;
    const message = wasm.getValue(error, 'i32');
    const position = wasm.getValue(error + 16, 'i32');
    return new GrammarError(
      message === 0 ? 'syntax error' : wasm.UTF8ToString(message),
      position > 0 ? position : undefined,
    );
  }

  #callJson(name: '_wasm_scan' | '_wasm_parse_plpgsql', text: string): unknown {
    const answer = this.#call(name, text);
    // Success is a JSON object (scan) or list (PL/pgSQL); anything else is the text of an error.
    if (!answer.startsWith('{') && !answer.startsWith('[')) {
      throw new GrammarError(answer);
    }
    // Its JSON leaves control characters of the text as they are; outside of strings they are blanks anyway.
    return JSON.parse(answer.replace(/[\u0000-\u001f]/g, ' '));
  }

  #call(name: '_wasm_scan' | '_wasm_parse_plpgsql' | '_wasm_fingerprint', text: string): string {
    const wasm = this.#wasm;
    const textPointer = this.#put(text);
    const result = wasm[name](textPointer);
    const answer = wasm.UTF8ToString(result);
    wasm._wasm_free_string(result);
    wasm._free(textPointer);
    return answer;
  }

  #put(text: string): number {
    const wasm = this.#wasm;
    const size = wasm.lengthBytesUTF8(text) + 1;
    const pointer = wasm._malloc(size);
    if (pointer === 0) {
      throw new RangeError('the parser is out of memory');
    }
    wasm.stringToUTF8(text, pointer, size);
    return pointer;
  }
}
