import type { DatasetFacts, ResolvedSpec } from '../../contract/spec.js';
import { countRounds, roundsOf } from '../../method/rounds.js';
import type { SweepSpec } from './types.js';

/** Rungs of a job, or the reason why it cannot have any. */
export type Rungs =
  | { readonly rounds: readonly number[]; readonly every: number }
  | { readonly problem: string };

/**
 * The rounds after which a job is compared with others. They are in the layer-parallel phase: values before and after
 * the stages are joined cannot be compared.
 * @returns `every`: the job must be evaluated after every so many rounds
 */
export function placeRungs(
  stopping: SweepSpec['stopping'],
  spec: ResolvedSpec,
  dataset: Pick<DatasetFacts, 'train_count'>,
): Rungs {
  const rounds = roundsOf(spec, dataset);
  const { stepsPerEpoch, warmStartSteps, parallelRounds } = rounds;
  const minSteps = stopping.min_epochs * stepsPerEpoch;
  const wanted = countRounds(rounds, warmStartSteps, warmStartSteps + minSteps);
  const own = spec.evaluate_every ?? 1;
  // A job that is evaluated after every n rounds has its rungs among these.
  const first = Math.ceil(wanted / own) * own;
  const filling = spec.method.stages - 1;
  if (first < filling)
    return {
      problem: `The first rung is after ${first} rounds, before ${filling} rounds have filled all stages. Raise it.`,
    };
  if (first >= parallelRounds)
    return {
      problem: `The first rung is after ${first} rounds, and the stages train for ${parallelRounds}. Lower it.`,
    };
  const counts: number[] = [];
  for (let count = first; count < parallelRounds && counts.length < stopping.max_rungs; ) {
    counts.push(count);
    count = stopping.type === 'asha' ? count * stopping.divisor : count + first;
  }
  return { rounds: counts.map((count) => count - 1), every: spec.evaluate_every ?? first };
}
