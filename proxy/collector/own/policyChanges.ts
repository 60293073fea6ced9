/** What differs between two policies, as it is recorded: which files, and which columns are classified in another way. */
import { createHash } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import type { EventIdentity } from '../../audit/events.ts';
import type { MaskingRule } from '../../masking/maskingSettings.ts';
import { maskingFileName, readMaskingFile } from '../../policy/masking/maskingFile.ts';
import type { Policy } from '../parts.ts';
import type { OwnFields } from './ownEvents.ts';

type Files = Policy['files'];
type Changed = Extract<OwnFields, { kind: 'policyChanged' }>;

export interface PolicyInForce {
  readonly version: string;
  readonly files: Files;
}

/** Policies change where the collector runs, not through it: whoever may write there. */
export function readOperator(): EventIdentity {
  let name = 'unknown';
  try {
    name = userInfo().username;
  } catch {
    // No such user in this system's list: containers run as a bare number.
  }
  return { subject: `operator:${name}@${hostname()}`, groups: [] };
}

/** @param before undefined where there was none */
export function describePolicyChange(before: PolicyInForce | undefined, after: PolicyInForce): OwnFields[] {
  const changed: Changed = {
    kind: 'policyChanged',
    identity: readOperator(),
    what: 'access',
    ...(before !== undefined && { from: before.version }),
    to: after.version,
    files: compareFiles(before?.files ?? [], after.files),
  };
  return [changed, ...compareClassifications(before?.files ?? [], after)];
}

export function compareFiles(before: Files, after: Files): Changed['files'] {
  const hashes = (files: Files) => new Map(files.map(({ name, text }) => [name, hashOf(text)]));
  const old = hashes(before);
  const now = hashes(after);
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  return names.flatMap((name) => {
    const [was, is] = [old.get(name), now.get(name)];
    if (was === is) return [];
    return {
      name,
      change: was === undefined ? 'added' : is === undefined ? 'removed' : 'changed',
      ...(was !== undefined && { before: was }),
      ...(is !== undefined && { after: is }),
    };
  });
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

interface Saying {
  readonly connection: string | undefined;
  readonly column: string;
  readonly classification: string;
  readonly why: string;
}

function compareClassifications(before: Files, { files, version }: PolicyInForce): OwnFields[] {
  const old = readSayings(before);
  const now = readSayings(files);
  const identity = readOperator();
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((key): OwnFields[] => {
    const [was, is] = [old.get(key), now.get(key)];
    const one = is ?? was;
    if (one === undefined || was?.classification === is?.classification) return [];
    return [
      {
        kind: 'classificationChanged',
        identity,
        column: one.column,
        why: is?.why ?? `${maskingFileName} no longer says anything of it`,
        policy: version,
        ...(one.connection !== undefined && { connection: one.connection }),
        ...(was !== undefined && { from: was.classification }),
        ...(is !== undefined && { to: is.classification }),
      },
    ];
  });
}

/** What masking.yaml says of each column or pattern: the first rule for it, as where it is applied. */
function readSayings(files: Files): ReadonlyMap<string, Saying> {
  const sayings = new Map<string, Saying>();
  for (const { name, text } of files.filter((file) => file.name === maskingFileName)) {
    for (const [connection, { rules }] of readMaskingFile(name, text).masking.sections()) {
      for (const rule of rules) {
        const key = `${connection ?? ''}\n${rule.pattern.text}`;
        if (!sayings.has(key)) sayings.set(key, { connection, ...readRule(rule) });
      }
    }
  }
  return sayings;
}

function readRule(rule: MaskingRule): Omit<Saying, 'connection'> {
  const column = rule.pattern.text;
  return rule.kind === 'classify'
    ? { column, classification: rule.as, why: rule.place }
    : { column, classification: 'none', why: `${rule.place}: ${rule.reason}` };
}
