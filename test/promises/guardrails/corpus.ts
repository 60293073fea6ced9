/** All cases of the guardrail corpus. */
import { alwaysTrue } from './cases/alwaysTrue.ts';
import { belowSql } from './cases/belowSql.ts';
import { delayedPayloads } from './cases/delayedPayloads.ts';
import { everyStatement } from './cases/everyStatement.ts';
import { falseAlarms } from './cases/falseAlarms.ts';
import { filesAndPrograms } from './cases/filesAndPrograms.ts';
import { functionsAnywhere } from './cases/functionsAnywhere.ts';
import { loadAndTransactions } from './cases/loadAndTransactions.ts';
import { preparedStatements } from './cases/preparedStatements.ts';
import { privileges } from './cases/privileges.ts';
import { settings } from './cases/settings.ts';
import { stackedTexts } from './cases/stackedTexts.ts';
import { textTricks } from './cases/textTricks.ts';
import { writesAsReads } from './cases/writesAsReads.ts';
import type { GuardCase } from './guardCase.ts';

export const corpus: readonly GuardCase[] = [
  ...textTricks,
  ...stackedTexts,
  ...settings,
  ...functionsAnywhere,
  ...filesAndPrograms,
  ...delayedPayloads,
  ...writesAsReads,
  ...preparedStatements,
  ...belowSql,
  ...alwaysTrue,
  ...privileges,
  ...loadAndTransactions,
  ...everyStatement,
  ...falseAlarms,
];
