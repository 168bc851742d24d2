import type { StepRange } from '../../method/index.js';
import type { Layer } from '../../network/index.js';
import type { Batch } from '../data/index.js';
import { coupledLoss } from '../objective/coupling-objective.js';
import { coupling } from '../objective/index.js';
import { classificationObjective, type LocalLoss, type LossStep } from '../objective/local-objective.js';
import type { Optimizer } from '../optimizer/index.js';
import { type Precision, type TrainingContext, trainPass } from '../passes/index.js';
import { free, read, type Tensor, undoOnError } from '../runtime/index.js';
import type { Stopwatch } from '../stopwatch.js';
import {
  type SampleRows,
  type StoredBatch,
  type StoredVariables,
  updateVariables,
} from '../stored-variables/index.js';
import { checkedReport, STEPS_PER_REPORT, type StepReport } from './train-steps.js';

/** Stored variables of a boundary, and the features of the untrained network for a batch there, [B x n]. */
export interface BoundaryVariables {
  readonly stored: StoredVariables;
  readonly initial: { prepare(): Promise<void>; of(batch: Batch): Float32Array };
}

export interface StoredStepsOptions {
  readonly stage: number;
  readonly layers: readonly Layer[];
  readonly steps: StepRange;
  /** The first step to run: after a checkpoint, otherwise the first of `steps`. */
  readonly from: number;
  readonly seed: number;
  /** The numbers that the stage's own passes compute in. */
  readonly precision: Precision;
  readonly batchAt: (step: number) => Batch | Promise<Batch>;
  /** Dataset indices of the images in the batch. */
  readonly samplesAt: (step: number) => Uint32Array;
  /** lambda_k; null for stage 0, which reads the images. */
  readonly own: BoundaryVariables | null;
  /** o_{k-1} of the previous round; null in the first round and for stage 0. */
  readonly upstreamFeatures: SampleRows | null;
  /** lambda_{k+1} as its stage stored it; null for the last stage. */
  readonly downstream: BoundaryVariables | null;
  /** Receives o_k of every sample; null for the last stage. */
  readonly features: SampleRows | null;
  readonly beta: number;
  readonly labelSmoothing: number;
  readonly optimizer: Optimizer;
  readonly learningRateAt: (step: number) => number;
  readonly onReport: (report: StepReport) => void;
  /** Awaited between steps; `next` is the first step that is not made yet. */
  readonly breathe: (next: number) => Promise<void>;
  readonly stopwatch: Stopwatch;
}

/**
 * Trains one stage on auxiliary variables that are stored per sample (arXiv:2009.01462; docs/method.md, "Stored
 * variables"). For each batch, it reads lambda_k, computes and writes o_k = F_k(lambda_k), and computes the local
 * loss: cross-entropy, or the coupling with the stored lambda_{k+1}. The gradient g_k updates lambda_k, and the
 * gradient of theta_k updates the weights.
 * @throws TrainerError non_finite_loss naming stage, step, and whether it is the loss, a gradient or weights
 */
export async function trainStoredSteps(options: StoredStepsOptions): Promise<void> {
  const { steps, stopwatch } = options;
  for (let step = options.from; step < steps.end; step++) {
    const reports = (step - steps.start) % STEPS_PER_REPORT === 0 || step === steps.end - 1;
    const batch = await stopwatch.timeAsync('data', async () => options.batchAt(step));
    try {
      await stopwatch.timeAsync('variables', () => prepareInitial(options, step));
      const report = undoOnError(() => trainStep(options, batch, step, reports));
      if (report) options.onReport(report);
    } finally {
      batch.dispose();
    }
    await options.breathe(step + 1);
  }
}

/** Prepares the features from which samples without a row start. */
async function prepareInitial(
  { own, downstream, samplesAt }: StoredStepsOptions,
  step: number,
): Promise<void> {
  for (const boundary of [own, downstream]) {
    if (boundary && !boundary.stored.knows(samplesAt(step))) await boundary.initial.prepare();
  }
}

function trainStep(
  options: StoredStepsOptions,
  batch: Batch,
  step: number,
  reports: boolean,
): StepReport | null {
  const { own, optimizer, layers, seed, precision, stage, stopwatch } = options;
  const samples = options.samplesAt(step);
  const learningRate = options.learningRateAt(step);
  const gradients = new Map<string, Tensor>();
  const variables =
    own && stopwatch.time('variables', () => own.stored.read(samples, () => own.initial.of(batch)));
  const lambda = own && variables && own.stored.toTensor(variables.lambda);
  const context = { weights: optimizer.weights, gradients, draw: { seed, step }, precision };
  const pass = stopwatch.time('forward', () =>
    trainPass(layers, lambda ?? batch.images, context, lambda !== null),
  );
  stopwatch.time('spool', () => options.features?.write(samples, read(pass.output)));
  const local = localLoss(options, pass.output, samples, { batch, step, learningRate, stopwatch }, context);
  const measured = reports ? stopwatch.time('report', () => local.measure()) : null;
  local.dispose();
  const inputGradient = stopwatch.time('backward', () => pass.pullback(local.cotangent));
  free(local.cotangent);
  const norms = stopwatch.time('optimizer', () => optimizer.step(gradients, learningRate, reports));
  if (own && variables && lambda && inputGradient) {
    stopwatch.time('variables', () =>
      move(options, own.stored, samples, variables, inputGradient, learningRate),
    );
    free(lambda, inputGradient);
  }
  return measured && norms && checkedReport({ step, learningRate, ...measured, norms }, stage);
}

function localLoss(
  { downstream, beta, labelSmoothing }: StoredStepsOptions,
  stageOutput: Tensor,
  samples: Uint32Array,
  at: LossStep,
  training: TrainingContext,
): LocalLoss {
  if (!downstream) return classificationObjective(labelSmoothing)(stageOutput, at, training);
  return at.stopwatch.time('coupling', () => {
    const next = downstream.stored.read(samples, () => downstream.initial.of(at.batch));
    const lambda = downstream.stored.toTensor(next.lambda);
    // The multiplier replaces g in the cotangent: kappa = -g at the solution.
    const gradient = next.multiplier && downstream.stored.toTensor(next.multiplier.map((kappa) => -kappa));
    const made = coupling(stageOutput, lambda, gradient, { beta });
    free(lambda, ...(gradient ? [gradient] : []));
    return coupledLoss(made);
  });
}

/** Updates lambda_k and kappa_k of the batch, with the learning rate of the stage as eta. */
function move(
  { upstreamFeatures, beta }: StoredStepsOptions,
  stored: StoredVariables,
  samples: Uint32Array,
  variables: StoredBatch,
  inputGradient: Tensor,
  eta: number,
): void {
  const hasFeatures = Array.from(samples, (sample) => upstreamFeatures?.has(sample) ?? false);
  const features = upstreamFeatures?.read(samples) ?? new Float32Array(variables.lambda.length);
  const batch = { ...variables, gradient: read(inputGradient), features, hasFeatures };
  stored.write(samples, updateVariables(batch, eta, beta));
}
