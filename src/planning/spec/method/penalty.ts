import type { JobSpec, ResolvedMethod } from '../../../contract/spec.js';
import { describeMethod } from '../../../method/methods.js';
import { methodsWith } from '../../../method/rules.js';
import { MAX_RATE_TIMES_BETA } from '../../../method/stability.js';
import type { Problems } from '../problems.js';
import type { MethodFacts, MethodSpec } from './facts.js';

/**
 * Below this beta the stages drift apart: with 2 a study fell to 29 % before its end-to-end phase, with 1 under the control whose
 * lower stages never train (docs/method.md, "The choice of beta"). The rule of `adaptive` has the same lower end.
 */
const MIN_CHOSEN_PENALTY = 3;

/** @returns the coefficient beta, 'adaptive', or 'auto' where the method has no coupling */
export function resolvePenalty(
  { method: { type, penalty }, optimizer: { learning_rate: rate } }: MethodSpec,
  { stages }: Pick<MethodFacts, 'stages'>,
  endToEndShare: number,
  report: Problems,
): ResolvedMethod['penalty'] {
  const rules = describeMethod({ type }).penalty;
  if (rules === null) {
    if (penalty !== 'auto')
      report('/method/penalty', `${type} has no coupling and therefore no penalty; leave it at 'auto'`);
    return 'auto';
  }
  if (penalty === 'adaptive' && !rules.adapts) {
    const adapting = methodsWith((method) => method.penalty?.adapts === true).join(' or ');
    report(
      '/method/penalty',
      `'adaptive' requires the multipliers of ${adapting}; use a number with ${type}`,
    );
  }
  if (stages > 1 && typeof penalty === 'number' && rate * penalty >= 1) {
    const max = (MAX_RATE_TIMES_BETA / rate).toPrecision(3);
    report('/method/penalty', `learning_rate x penalty must be below 1; at rate ${rate} use ${max} or less`);
  }
  if (stages > 1 && typeof penalty !== 'number' && !rules.bearsLow) checkRate(penalty, rate, report);
  if (penalty !== 'auto') return penalty;
  if (rules.adapts && endToEndShare === 0) return 'adaptive';
  return Math.min(rules.usual, MAX_RATE_TIMES_BETA / rate);
}

/** A penalty that the job leaves to us has no good value at a high learning rate: it would be unstable, or too weak. */
function checkRate(penalty: JobSpec['method']['penalty'], rate: number, report: Problems): void {
  const max = MAX_RATE_TIMES_BETA / rate;
  if (max >= MIN_CHOSEN_PENALTY) return;
  const rateWithin = Math.floor((1000 * MAX_RATE_TIMES_BETA) / MIN_CHOSEN_PENALTY) / 1000;
  report(
    '/method/penalty',
    `'${penalty}' would have to be ${max.toPrecision(3)} or less at learning_rate ${rate}, and below ${MIN_CHOSEN_PENALTY} the stages ` +
      `hardly learn from each other: use a learning_rate of ${rateWithin} or less, or name a penalty`,
  );
}
