/** What masking.yaml says, for all connections and for each. */
import type { MaskingSettings } from '../../masking/maskingSettings.ts';

/** `schema.table` */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

/** What is said for one connection, or for all. */
export interface MaskingSection extends MaskingSettings {
  /** Tables that hold configuration, besides those whose names say so. */
  readonly config: readonly TableName[];
}

export const emptySection: MaskingSection = { rules: [], methods: new Map(), use: new Map(), config: [] };

export class MaskingPolicy {
  readonly #all: MaskingSection;
  readonly #byConnection: ReadonlyMap<string, MaskingSection>;
  readonly #merged = new Map<string, MaskingSettings>();

  constructor(
    all: MaskingSection = emptySection,
    byConnection: ReadonlyMap<string, MaskingSection> = new Map(),
  ) {
    this.#all = all;
    this.#byConnection = byConnection;
  }

  /** What is said for all connections (under undefined), then what is said for each. */
  sections(): readonly (readonly [string | undefined, MaskingSection])[] {
    return [[undefined, this.#all], ...this.#byConnection];
  }

  /** The same object each time: what is said for the connection itself comes before what is said for all. */
  of(connection: string): MaskingSettings {
    const known = this.#merged.get(connection);
    if (known !== undefined) return known;
    const own = this.#byConnection.get(connection) ?? emptySection;
    const settings = {
      rules: [...own.rules, ...this.#all.rules],
      methods: new Map([...this.#all.methods, ...own.methods]),
      use: new Map([...this.#all.use, ...own.use]),
    };
    this.#merged.set(connection, settings);
    return settings;
  }

  /** Whether it says that the table holds configuration. A statement that names no schema may mean any. */
  isConfig(
    connection: string,
    { schema, name }: { readonly schema?: string; readonly name: string },
  ): boolean {
    const fits = (tag: TableName) => tag.table === name && (schema === undefined || tag.schema === schema);
    return this.#all.config.some(fits) || (this.#byConnection.get(connection)?.config.some(fits) ?? false);
  }
}

export const noMaskingPolicy = new MaskingPolicy();
