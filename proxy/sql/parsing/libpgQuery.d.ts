/** Types of the part of libpg-query's WASM glue that `parserInstance` uses; the package types only its wrapper. */
declare module 'libpg-query/wasm/libpg-query.js' {
  export interface PgQueryInstance {
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    _wasm_parse_query_raw(text: number): number;
    _wasm_free_parse_result(result: number): void;
    _wasm_parse_plpgsql(text: number): number;
    _wasm_fingerprint(text: number): number;
    _wasm_scan(text: number): number;
    _wasm_free_string(text: number): void;
    lengthBytesUTF8(text: string): number;
    stringToUTF8(text: string, pointer: number, size: number): void;
    UTF8ToString(pointer: number): string;
    getValue(pointer: number, type: 'i32'): number;
    readonly HEAPU8: Uint8Array;
  }
  // biome-ignore lint/style/noDefaultExport: the package exports it so
  export default function createInstance(options: {
    instantiateWasm(
      imports: Record<string, Record<string, unknown>>,
      receive: (instance: unknown) => void,
    ): unknown;
  }): Promise<PgQueryInstance>;
}
