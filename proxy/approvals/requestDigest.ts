/** What an approval is bound to: whoever reviews one thing must not have approved another. */
import { createHash } from 'node:crypto';
import type { NewRequest } from './request.ts';

/** Hex SHA-256 over connection, text, parameters and, where columns are to be seen in clear, which ones and for how long. */
export function requestDigest({
  connection,
  text,
  parameters,
  unmask,
}: Pick<NewRequest, 'connection' | 'text' | 'parameters' | 'unmask'>): string {
  const run = [connection, text, parameters ?? null];
  const columns = unmask?.columns.map((each) => [
    each.column,
    each.classification,
    each.relation,
    each.attribute,
  ]);
  return createHash('sha256')
    .update(JSON.stringify(unmask === undefined ? run : [...run, unmask.minutes, columns]))
    .digest('hex');
}
