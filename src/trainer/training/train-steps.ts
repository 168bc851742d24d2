import { countBefore, type StepRange } from '../../method/index.js';
import type { Layer } from '../../network/index.js';
import type { Batch } from '../data/index.js';
import { TrainerError } from '../errors.js';
import type { LocalObjective } from '../objective/local-objective.js';
import type { Norms, Optimizer } from '../optimizer/index.js';
import { type Precision, trainPass } from '../passes/index.js';
import { free, type Tensor, undoOnError } from '../runtime/index.js';
import type { Stopwatch } from '../stopwatch.js';

/** A stage, or the whole network as a single part. */
export interface TrainedPart {
  /** Stage index in metrics and errors; null for the whole network. */
  readonly stage: number | null;
  readonly layers: readonly Layer[];
  /** A_k, which makes the input from the images; null if the part reads the images or received features. */
  readonly auxiliary: readonly Layer[] | null;
}

export interface StepReport {
  readonly step: number;
  readonly learningRate: number;
  readonly loss: number;
  readonly violation: number | null;
  /** Norms over the part and its AuxNet: of the gradient before clipping, and of the weights after the step. */
  readonly norms: Norms;
}

export interface TrainStepsOptions {
  readonly part: TrainedPart;
  readonly steps: StepRange;
  /** The first step to run: after a checkpoint, otherwise the first of `steps`. */
  readonly from?: number;
  /** The seed of the run. Dropout masks depend on it and on the step. */
  readonly seed: number;
  /** Precision of the passes of this part. Absent: float32. */
  readonly precision?: Precision;
  /** Called once per step, in order. The loop disposes of the batches. */
  readonly batchAt: (step: number) => Batch | Promise<Batch>;
  /** o_{k-1} of each batch, if the upstream stage sends it. The loop frees it. */
  readonly inputAt?: ((step: number) => Tensor) | null;
  readonly objective: LocalObjective;
  readonly optimizer: Optimizer;
  readonly learningRateAt: (step: number) => number;
  /** Receives g_k of each batch, the message to the upstream stage. The loop owns the tensor. */
  readonly onInputGradient: ((gradient: Tensor) => void) | null;
  /** Receives o_k of each batch, the message to the downstream stage. The loop owns the tensor. */
  readonly onStageOutput?: ((output: Tensor) => void) | null;
  readonly onReport: (report: StepReport) => void;
  /** Awaited between steps, to process messages. `next` is the next step. */
  readonly breathe: (next: number) => Promise<void>;
  readonly stopwatch: Stopwatch;
}

/** Losses and norms are read back at this interval, because each read waits for the device. */
export const STEPS_PER_REPORT = 10;

/**
 * Trains one stage over a range of steps (docs/method.md, "The schedule"). For each batch x:
 *   1  lambda_k = A_k(x)                       (lambda_0 = x; o_{k-1} itself if it is sent)
 *   2  o_k = F_k(lambda_k)                     (sent downstream by methods with local heads)
 *   3  local loss: cross-entropy, of a local head or the network's, or the coupling with the downstream stage
 *   4  g_k = d loss / d lambda_k, and the gradient of theta_k
 *   5  g_k goes upstream, and trains A_k end to end
 *   6  update theta_k and omega_k
 * @throws TrainerError non_finite_loss naming stage, step and tensor: the loss, or the gradient or weights of a
 * parameter
 */
export async function trainSteps(options: TrainStepsOptions): Promise<void> {
  const { steps, stopwatch, from = steps.start } = options;
  const { stride = 1 } = steps;
  for (let step = from; step < steps.end; step += stride) {
    const reports = countBefore(steps, step) % STEPS_PER_REPORT === 0 || step + stride >= steps.end;
    const batch = await stopwatch.timeAsync('data', async () => options.batchAt(step));
    try {
      // A warm trainer outlives a failed task, so the tensors of the failed step must be freed.
      const report = undoOnError(() => trainStep(options, batch, step, reports));
      if (report) options.onReport(report);
    } finally {
      batch.dispose();
    }
    await options.breathe(step + stride);
  }
}

function trainStep(
  options: TrainStepsOptions,
  batch: Batch,
  step: number,
  reports: boolean,
): StepReport | null {
  const { part, optimizer, stopwatch: watch } = options;
  const learningRate = options.learningRateAt(step);
  const context = {
    weights: optimizer.weights,
    gradients: new Map<string, Tensor>(),
    draw: { seed: options.seed, step },
    precision: options.precision,
  };
  const { auxiliary } = part;
  const lambda =
    auxiliary && watch.time('auxiliary_forward', () => trainPass(auxiliary, batch.images, context, false));
  const { inputAt, onStageOutput } = options;
  const received = inputAt ? watch.time('spool', () => inputAt(step)) : null;
  const stageInput = lambda?.output ?? received ?? batch.images;
  const forward = watch.time('forward', () => trainPass(part.layers, stageInput, context, lambda !== null));
  if (onStageOutput) watch.time('spool', () => onStageOutput(forward.output));
  const local = options.objective(forward.output, { batch, step, learningRate, stopwatch: watch }, context);
  const measured = reports ? watch.time('report', () => local.measure()) : null;
  local.dispose();
  const inputGradient = watch.time('backward', () => forward.pullback(local.cotangent));
  free(local.cotangent, ...(received ? [received] : []));
  if (lambda && inputGradient) {
    watch.time('spool', () => options.onInputGradient?.(inputGradient));
    watch.time('auxiliary_backward', () => lambda.pullback(inputGradient));
  }
  if (inputGradient) free(inputGradient);
  const norms = watch.time('optimizer', () => optimizer.step(context.gradients, learningRate, reports));
  return measured && norms && checkedReport({ step, learningRate, ...measured, norms }, part.stage);
}

/**
 * Checks in the order in which values become infinite: loss, gradients, weights. @throws TrainerError
 * non_finite_loss
 */
export function checkedReport(report: StepReport, stage: number | null): StepReport {
  const { loss, norms, step } = report;
  const tensor = Number.isFinite(loss) ? norms.nonFinite : 'loss';
  if (tensor === null) return report;
  const where = stage === null ? 'the network' : `stage ${stage}`;
  throw new TrainerError(
    'non_finite_loss',
    `in ${where} the ${tensor} was not finite at step ${step}; ` +
      'a lower learning_rate or penalty, or optimizer.clip_norm, keeps training finite',
    { stage, step, tensor },
  );
}
