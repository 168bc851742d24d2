import type { JobSpec } from '../../../contract/spec.js';
import { describeMethod } from '../../../method/methods.js';
import type { KnownNetwork } from '../known-network.js';
import type { Problems } from '../problems.js';

/** @returns residual blocks of each stage; null where the split that was asked for does not fit the network */
export function resolveSplit(
  method: JobSpec['method'],
  { network, split }: KnownNetwork,
  stages: number,
  report: Problems,
): number[] | null {
  const asked = method.split;
  if (typeof asked !== 'string') {
    return checkSplit(asked, stages, network.blocks.length, report) ? asked : null;
  }
  const { hasAuxiliaries, hasHeads } = describeMethod(method);
  const found = split({
    stages,
    auxiliary: hasAuxiliaries ? method.auxiliary : null,
    heads: hasHeads ? method.heads : null,
    balance: asked,
  });
  return [...found];
}

function checkSplit(split: readonly number[], stages: number, blocks: number, report: Problems): boolean {
  if (split.length !== stages) {
    report(
      '/method/split',
      `has ${split.length} entries for ${stages} stages; give one entry per stage, or 'auto'`,
    );
    return false;
  }
  const sum = split.reduce((total, count) => total + count, 0);
  if (sum === blocks) return true;
  report(
    '/method/split',
    `has the sum ${sum}; it must be ${blocks}, the number of residual blocks of the network`,
  );
  return false;
}
