import type { JobSpec } from '../../../contract/spec.js';
import { COUPLING_LOSSES, DEFAULT_COUPLING_LOSS } from '../../../method/coupling-losses.js';
import { describeMethod } from '../../../method/methods.js';
import { methodsWith } from '../../../method/rules.js';
import type { Problems } from '../problems.js';
import type { MethodFacts } from './facts.js';

/** @returns the measure of the coupling; null where the method has no choice */
export function resolveCoupling(
  { type, coupling }: JobSpec['method'],
  { network, stages, split }: Pick<MethodFacts, 'network' | 'stages' | 'split'>,
  report: Problems,
): JobSpec['method']['coupling'] {
  const pointer = '/method/coupling';
  if (!describeMethod({ type }).choosesCoupling || stages === 1) {
    if (coupling !== null) {
      const having = methodsWith(({ choosesCoupling }) => choosesCoupling === true).join(' or ');
      report(pointer, `is only valid for method.type ${having} with at least two stages; use null`);
    }
    return null;
  }
  const chosen = coupling ?? DEFAULT_COUPLING_LOSS;
  const lastBlocks = split.slice(0, -1).map((_, stage) => sum(split.slice(0, stage + 1)) - 1);
  if (
    COUPLING_LOSSES[chosen].ofPreActivation &&
    !lastBlocks.every((block) => network.blocks[block]!.rectified)
  ) {
    report(
      pointer,
      `${chosen} is a distance at a ReLU, and the blocks of this network do not end with one; use ${DEFAULT_COUPLING_LOSS}, or ` +
        'another model.family',
    );
  }
  return chosen;
}

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
