/** Whether two databases that differ in nothing but protected values gave the same answers. */
import { errorFields, rowValues, type WireMessage } from '../../kit/wireClient.ts';
import type { Heard } from './speak.ts';

/** @returns where they differ, in words; undefined where nothing tells one from the other. */
export function findDifference(one: Heard, other: Heard, isUnordered: boolean): string | undefined {
  const [mine = [], yours = []] = [one, other].map(({ answers }) => {
    const lines = answers.flat().map(show);
    return isUnordered ? lines.sort() : lines;
  });
  for (let at = 0; at < Math.max(mine.length, yours.length); at++) {
    if (mine[at] !== yours[at])
      return `${mine[at]?.slice(0, 160) ?? 'nothing'} and ${yours[at]?.slice(0, 160) ?? 'nothing'}`;
  }
  return undefined;
}

/** One message as text, but for what differs between any two databases: OIDs of relations, process numbers, times. */
function show({ type, body }: WireMessage): string {
  if (type === 'T') return `T ${JSON.stringify(readColumns(body))}`;
  if (type === 'E' || type === 'N')
    return `${type} ${withoutNumbers(JSON.stringify(errorFields({ type, body })))}`;
  if (type === 'A') return `A ${body.toString('latin1', 4)}`;
  if (type === 'D') return `D ${withoutNumbers(JSON.stringify(rowValues({ type, body })))}`;
  return `${type} ${body.toString('latin1')}`;
}

/** Names of the twins, and OIDs of their objects. */
function withoutNumbers(text: string): string {
  return text.replaceAll(/\b(shop|clinic)_[ab]\b/g, '$1').replaceAll(/pg_(toast|temp)_\d+/g, 'pg_$1');
}

function readColumns(body: Buffer): unknown[] {
  const columns: unknown[] = [];
  let at = 2;
  for (let i = body.readInt16BE(0); i > 0; i--) {
    const end = body.indexOf(0, at);
    const type = body.readUInt32BE(end + 7);
    columns.push([body.toString('utf8', at, end), type < 16_384 ? type : 'own', body.readInt16BE(end + 17)]);
    at = end + 19;
  }
  return columns;
}
