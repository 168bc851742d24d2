import type { ResolvedOptimizer } from '../../contract/spec.js';
import type { Rounds } from '../../method/index.js';

/** Learning rate at `step` of a run. One schedule covers the run: the end-to-end phase continues it. */
export function learningRateAt(
  { learning_rate: base, schedule }: Pick<ResolvedOptimizer, 'learning_rate' | 'schedule'>,
  step: number,
  { totalSteps, stepsPerEpoch }: Pick<Rounds, 'totalSteps' | 'stepsPerEpoch'>,
): number {
  const warmup = Math.round(schedule.warmup_epochs * stepsPerEpoch);
  // Goyal et al., arXiv:1706.02677, section 2.2: the rate rises to the base in equal increments.
  if (step < warmup) return (base * (step + 1)) / warmup;
  switch (schedule.type) {
    case 'constant':
      return base;
    case 'step': {
      const passed = schedule.milestones.filter((milestone) => step / totalSteps >= milestone);
      return base * schedule.gamma ** passed.length;
    }
    case 'cosine':
      // Loshchilov and Hutter, arXiv:1608.03983, equation 5, without restarts, over the steps after the warm-up.
      return (base / 2) * (1 + Math.cos(Math.PI * ((step - warmup) / (totalSteps - warmup))));
  }
}

/**
 * Learning rate of each of the n replicas that share the steps of a round and are then averaged: n times the
 * scheduled rate, because each replica makes 1/n of the steps (Goyal et al., section 2.1), but never more than the
 * highest rate of the run.
 */
export function replicaRateAt(
  optimizer: Pick<ResolvedOptimizer, 'learning_rate' | 'schedule'>,
  step: number,
  rounds: Pick<Rounds, 'totalSteps' | 'stepsPerEpoch'>,
  replicas: number,
): number {
  return Math.min(replicas * learningRateAt(optimizer, step, rounds), optimizer.learning_rate);
}
