/** Which variables of libpq (manual 34.15) terminals get, from the proxy's status. */
import type { ProxyStatus } from '../../proxy/control/messages.ts';

/** `keep`: whatever they have stays, since the proxy only pauses; the next one listens at the same port. */
export function terminalVariables(
  status: ProxyStatus | undefined,
): Readonly<Record<string, string>> | 'keep' {
  if (status === undefined) return 'keep';
  if (status.state === 'signedOut') return status.problem === undefined ? {} : 'keep';
  const { access, connections } = status;
  if (access === undefined) return 'keep';
  const first = connections[0]?.name;
  return {
    PGHOST: access.host,
    PGPORT: String(access.port),
    PGUSER: access.user,
    ...(first === undefined ? {} : { PGDATABASE: first }),
    PGPASSFILE: access.passwordFile,
    PGSERVICEFILE: access.serviceFile,
  };
}
