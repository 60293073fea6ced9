import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
} from '../../../../proxy/audit/log/merkleTree.ts';

/** 518 probes of transparency-dev/merkle, valid ones and broken ones; they are kept beside the project, not in it. */
const path = join(import.meta.dirname, '../../../../../shared/vectors/merkle.jsonl');

interface Probe {
  readonly name: string;
  readonly wantErr: boolean;
  readonly proof: readonly string[] | null;
  readonly [field: string]: unknown;
}

function verdictOf(probe: Probe): boolean {
  const hash = (field: string) => Buffer.from(String(probe[field]), 'base64');
  const number = (field: string) => Number(probe[field]);
  const proof = (probe.proof ?? []).map((text) => Buffer.from(text, 'base64'));
  switch (probe.name.split('/')[0]) {
    case 'inclusion':
      return verifyInclusion(hash('leafHash'), number('leafIdx'), number('treeSize'), proof, hash('root'));
    case 'consistency':
      return verifyConsistency(number('size1'), hash('root1'), number('size2'), hash('root2'), proof);
    case 'subtreeinclusion':
      return verifySubtreeInclusion(
        hash('leafHash'),
        number('leafIdx'),
        number('start'),
        number('end'),
        proof,
        hash('root'),
      );
    case 'subtreeconsistency':
      return verifySubtreeConsistency(
        number('start'),
        number('end'),
        hash('root1'),
        number('size'),
        hash('root2'),
        proof,
      );
    default:
      throw new Error(`a probe of an unknown kind: ${probe.name}`);
  }
}

describe.skipIf(!existsSync(path))('the Merkle probes of others (../shared/vectors)', () => {
  it('are answered as they want, every one', () => {
    const probes = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Probe);
    expect(probes.length).toBe(518);
    const wrong = probes.filter((probe) => verdictOf(probe) === probe.wantErr).map(({ name }) => name);
    expect(wrong).toEqual([]);
  });
});
