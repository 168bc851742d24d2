import { TrainerError } from '../errors.js';
import type { LocalLoss, LossStep } from '../objective/local-objective.js';
import type { Norms, Optimizer } from '../optimizer/index.js';
import type { Tensor } from '../runtime/index.js';

export interface StepReport {
  /** The stage's number in metrics and errors; null for the whole network. */
  readonly stage: number | null;
  readonly step: number;
  readonly learningRate: number;
  /** Null for a stage of a pipeline before the last one, which has no loss of its own. */
  readonly loss: number | null;
  readonly violation: number | null;
  /** Over the stage and its AuxNet: of the gradient before clipping, of the weights after the step. */
  readonly norms: Norms;
}

/** An optimiser step, and whether its losses and norms are read back. */
export interface StepAt extends LossStep {
  readonly reports: boolean;
}

/** A loss and, for a coupling, its violation; null where the step reports nothing. */
export type Measured = Pick<StepReport, 'loss' | 'violation'> | null;

/** Reads the loss back where the step reports, and disposes of it; its cotangent stays. */
export function measureLoss({ reports, stopwatch }: StepAt, loss: LocalLoss): Measured {
  const measured = reports ? stopwatch.time('report', () => loss.measure()) : null;
  loss.dispose();
  return measured;
}

/**
 * Updates a stage's weights by `gradients`, which it takes over.
 * @returns the step's report, or none where nothing is measured
 * @throws TrainerError non_finite_loss
 */
export function updateWeights(
  { step, learningRate, reports, stopwatch }: Omit<StepAt, 'batch'>,
  stage: number | null,
  optimizer: Optimizer,
  gradients: Map<string, Tensor>,
  measured: Measured,
): StepReport[] {
  const norms = stopwatch.time('optimizer', () => optimizer.step(gradients, learningRate, reports));
  return measured && norms ? [checkedReport({ stage, step, learningRate, ...measured, norms })] : [];
}

/** In the order in which they go wrong: a loss makes gradients, gradients make weights. */
function checkedReport(report: StepReport): StepReport {
  const { stage, loss, norms, step } = report;
  const tensor = loss === null || Number.isFinite(loss) ? norms.nonFinite : 'loss';
  if (tensor === null) return report;
  const where = stage === null ? 'the network' : `stage ${stage}`;
  throw new TrainerError(
    'non_finite_loss',
    `in ${where} the ${tensor} was not finite at step ${step}; ` +
      'a lower learning_rate or penalty, or optimizer.clip_norm, keeps training finite',
    { stage, step, tensor },
  );
}
