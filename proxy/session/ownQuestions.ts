/** Questions of our own that go with a client's statement: where the columns come from that it copies, which table it has made. */
import type { CatalogRelation } from '../schema/catalog.ts';
import { createProbe } from './copyOut.ts';
import { TableProbe } from './following/tableProbe.ts';
import type { InFlight } from './inFlight.ts';
import type { Admission } from './judging/judgement.ts';
import type { StatementPipeline } from './statementPipeline.ts';

type Admitted = Extract<Admission, { kind: 'run' }>;

/** True where any goes with it. */
export function asksServer({ message }: Admitted): boolean {
  return message.statements.some(({ copyOut, follow }) => copyOut !== undefined || follow !== undefined);
}

/**
 * Before the statement: where the columns come from that COPY … TO STDOUT sends. Gives what is to be sent.
 * @param endsWithReady the statement comes in a Query
 */
export function askBefore(
  { runs, message }: Admitted,
  endsWithReady: boolean,
  inFlight: InFlight,
): readonly Buffer[] {
  return runs.flatMap((run) => {
    run.probe = createProbe(run.judged, message.touchesClassified, endsWithReady);
    const query = run.judged.copyOut?.query;
    if (run.probe === undefined || query === undefined) return [];
    inFlight.push({ kind: 'probe', probe: run.probe });
    return [run.probe.encode(query)];
  });
}

/** After it: which table it has made of protected columns. What comes then waits for the answer. */
export function askAfter(
  { runs }: Admitted,
  endsWithReady: boolean,
  inFlight: InFlight,
  pipeline: StatementPipeline,
): Buffer | undefined {
  const run = runs.find(({ judged }) => judged.follow !== undefined);
  if (run?.judged.follow === undefined) return undefined;
  const follow = (table: CatalogRelation) => pipeline.follow(run, table);
  const probe = new TableProbe(run.judged.follow.table, endsWithReady, follow);
  inFlight.push({ kind: 'probe', probe });
  inFlight.nameChanges++;
  return probe.encode();
}
