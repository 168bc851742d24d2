import type { ResolvedOptimizer } from '../../contract/spec.js';
import type { Rounds } from '../../method/index.js';

type Schedule = ResolvedOptimizer['schedule'];

/** The place of a step: `run`, its share of all steps, and `done`, that of the steps between warm-up and cool-down. */
interface Position {
  readonly run: number;
  readonly done: number;
}

/** The rate after the warm-up, for a base rate. */
type Decay = (base: number, position: Position, schedule: Schedule) => number;

/** The schedules: docs/method.md, "Training settings". Those that fall do so between warm-up and cool-down. */
export const DECAYS: Readonly<Record<Schedule['type'], Decay>> = {
  constant: (base) => base,
  step: (base, { run }, { milestones, gamma }) =>
    base * gamma ** milestones.filter((milestone) => run >= milestone).length,
  // Loshchilov and Hutter, arXiv:1608.03983, equation 5, without restarts.
  cosine: (base, { done }, schedule) => {
    const min = minimumOf(schedule);
    return min + ((base - min) / 2) * (1 + Math.cos(Math.PI * done));
  },
  linear: (base, { done }, schedule) => falling(base, schedule, 1 - done),
  polynomial: (base, { done }, schedule) => falling(base, schedule, (1 - done) ** schedule.power),
};

function falling(base: number, schedule: Schedule, share: number): number {
  const min = minimumOf(schedule);
  return min + (base - min) * share;
}

/** Jobs of earlier versions have none. */
const minimumOf = ({ minimum_rate: min = 0 }: Schedule): number => min;

/** Learning rate at `step` of a run. One schedule covers the run: the end-to-end phase continues it. */
export function learningRateAt(
  { learning_rate: base, schedule }: Pick<ResolvedOptimizer, 'learning_rate' | 'schedule'>,
  step: number,
  { totalSteps, stepsPerEpoch }: Pick<Rounds, 'totalSteps' | 'stepsPerEpoch'>,
): number {
  // Jobs of earlier versions have neither of the two.
  const { warmup_epochs, warmup_rate: first = 0, cooldown_epochs = 0 } = schedule;
  const warmup = Math.round(warmup_epochs * stepsPerEpoch);
  const cooldown = Math.round(cooldown_epochs * stepsPerEpoch);
  const { start, end } = cycleOf(schedule, step, { totalSteps, stepsPerEpoch });
  const [at, steps] = [step - start, end - start];
  // Goyal et al., arXiv:1706.02677, section 2.2: the rate rises to the base in equal increments.
  if (at < warmup) return first + ((base - first) * (at + 1)) / warmup;
  // Few steps: rounding may leave none between warm-up and cool-down.
  const between = steps - warmup - cooldown;
  const done = between > 0 ? Math.min((at - warmup) / between, 1) : 1;
  return DECAYS[schedule.type](base, { run: at / steps, done }, schedule);
}

/** The steps that the schedule covers once: the whole run, unless it begins again. Jobs of earlier versions never do. */
function cycleOf(
  { restart_epochs: restarts = [] }: Schedule,
  step: number,
  { totalSteps, stepsPerEpoch }: Pick<Rounds, 'totalSteps' | 'stepsPerEpoch'>,
): { readonly start: number; readonly end: number } {
  const bounds = [0, ...restarts.map((epoch) => epoch * stepsPerEpoch), totalSteps];
  const next = bounds.findIndex((bound, index) => index > 0 && step < bound);
  const index = next === -1 ? bounds.length - 1 : next;
  return { start: bounds[index - 1] ?? 0, end: bounds[index] ?? totalSteps };
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
