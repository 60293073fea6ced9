/** Under which circumstances a case of a policy test runs: `client`, `time`, `estimatedRows`, `approval`, `classifications`. */
import { isIP } from 'node:net';
import { isScalar, type Node } from 'yaml';
import type { Circumstances, ClaimedClient, GivenApproval, Moment } from '../circumstances/circumstances.ts';
import type { Fields, YamlReader } from '../yamlReader.ts';

export const circumstanceKeys: readonly string[] = [
  'client',
  'time',
  'estimatedRows',
  'approval',
  'classifications',
];

/** Noon of a Wednesday: cases that say nothing of the time are those of a working day. */
const defaultMoment: Moment = { minute: Date.UTC(2025, 0, 1, 12) / 60_000, offset: 0, zone: 'UTC' };
/** RFC 3339 with what follows from the minutes left out where one likes. */
const timeForm = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

export interface CaseCircumstances {
  readonly circumstances: Circumstances;
  readonly estimatedRows: number | undefined;
  readonly classifications: readonly string[] | undefined;
}

/** What is wrong gathers in the reader's problems. */
export function readCircumstances(reader: YamlReader, fields: Fields): CaseCircumstances {
  const [client, time, rows, approval, classes] = circumstanceKeys.map((key) => fields.get(key));
  const moment = time === undefined ? defaultMoment : readTime(reader, time);
  return {
    circumstances: {
      client: client === undefined ? {} : readClient(reader, client),
      moment: moment ?? defaultMoment,
      ...(approval !== undefined && { approval: readApproval(reader, approval) }),
    },
    estimatedRows: rows === undefined ? undefined : readRows(reader, rows),
    classifications: classes === undefined ? undefined : reader.strings(classes, 'classifications'),
  };
}

function readClient(reader: YamlReader, node: Node): ClaimedClient {
  const fields = reader.fields(node, '"client"', ['application', 'address'], []);
  const application = reader.string(fields.get('application'), 'application');
  const address = reader.string(fields.get('address'), 'address');
  if (address !== undefined && isIP(address) === 0) {
    reader.refuse(fields.get('address'), `"${address}" is no IP address`);
  }
  return { ...(application !== undefined && { application }), ...(address !== undefined && { address }) };
}

/** The local clock is the one of the offset that is written: a case must not depend on where it runs. */
function readTime(reader: YamlReader, node: Node): Moment | undefined {
  const text = reader.string(node, 'time');
  if (text === undefined) return undefined;
  const [, sign, hours, minutes] = timeForm.exec(text) ?? [];
  const instant = timeForm.test(text) ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(instant)) {
    return reader.refuse(
      node,
      `"time" cannot be read at "${text}"`,
      'Write it as 2026-11-21T19:30:00+01:00.',
    );
  }
  const offset = sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  const zone = sign === undefined ? 'UTC' : `${sign}${hours}:${minutes}`;
  return { minute: Math.floor(instant / 60_000), offset, zone };
}

function readRows(reader: YamlReader, node: Node): number | undefined {
  const value = isScalar(node) ? node.value : undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  return reader.refuse(node, '"estimatedRows" is a whole number from 0 on');
}

function readApproval(reader: YamlReader, node: Node): GivenApproval {
  const fields = reader.fields(node, '"approval"', ['reviewers', 'reason', 'id'], ['reviewers']);
  return {
    id: reader.string(fields.get('id'), 'id') ?? 'test',
    reviewers: reader.strings(fields.get('reviewers'), 'reviewers'),
    reason: reader.string(fields.get('reason'), 'reason') ?? '',
  };
}
