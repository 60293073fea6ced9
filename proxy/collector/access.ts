/** Who may do what at the collector: groups of the identity, as DESIGN.md names them. */
import type { Identity } from '../identity/identity.ts';
import { Problem } from './problem.ts';

type Group = 'developers' | 'reviewers' | 'auditors' | 'admins' | 'proxies';

/** May reach data, so they may have leases, ask for approvals and send what a database looks like. */
export const dataGroups: readonly Group[] = ['developers', 'reviewers', 'admins'];

/** May see how databases look and have drifted. `proxies` are proxies that serve several people. */
export const knownGroups: readonly Group[] = ['developers', 'reviewers', 'auditors', 'admins', 'proxies'];

export function isInGroup(identity: Identity, ...groups: readonly string[]): boolean {
  return identity.groups.some((group) => groups.includes(group));
}

/** @throws Problem 403 in words, unless the identity is in one of `groups`. @param what continues "may": "have a lease" */
export function requireGroup(identity: Identity, groups: readonly Group[], what: string): void {
  if (isInGroup(identity, ...groups)) return;
  const held = identity.groups.length === 0 ? 'in no group' : `in ${listWords(identity.groups, 'and')}`;
  throw new Problem(
    403,
    `Only ${listWords(groups, 'or')} may ${what}, and ${identity.email} is ${held}. Ask whoever manages the groups of your sign-in.`,
  );
}

/** @throws Problem 403: an agent acts for its human, and some things only the human may do. */
export function requirePerson(identity: Identity, what: string): void {
  if (identity.agent === undefined) return;
  throw new Problem(403, `An agent may not ${what}: ${identity.email} has to do it in person.`);
}

function listWords(words: readonly string[], last: 'and' | 'or'): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}
