import type { JobSpec } from '../../../contract/spec.js';
import { storesVariables } from '../../../method/methods.js';
import { defaultRoundSteps } from '../../../method/rounds.js';
import type { Problems } from '../problems.js';
import type { MethodFacts } from './facts.js';

/** Tasks that one job may be cut into: more would cost more to keep than to train. */
const MAX_TASKS = 20_000;
/** The contract's limit on method.round_steps. */
const MAX_ROUND_STEPS = 10_000;

/** @returns optimizer steps of a round, the unit of a stage task */
export function resolveRoundSteps(
  { type, round_steps: asked }: JobSpec['method'],
  { stages, stepsPerEpoch, totalSteps }: MethodFacts,
  parallelSteps: number,
  report: Problems,
): number {
  const stores = storesVariables({ type, stages });
  const steps = asked ?? (stores ? stepsPerEpoch : defaultRoundSteps(totalSteps, parallelSteps));
  if (stores) checkWholeEpochs(type, steps, stepsPerEpoch, report);
  return steps;
}

/** A step changes the variables of its samples only, so a round consists of whole epochs. */
function checkWholeEpochs(
  type: JobSpec['method']['type'],
  roundSteps: number,
  stepsPerEpoch: number,
  report: Problems,
): void {
  if (stepsPerEpoch > MAX_ROUND_STEPS) {
    report(
      '/batch_size',
      `makes epochs of ${stepsPerEpoch} steps; ${type} trains whole epochs a round, of at most ${MAX_ROUND_STEPS} ` +
        'steps: use a greater batch size, or a smaller max_train_samples',
    );
  } else if (roundSteps % stepsPerEpoch !== 0) {
    const nearest = stepsPerEpoch * Math.max(1, Math.round(roundSteps / stepsPerEpoch));
    report(
      '/method/round_steps',
      `must be a multiple of ${stepsPerEpoch}, the steps per epoch, with method ${type}; use ${nearest}, or null for one epoch`,
    );
  }
}

/** @param width tasks of a round: its stages, or the replicas of the end-to-end phase where these are more */
export function checkTaskCount(
  totalSteps: number,
  roundSteps: number,
  width: number,
  report: Problems,
): void {
  const tasks = Math.ceil(totalSteps / roundSteps) * width;
  if (tasks <= MAX_TASKS) return;
  const min = Math.ceil((totalSteps * width) / MAX_TASKS);
  report(
    '/method/round_steps',
    `${roundSteps} steps a round would make ${tasks} tasks of the ${MAX_TASKS} allowed; use ${min} or more`,
  );
}
