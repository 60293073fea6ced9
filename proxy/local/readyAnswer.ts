/** What `portcullis up` says when it is ready: as JSON for programs (DESIGN.md §5), as text for people. */

export interface ReadyAnswer {
  readonly ready: true;
  readonly connections: readonly {
    readonly name: string;
    readonly environment: string;
    readonly url: string;
    readonly direct: string;
  }[];
  readonly identities: readonly {
    readonly email: string;
    readonly groups: readonly string[];
    /** What is typed at the development provider. */
    readonly password: string;
    /** An access token, good at the collector for an hour. */
    readonly token: string;
    readonly url: string;
  }[];
  readonly collector: string;
  readonly issuer: string;
  readonly data: string;
}

/** @param editor commands and links that open the editor on it, in their order. */
export function describeReady(answer: ReadyAnswer, editor: readonly string[]): string {
  const { connections, identities, data } = answer;
  const [connection] = connections;
  if (connection === undefined) return '';
  const width = Math.max(...identities.map(({ email }) => email.length));
  const logins = identities.map(
    ({ email, password, groups }) => `  ${email.padEnd(width)}   ${password}   ${groups.join(', ')}`,
  );
  const parts = [
    `Portcullis is up. "${connection.name}" (${connection.environment}) is governed on this port:`,
    `  psql '${connection.url}'`,
    ...(connection.name === 'demo' ? [tryThis] : []),
    ...(editor.length === 0 ? [] : [`In the editor, with approvals, drift and activity:\n${indent(editor)}`]),
    `Who may sign in there, with which password:\n${logins.join('\n')}`,
    `The journal is in ${data}/journal. Ctrl-C stops everything.`,
  ];
  return `\n${parts.join('\n\n')}\n`;
}

const tryThis = `Try:
  SELECT id, name, email, phone FROM customers LIMIT 5;   comes back masked
  DROP TABLE customers;                                   is refused before it runs`;

function indent(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join('\n');
}
