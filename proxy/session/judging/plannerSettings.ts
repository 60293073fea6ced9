/**
 * Which settings of the planner a session has changed. The order of rows that nobody asked to be sorted is that of the plan: who
 * chooses the plan has the server sort by a column, or walk its index (manual 19.7), and reads the order of its values.
 */
import { dynamicText, type StatementFacts } from '../../sql/facts.ts';
import type { StatementRun } from './judgement.ts';

/** Settings that make one plan dearer than another, or keep some from being considered (manual 19.7 and 19.4.1). */
const plannerSetting =
  /^(?:enable_\w+|\w+_page_cost|cpu_\w+_cost|parallel_\w+_cost|min_parallel_\w+_size|max_parallel_workers\w*|effective_cache_size|effective_io_concurrency|geqo\w*|from_collapse_limit|join_collapse_limit|cursor_tuple_fraction|constraint_exclusion|plan_cache_mode|recursive_worktable_factor|default_statistics_target|work_mem|hash_mem_multiplier|debug_parallel_query|force_parallel_mode)$/;

/** Off unless somebody switches them on. */
const offByDefault: ReadonlySet<string> = new Set([
  'enable_partitionwise_join',
  'enable_partitionwise_aggregate',
]);

/** kB that the server has `work_mem` at, unless its administrator has raised it: with as much or more it hashes rather than sorts. */
const usualWorkMemory = 4 * 1024;

/** kB in a unit of memory (manual 19.1.1). */
const units: Readonly<Record<string, number>> = { kb: 1, mb: 1024, gb: 1024 ** 2, tb: 1024 ** 3 };

/** True where that value hands the asker no say in the plan. */
function isHarmless(setting: string, value: string): boolean {
  const text = value.trim().toLowerCase();
  if (setting.startsWith('enable_')) return !offByDefault.has(setting) && /^(?:on|true|yes|1)$/.test(text);
  if (setting.startsWith('max_parallel_workers')) return text === '0';
  if (setting === 'plan_cache_mode') return text === 'auto';
  if (setting !== 'work_mem') return false;
  const amount = /^(\d+)\s*(kb|mb|gb|tb)?$/.exec(text);
  return Number(amount?.[1] ?? 0) * (units[amount?.[2] ?? 'kb'] ?? 0) >= usualWorkMemory;
}

/** What an administrator may tell the server of its machine: the smallest and the largest that hands nobody a plan. */
const usualCosts: readonly (readonly [RegExp, number, number])[] = [
  [/^random_page_cost$/, 0.1, 4],
  [/^seq_page_cost$/, 0.1, 1],
  [/^cpu_\w+_cost$/, 0.0001, 0.1],
  [/^parallel_\w+_cost$/, 0, 10_000],
];

/** True where it is set for a role or database so that those who use it are handed a plan. */
export function steersPlans(setting: string, value: string): boolean {
  if (!plannerSetting.test(setting) || isHarmless(setting, value)) return false;
  if (setting.startsWith('enable_') || setting === 'work_mem') return true;
  const usual = usualCosts.find(([names]) => names.test(setting));
  if (usual === undefined) return false;
  const [, least, most] = usual;
  return !/^\s*[\d.]+\s*$/.test(value) || Number(value) < least || Number(value) > most;
}

/** A setting, or all of them, as the server has it, or as the session has opened with it. */
interface PutBack {
  readonly name: string | undefined;
  readonly isReset: boolean;
}

/** What stands for settings that a text sets which nobody can read. */
const anySetting = 'a setting of the planner';

const noneStored: ReadonlyMap<string, string> = new Map();

export class PlannerSettings {
  /** Those that the session has opened with, or may have: RESET goes back to them. */
  readonly #opening: Set<string>;
  readonly #stored: () => ReadonlyMap<string, string>;
  #seen = noneStored;
  /** Names and values of those that were taken over from there. */
  readonly #taken = new Set<string>();
  readonly #startup = new Set<string>();
  readonly #changed: Set<string>;
  /** Counts what may have been set, to see whether anything was after a RESET was sent. */
  #notes = 0;
  #changes = 0;
  readonly #sentAfter = new WeakMap<StatementRun, number>();
  /** What was put back in a transaction that has not ended yet, with the count of notes when it was sent. */
  #waiting: (PutBack & { readonly notes: number })[] = [];

  /**
   * @param stored what sessions start with, by what is known of the database now: others may have changed it just before
   *   the session has opened
   */
  constructor(
    opening: ReadonlyMap<string, string> = new Map(),
    stored: () => ReadonlyMap<string, string> = () => noneStored,
  ) {
    this.#stored = stored;
    const influences = [...opening].filter(
      ([name, value]) => plannerSetting.test(name) && !isHarmless(name, value),
    );
    this.#opening = new Set(influences.map(([name]) => name));
    this.#changed = new Set(this.#opening);
    // What the client has asked for goes before what is stored.
    for (const name of opening.keys()) this.#startup.add(name);
    this.#look();
  }

