/** Local accounts: who may log in at the proxy's port, with which password, as which identity. */
import { randomBytes } from 'node:crypto';
import type { ApprovalDesk } from '../approvals/approvalDesk.ts';
import type { PortcullisError } from '../kit/errors.ts';
import type { Identity } from './identity.ts';
import { makeMockVerifier, makeVerifier, type ScramVerifier } from './scramServer.ts';

export interface LocalAccount {
  /** The user name in connection strings; the identity's e-mail address serves as well. */
  readonly user: string;
  readonly password: string;
  readonly identity: Identity;
  /** Why this identity may run nothing now; undefined where it may. Absent: it always may. */
  readonly checkAccess?: () => PortcullisError | undefined;
  /** Where approvals are asked for; absent where they cannot be. */
  readonly desk?: ApprovalDesk;
}

export interface AccountLookup {
  readonly verifier: ScramVerifier;
  /** Undefined for a user that does not exist: the exchange is played all the same, and fails. */
  readonly account: LocalAccount | undefined;
}

export class LocalAccounts {
  readonly #byName = new Map<string, AccountLookup>();
  readonly #mockSecret = randomBytes(32);

  constructor(accounts: readonly LocalAccount[]) {
    for (const account of accounts) {
      const lookup = { verifier: makeVerifier(account.password), account };
      this.#byName.set(account.user, lookup);
      this.#byName.set(account.identity.email, lookup);
    }
  }

  find(user: string): AccountLookup {
    return (
      this.#byName.get(user) ?? { verifier: makeMockVerifier(user, this.#mockSecret), account: undefined }
    );
  }
}

/** A password for a local account: 144 bits, safe in a URL as it is. */
export function makePassword(): string {
  return randomBytes(18).toString('base64url');
}
