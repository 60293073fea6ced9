/** All cases of the leak corpus. */
import { channels } from './cases/channels.ts';
import { elsewhere } from './cases/elsewhere.ts';
import { expressions } from './cases/expressions.ts';
import { gathering } from './cases/gathering.ts';
import { moving } from './cases/moving.ts';
import { names } from './cases/names.ts';
import { oracles } from './cases/oracles.ts';
import { siblings } from './cases/siblings.ts';
import type { LeakCase } from './leakCase.ts';

export const corpus: readonly LeakCase[] = [
  ...names,
  ...expressions,
  ...gathering,
  ...oracles,
  ...moving,
  ...siblings,
  ...channels,
  ...elsewhere,
];
