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

export function describeReady({ connections, identities, data }: ReadyAnswer): string {
  const [connection] = connections;
  if (connection === undefined) return '';
  const isDemo = connection.name === 'demo';
  const tryThis = isDemo
    ? `
Try:
  SELECT id, name, email, phone FROM customers LIMIT 5;   comes back masked
  DROP TABLE customers;                                   is refused before it runs
`
    : '';
  const others = identities.map(
    ({ email, groups, url }) => `  ${email.padEnd(22)} ${groups.join(', ').padEnd(12)} ${url}`,
  );
  return `
Portcullis is up. "${connection.name}" (${connection.environment}) is governed on this port:

  psql '${connection.url}'
${tryThis}
Who may log in:
${others.join('\n')}

The journal is in ${data}/journal. Ctrl-C stops everything.
`;
}
