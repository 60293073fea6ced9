/** Who is asking: the one type that every room reads. Made at login, from a local account or a verified token. */

export interface Identity {
  /** The stable name of the subject: a token's `sub`, a local account's user. Never reassigned, unlike an address. */
  readonly subject: string;
  readonly email: string;
  /** Names of groups as the provider gives them; case counts. */
  readonly groups: readonly string[];
  /** Present where an agent asks on behalf of the subject; `subject`, `email` and `groups` are its human's. */
  readonly agent?: { readonly name: string };
}
