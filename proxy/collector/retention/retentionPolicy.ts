/** How long events are kept, as a file says it (YAML, so JSON too). What is not understood to the last key is not used. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { canonicalJson } from '../../audit/canonicalJson.ts';

/** For the events of a connection, or of all connections of an environment: the first rule that fits counts. */
export interface RetentionRule {
  readonly connection?: string;
  readonly environment?: string;
  /** Absent: for ever. */
  readonly keepDays?: number;
}

/** Events that fit all that is said here are kept, whatever the rules say. */
export interface LegalHold {
  readonly name: string;
  readonly connection?: string;
  /** Subject or e-mail address. */
  readonly identity?: string;
  /** `schema.name`, or a name in any schema. */
  readonly relation?: string;
  /** RFC 3339, inclusive. */
  readonly from?: string;
  /** RFC 3339, exclusive. */
  readonly to?: string;
}

export interface RetentionPolicy {
  readonly name: string;
  /** For what no rule fits. Absent: for ever. */
  readonly keepDays?: number;
  readonly rules: readonly RetentionRule[];
  readonly holds: readonly LegalHold[];
  /** Days for which events that are over stay for sinks that have not got them yet: {@link usualSinkDays} unless told. */
  readonly waitForSinksDays?: number;
}

/** A weekend, and days to mend what is broken. */
export const usualSinkDays = 7;

/** Hex SHA-256 of its canonical JSON. */
export function versionOfRetention(policy: RetentionPolicy): string {
  return createHash('sha256').update(canonicalJson(policy)).digest('hex');
}

/** @throws Error in words, with the file and where it is wrong */
export function readRetentionFile(path: string): RetentionPolicy {
  try {
    return readRetentionPolicy(readFileSync(path, 'utf8'));
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new Error(`the retention policy ${path} cannot be used: ${words}`, { cause: error });
  }
}

/** @throws Error in words, with where it is wrong */
export function readRetentionPolicy(text: string): RetentionPolicy {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new Error(`it is not YAML: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
  }
  const top = readFields(value, 'the file', ['name'], ['keepDays', 'rules', 'holds', 'waitForSinksDays']);
  return {
    name: readText(top['name'], 'name'),
    ...readDays(top['keepDays'], 'keepDays'),
    rules: readList(top['rules'], 'rules').map(readRule),
    holds: readList(top['holds'], 'holds').map(readHold),
    ...readSinkDays(top['waitForSinksDays']),
  };
}

function readRule(value: unknown, i: number): RetentionRule {
  const where = `rules[${i}]`;
  const rule = readFields(value, where, ['keepDays'], ['connection', 'environment']);
  const { connection, environment } = rule;
  if ((connection === undefined) === (environment === undefined)) {
    throw new Error(`${where} names either a connection or an environment`);
  }
  return {
    ...(connection !== undefined && { connection: readText(connection, `${where}.connection`) }),
    ...(environment !== undefined && { environment: readText(environment, `${where}.environment`) }),
    ...readDays(rule['keepDays'], `${where}.keepDays`),
  };
}

const holdTexts = ['connection', 'identity', 'relation'] as const;
const holdTimes = ['from', 'to'] as const;

function readHold(value: unknown, i: number): LegalHold {
  const where = `holds[${i}]`;
  const hold = readFields(value, where, ['name'], [...holdTexts, ...holdTimes]);
  const said = (names: readonly string[]) => names.filter((name) => hold[name] !== undefined);
  return {
    name: readText(hold['name'], `${where}.name`),
    ...Object.fromEntries(said(holdTexts).map((name) => [name, readText(hold[name], `${where}.${name}`)])),
    ...Object.fromEntries(said(holdTimes).map((name) => [name, readTime(hold[name], `${where}.${name}`)])),
  };
}

function readFields(
  value: unknown,
  where: string,
  required: readonly string[],
  optional: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${where} has to hold ${[...required, ...optional].join(', ')}`);
  }
  for (const key of Object.keys(value)) {
    if (!required.includes(key) && !optional.includes(key)) throw new Error(`${where} cannot hold "${key}"`);
  }
  for (const key of required) if (!(key in value)) throw new Error(`${where} lacks "${key}"`);
  return value as Readonly<Record<string, unknown>>;
}

function readList(value: unknown, where: string): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw new Error(`${where} has to be a list`);
}

function readText(value: unknown, where: string): string {
  if (typeof value === 'string' && value !== '' && value.length <= 500 && !value.includes('\0')) return value;
  throw new Error(`${where} has to be a text`);
}

function readTime(value: unknown, where: string): string {
  const text = readText(value, where);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text))) return new Date(text).toISOString();
  throw new Error(`${where} has to be a time: 2026-01-31T00:00:00Z`);
}

function readSinkDays(value: unknown): { readonly waitForSinksDays?: number } {
  if (value === undefined) return {};
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= 3_650) {
    return { waitForSinksDays: value };
  }
  throw new Error('waitForSinksDays has to be a number of days, from 0 to 3650');
}

function readDays(value: unknown, where: string): { readonly keepDays?: number } {
  if (value === undefined || value === 'forever') return {};
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= 36_525) {
    return { keepDays: value };
  }
  throw new Error(`${where} has to be a number of days, from 1 to 36525, or forever`);
}
