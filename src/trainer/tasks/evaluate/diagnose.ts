import type { MetricSample } from '../../../contract/trainer-protocol.js';
import type { RunDescription } from '../../../method/index.js';

import {
  auxiliaryError,
  fidelities,
  type LocalGradients,
  type TrainedNetwork,
} from '../../evaluation/index.js';
import { learningRateAt, type NamedValues } from '../../optimizer/index.js';
import { Stopwatch } from '../../training/index.js';
import type { TaskContext } from '../context.js';
import { trainBatchesOn } from '../inputs/batches.js';
import type { Readers } from '../inputs/readers.js';
import { trainerOf } from '../train/methods/index.js';

/**
 * Distance of the stages from the network they make: `fidelity` of each stage's gradient on the batch of `step`, and
 * `auxiliary_error` of each AuxNet on the scored images (docs/method.md, "Diagnostics"). Empty if there is one stage.
 */
export async function diagnose(
  context: TaskContext,
  run: RunDescription,
  weights: NamedValues,
  full: TrainedNetwork,
  readers: Pick<Readers, 'train' | 'test'>,
  step: number,
): Promise<MetricSample[]> {
  const { gradients } = trainerOf(context.assignment.spec.method);
  if (run.stages.length === 1 || gradients === null) return [];
  const found = await probeFidelity(context, run, gradients, weights, readers, step);
  const samples = found.flatMap((value, stage) =>
    value !== null && Number.isFinite(value) ? [{ name: 'fidelity', stage, step, value }] : [],
  );
  for (const { index: stage, auxiliary } of run.stages) {
    if (!auxiliary) continue;
    await context.betweenSteps();
    const prefix = full.part(run.stages.slice(0, stage).flatMap(({ layers }) => layers));
    try {
      const value = await auxiliaryError(prefix, auxiliary, weights, readers, context.assignment.spec.seed);
      if (value !== null) samples.push({ name: 'auxiliary_error', stage, step, value });
    } finally {
      prefix.dispose();
    }
  }
  return samples;
}

async function probeFidelity(
  context: TaskContext,
  { stages, rounds }: RunDescription,
  gradients: LocalGradients,
  weights: NamedValues,
  { train }: Pick<Readers, 'train'>,
  step: number,
): Promise<(number | null)[]> {
  const { spec } = context.assignment;
  const batch = await trainBatchesOn(train, context).at(step);
  try {
    return fidelities({
      stages,
      gradients,
      weights,
      method: spec.method,
      labelSmoothing: spec.label_smoothing,
      seed: spec.seed,
      at: {
        batch,
        step,
        learningRate: learningRateAt(spec.optimizer, step, rounds),
        stopwatch: new Stopwatch(context.now),
      },
    });
  } finally {
    batch.dispose();
  }
}
