/** What `portcullis up` keeps between runs over the same folder: passwords and the port, readable by its owner only. */
import { randomInt } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePassword } from '../identity/localAccounts.ts';

export interface UpState {
  /** Of the local accounts, by user name. */
  readonly passwords: Readonly<Record<string, string>>;
  /** What people type at the development provider, by user name. */
  readonly logins: Readonly<Record<string, string>>;
  /** Of the embedded PostgreSQL's owner, of the role that the proxy logs in with, and of the collector's. */
  readonly serverPassword: string;
  readonly rolePassword: string;
  readonly collectorPassword: string;
  /** Those of the last run: connection strings and sign-ins go on working. */
  readonly port?: number | undefined;
  readonly providerPort?: number | undefined;
  readonly collectorPort?: number | undefined;
}

const fileName = 'up.json';

/** The state of the last run, with new passwords for users that it does not know. */
export function loadUpState(data: string, users: readonly string[]): UpState {
  let kept: Partial<UpState> = {};
  try {
    kept = JSON.parse(readFileSync(join(data, fileName), 'utf8')) as Partial<UpState>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(
        `${join(data, fileName)} cannot be read (${message}); it holds the passwords of this folder's database`,
      );
    }
  }
  const state: UpState = {
    passwords: Object.fromEntries(users.map((user) => [user, kept.passwords?.[user] ?? makePassword()])),
    logins: Object.fromEntries(users.map((user) => [user, kept.logins?.[user] ?? makeLogin()])),
    serverPassword: kept.serverPassword ?? makePassword(),
    rolePassword: kept.rolePassword ?? makePassword(),
    collectorPassword: kept.collectorPassword ?? makePassword(),
    port: kept.port,
    providerPort: kept.providerPort,
    collectorPort: kept.collectorPort,
  };
  saveUpState(data, state); // before a database is made with these passwords
  return state;
}

export function saveUpState(data: string, state: UpState): void {
  const path = join(data, fileName);
  writeFileSync(`${path}.new`, JSON.stringify(state), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Ten letters and digits that are not mistaken for each other: 50 bits, and typed without a mistake. */
function makeLogin(): string {
  const letters = 'abcdefghjkmnpqrstvwxyz0123456789';
  return Array.from({ length: 10 }, () => letters[randomInt(letters.length)]).join('');
}
