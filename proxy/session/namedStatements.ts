/** What SQL itself does to the names of prepared statements: PREPARE, DEALLOCATE and DISCARD ALL. */
import type { StatementRun } from './judging/judgement.ts';
import type { Names, PreparedStatement } from './names.ts';
import type { StatementPipeline } from './statementPipeline.ts';

/** Names mean something else, now that the run has succeeded. */
export function applyRole(
  run: StatementRun,
  statements: Names<PreparedStatement>,
  pipeline: StatementPipeline,
): void {
  const { role } = run.judged.facts;
  if (role.kind === 'prepare') {
    const judged = pipeline.judgePrepared(role.inner);
    statements.confirm(wireName(role.name), { text: judged.text, judged });
  } else if (role.kind === 'deallocate') {
    if (role.name === undefined) statements.clearLive();
    else statements.drop(wireName(role.name), statements.live(wireName(role.name)));
  }
}

/** SQL names are UTF-8 text; names on the wire are kept as latin1 of their bytes. */
export function wireName(name: string): string {
  return Buffer.from(name, 'utf8').toString('latin1');
}
