import type { JobSpec } from '../../../contract/spec.js';
import { describeMethod } from '../../../method/methods.js';
import { methodsWith } from '../../../method/rules.js';
import { keepsFactors } from '../optimizer.js';
import type { Problems } from '../problems.js';
import type { MethodFacts, MethodSpec } from './facts.js';

type SparsitySpec = JobSpec['method']['sparsity'];

const OFF: SparsitySpec = { keep: null, until_round: null, regrow: null };
const POINTER = '/method/sparsity';

/**
 * @param rounds of the layer-parallel phase
 * @returns the share of the channels that is left, with every other choice made; null in each field where all channels stay
 */
export function resolveSparsity(
  spec: MethodSpec,
  { stages }: Pick<MethodFacts, 'stages'>,
  rounds: number,
  report: Problems,
): SparsitySpec {
  const { keep, until_round: until, regrow } = spec.method.sparsity;
  if (keep === null) {
    for (const field of ['until_round', 'regrow'] as const)
      if (spec.method.sparsity[field] !== null)
        report(`${POINTER}/${field}`, 'has no effect without sparsity.keep; use null, or set sparsity.keep');
    return OFF;
  }
  const obstacle = obstacleOf(spec, stages, rounds);
  if (obstacle !== null) report(`${POINTER}/keep`, obstacle);
  else if (until !== null && until >= rounds)
    report(`${POINTER}/until_round`, `is behind the last round of the phase; use at most ${rounds - 1}`);
  return { keep, until_round: until ?? Math.max(1, Math.ceil((rounds - 1) / 2)), regrow: regrow ?? 0 };
}

/** Why the job has no hidden channels that can be removed, with the remedy; null if it has. */
function obstacleOf({ method, optimizer }: MethodSpec, stages: number, rounds: number): string | null {
  const { hasAuxiliaries, hasHeads } = describeMethod(method);
  if (stages === 1 || !(hasAuxiliaries || hasHeads)) {
    const having = methodsWith((each) => each.hasAuxiliaries || each.hasHeads).join(', ');
    return `is about AuxNets and local heads; use null, or a method.type of ${having} with at least two stages`;
  }
  if (hasHeads && (method.reach ?? 1) >= stages)
    return 'needs a stage with a local head, and with this reach none has one; use null, or a smaller method.reach';
  if (hasAuxiliaries && method.auxiliary.depth === 1)
    return 'needs hidden channels, and a single convolution has none; use null, or an auxiliary.depth of at least 2';
  if (keepsFactors(optimizer))
    return `needs kernels that may change their size, and ${optimizer.type} keeps factors of each; use null, or another optimizer.type`;
  return rounds < 2
    ? 'needs two rounds of the layer-parallel phase, between which channels are removed; use null, or a smaller method.round_steps'
    : null;
}
