import type { ResolvedMethod } from '../../../contract/spec.js';
import { describeMethod } from '../../../method/methods.js';
import { MAX_RATE_TIMES_BETA } from '../../../method/stability.js';
import type { Problems } from '../problems.js';
import type { MethodFacts, MethodSpec } from './facts.js';

// docs/method.md, "The choice of beta": just strong enough if an end-to-end phase follows.
const DEFAULT_PENALTY = { 'augmented-lagrangian': 4, penalty: 6 } as const;

/** @returns the coefficient beta, 'adaptive', or 'auto' where the method has no coupling */
export function resolvePenalty(
  { method: { type, penalty }, optimizer: { learning_rate: rate } }: MethodSpec,
  { stages }: Pick<MethodFacts, 'stages'>,
  endToEndShare: number,
  report: Problems,
): ResolvedMethod['penalty'] {
  if (!describeMethod({ type }).hasCoupling) {
    if (penalty !== 'auto')
      report('/method/penalty', `${type} has no coupling and therefore no penalty; leave it at 'auto'`);
    return 'auto';
  }
  if (penalty === 'adaptive' && type !== 'augmented-lagrangian') {
    report(
      '/method/penalty',
      `'adaptive' requires the multipliers of augmented-lagrangian; use a number with ${type}`,
    );
  }
  if (stages > 1 && typeof penalty === 'number' && rate * penalty >= 1) {
    const max = (MAX_RATE_TIMES_BETA / rate).toPrecision(3);
    report('/method/penalty', `learning_rate x penalty must be below 1; at rate ${rate} use ${max} or less`);
  }
  if (penalty !== 'auto') return penalty;
  if (type === 'augmented-lagrangian' && endToEndShare === 0) return 'adaptive';
  const wanted = DEFAULT_PENALTY[type === 'penalty' ? 'penalty' : 'augmented-lagrangian'];
  return Math.min(wanted, MAX_RATE_TIMES_BETA / rate);
}
