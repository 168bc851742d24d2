import type { JobSpec } from '../../../contract/spec.js';
import { describeMethod } from '../../../method/methods.js';
import type { NetworkDescription } from '../../../network/description.js';
import { countFrozen } from '../../../network/frozen.js';
import type { KnownNetwork } from '../known-network.js';
import type { Problems } from '../problems.js';

/**
 * @param factor blocks of the network for one of those that are searched
 * @returns residual blocks of each stage; null where the split that was asked for does not fit the network
 */
export function resolveSplit(
  method: JobSpec['method'],
  { network, split }: KnownNetwork,
  stages: number,
  factor: number,
  report: Problems,
): number[] | null {
  const asked = method.split;
  if (typeof asked !== 'string') {
    return checkSplit(asked, stages, network, report) ? asked : null;
  }
  const { hasAuxiliaries, hasHeads } = describeMethod(method);
  const found = split({
    stages,
    auxiliary: hasAuxiliaries ? method.auxiliary : null,
    heads: hasHeads ? method.heads : null,
    balance: asked,
  });
  return found.map((blocks) => factor * blocks);
}

function checkSplit(
  split: readonly number[],
  stages: number,
  network: NetworkDescription,
  report: Problems,
): boolean {
  const { length: blocks } = network.blocks;
  if (split.length !== stages) {
    report(
      '/method/split',
      `has ${split.length} entries for ${stages} stages; give one entry per stage, or 'auto'`,
    );
    return false;
  }
  const sum = split.reduce((total, count) => total + count, 0);
  if (sum !== blocks) {
    report(
      '/method/split',
      `has the sum ${sum}; it must be ${blocks}, the number of residual blocks of the network`,
    );
    return false;
  }
  const frozen = countFrozen(network);
  if (stages === 1 || split[0]! > frozen) return true;
  report(
    '/method/split',
    `the first stage would train nothing, since ${frozen} blocks are frozen; give it ${frozen + 1} or more`,
  );
  return false;
}
