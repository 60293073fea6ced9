/** What is wrong with policy files, for an editor: the checks of `portcullis policy check`, with places as editors count. */
import { inspectPolicy } from '../policy/checking/inspectPolicy.ts';
import { loadCedar } from '../policy/loadCedar.ts';
import { type PolicyFile, readSchema } from '../policy/policyFiles.ts';
import type { PolicyProblem } from '../policy/policyProblems.ts';
import type { PolicyFileProblem } from './messages.ts';

export async function checkPolicyFiles(files: readonly PolicyFile[]): Promise<PolicyFileProblem[]> {
  const cedar = await loadCedar();
  const { problems, warnings } = inspectPolicy(cedar, { files, schema: await readSchema() });
  const lines = new Map(files.map(({ name, text }) => [name, text.split('\n')]));
  const describe =
    (severity: PolicyFileProblem['severity']) =>
    ({ file, line = 1, column = 1, endColumn = column, message, hint }: PolicyProblem): PolicyFileProblem => {
      const name = file ?? files[0]?.name ?? '';
      const written = lines.get(name)?.[line - 1] ?? '';
      return {
        file: name,
        severity,
        line: line - 1,
        column: codeUnits(written, column - 1),
        endColumn: codeUnits(written, endColumn - 1),
        message,
        ...(hint === undefined ? {} : { hint }),
      };
    };
  return [...problems.map(describe('error')), ...warnings.map(describe('warning'))];
}

/** UTF-16 code units in the first so many characters. */
function codeUnits(line: string, characters: number): number {
  return [...line].slice(0, characters).join('').length;
}
