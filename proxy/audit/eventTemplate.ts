/** Events as lines: what is constant is rendered once, so that recording a statement only joins four strings. */
import { canonicalJson, quoteJson } from './canonicalJson.ts';
import type {
  EventEffect,
  EventKind,
  EventMaskedColumn,
  EventUnmaskedColumn,
  IntentFields,
  OutcomeFields,
  RefusalFields,
} from './events.ts';

/**
 * An event without its time and number. Canonical JSON sorts keys, so the line is
 * `{"at":"` time `",` beforeSeq seq afterSeq: `at` sorts before every other key we use.
 */
export interface EventTemplate {
  /** Everything after the time, up to and with `"seq":`. */
  readonly beforeSeq: string;
  /** Everything after the number, with the closing brace and the line feed. */
  readonly afterSeq: string;
}

declare const intentBrand: unique symbol;

/** The constant part of an intent: render once per session and statement, use for every execution. */
export interface IntentTemplate extends EventTemplate {
  readonly [intentBrand]: true;
}

/** Renders the constant part of an event. @throws TypeError where a field has no canonical form */
export function renderTemplate(kind: EventKind, fields: object): EventTemplate {
  const before: Record<string, unknown> = {};
  const after: Record<string, unknown> = {};
  for (const [key, value] of Object.entries({ ...fields, kind })) {
    if (key <= 'at' || key === 'seq') throw new TypeError(`an event cannot have the field "${key}"`);
    (key < 'seq' ? before : after)[key] = value;
  }
  const tail = canonicalJson(after).slice(1);
  return {
    beforeSeq: `${canonicalJson(before).slice(1, -1)},"seq":`,
    afterSeq: tail === '}' ? '}\n' : `,${tail}\n`,
  };
}

/** Renders the constant part of a statement's intent. @throws TypeError where a field has no canonical form */
export function renderIntent(fields: IntentFields): IntentTemplate {
  const template = renderTemplate('intent', { ...fields, effects: fields.effects.map(recordedEffect) });
  return template as IntentTemplate;
}

/** Renders a refusal. @throws TypeError where a field has no canonical form */
export function renderRefusal(fields: RefusalFields): EventTemplate {
  const { effects } = fields;
  return renderTemplate(
    'refusal',
    effects === undefined ? fields : { ...fields, effects: effects.map(recordedEffect) },
  );
}

/** Makes the line of a template. @param at RFC 3339 text */
export function renderLine(at: string, seq: number, template: EventTemplate): string {
  return `{"at":"${at}",${template.beforeSeq}${seq}${template.afterSeq}`;
}

/** Makes the line of an outcome, keys in canonical order by hand: one is written for every statement. */
export function renderOutcomeLine(at: string, seq: number, fields: OutcomeFields): string {
  let line = `{"at":"${at}",`;
  if (fields.bytes !== undefined) line += `"bytes":${wholeCount(fields.bytes)},`;
  line += `"for":${wholeCount(fields.for)},"kind":"outcome",`;
  if (fields.maskedColumns !== undefined) line += `"maskedColumns":${renderColumns(fields.maskedColumns)},`;
  line += `"micros":${wholeCount(fields.micros)},"rows":${wholeCount(fields.rows)},"seq":${seq}`;
  if (fields.sqlState !== undefined) line += `,"sqlState":${quoteJson(fields.sqlState)}`;
  line += `,"status":"${fields.status}"`;
  if (fields.tag !== undefined) line += `,"tag":${quoteJson(fields.tag)}`;
  if (fields.unmaskedColumns !== undefined)
    line += `,"unmaskedColumns":${renderColumns(fields.unmaskedColumns)}`;
  return `${line}}\n`;
}

const columnTexts = new WeakMap<readonly object[], string>();

function renderColumns(columns: readonly EventMaskedColumn[] | readonly EventUnmaskedColumn[]): string {
  let text = columnTexts.get(columns);
  if (text === undefined) {
    text = canonicalJson(columns);
    columnTexts.set(columns, text);
  }
  return text;
}

/** An outcome must never be lost to a miscounted number: what is not one is recorded as 0. */
function wholeCount(value: number): number {
  return Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

/** Takes the recorded fields one by one: facts carry more (values, words, positions), which must not slip in. */
function recordedEffect(effect: EventEffect): EventEffect {
  const { kind, relation, predicate, object, functionName, setting, temporary, lockMode } = effect;
  const recorded = { kind, relation, predicate, object, functionName, setting, temporary, lockMode };
  // canonicalJson leaves undefined properties out, which is what exactOptionalPropertyTypes asks for.
  return recorded as EventEffect;
}