  /** One that is, or may be, not as the server has it: also one that the statement itself sets, for what it runs may see it. */
  changedBy(facts: Pick<StatementFacts, 'effects' | 'node'>): string | undefined {
    this.#look();
    return this.#changed.values().next().value ?? this.#mayChange(facts)[0];
  }

  /** Grows with every change of what is changed. */
  get stamp(): number {
    this.#look();
    return this.#changes;
  }

  /** Takes over what the catalog shows anew. */
  #look(): void {
    const stored = this.#stored();
    if (stored === this.#seen) return;
    this.#seen = stored;
    for (const [name, value] of stored) {
      const entry = `${name}=${value}`;
      if (this.#taken.has(entry) || this.#startup.has(name) || !steersPlans(name, value)) continue;
      this.#taken.add(entry);
      this.#opening.add(name);
      this.#changed.add(name);
      this.#changes += 1;
    }
  }

  /** Notes what a statement may set, whether or not it comes to run. */
  note(facts: Pick<StatementFacts, 'effects' | 'node'>): void {
    for (const name of this.#mayChange(facts)) {
      this.#notes += 1;
      if (this.#changed.has(name)) continue;
      this.#changed.add(name);
      this.#changes += 1;
    }
  }

  /** A statement is about to be sent: what it sets comes after what was sent before. */
  noteRun(run: StatementRun): void {
    this.note(run.judged.facts);
    if (this.#changed.size > 0) this.#sentAfter.set(run, this.#notes);
  }

  /** A statement has ended. What it puts back stays so once its transaction has ended well. */
  noteEnd(run: StatementRun, isDone: boolean): void {
    if (this.#changed.size === 0) return;
    const { facts } = run.judged;
    // BEGIN, ROLLBACK and their like may take back what comes before or after: only what stands alone counts.
    if (!isDone || facts.effects.some(({ kind }) => kind === 'transaction')) this.#waiting = [];
    const putBack = isDone ? readPutBack(facts.text) : undefined;
    const notes = this.#sentAfter.get(run);
    if (putBack !== undefined && notes !== undefined) this.#waiting.push({ ...putBack, notes });
  }

  /** The server is ready for another statement, outside of any transaction. */
  settle(): void {
    for (const { name, isReset, notes } of this.#waiting) {
      // Something was sent after it that may have set it again.
      if (notes !== this.#notes) continue;
      for (const known of [...this.#changed]) {
        const isMeant = name === undefined || name === known;
        if (isMeant && !(isReset && this.#opening.has(known))) this.#forget(known);
      }
    }
    this.#waiting = [];
  }

  #forget(name: string): void {
    if (this.#changed.delete(name)) this.#changes += 1;
  }

  #mayChange({ effects, node }: Pick<StatementFacts, 'effects' | 'node'>): string[] {
    return effects.flatMap(({ kind, setting, value, object, relation, why, functionName }) => {
      if (kind !== 'read' && relation?.name === 'pg_settings') return [anySetting];
      // A function that makes up a text does so when it is called, not when it is defined.
      if (node !== 'CreateFunctionStmt' && why?.startsWith(dynamicText) === true) return [anySetting];
      if (kind === 'serverAccess' && functionName === 'set_config' && setting === undefined)
        return [anySetting];
      if (kind !== 'session') return [];
      const isReset = node === 'VariableSetStmt' && value === undefined;
      if (object === 'all settings' || (node === 'DiscardStmt' && object === 'all'))
        return [...this.#opening];
      if (setting === undefined || !plannerSetting.test(setting)) return [];
      if (isReset) return this.#opening.has(setting) ? [setting] : [];
      return value !== undefined && isHarmless(setting, value) ? [] : [setting];
    });
  }
}

/**
 * The setting that a statement puts back for the rest of the session. Anything that is
 * not written plainly does not count: SET LOCAL says nothing about what comes after the transaction.
 */
function readPutBack(text: string): PutBack | undefined {
  const plain = text.trim();
  if (/^(?:reset|discard)\s+all$/i.test(plain)) return { name: undefined, isReset: true };
  const name = /^reset\s+(\w+)$/i.exec(plain)?.[1]?.toLowerCase();
  if (name !== undefined) return { name, isReset: true };
  const [, setting = '', value = ''] =
    /^set\s+(?:session\s+)?(\w+)\s*(?:=|\sto\s)\s*'?([\w ]+?)'?$/i.exec(plain) ?? [];
  const isReset = /^default$/i.test(value);
  const isBack = isReset || isHarmless(setting.toLowerCase(), value);
  return isBack ? { name: setting.toLowerCase(), isReset } : undefined;
}
