import type { PassMemory } from '../../method/index.js';
import type { Layer } from '../../network/index.js';
import type { Batch } from '../data/index.js';
import { coupledLoss } from '../objective/coupling-objective.js';
import { coupling } from '../objective/index.js';
import { classificationObjective, type LocalLoss, type LossStep } from '../objective/local-objective.js';
import type { Optimizer } from '../optimizer/index.js';
import { type Precision, type TrainingContext, trainPass } from '../passes/index.js';
import { free, read, type Tensor } from '../runtime/index.js';
import {
  type SampleRows,
  type StoredBatch,
  type StoredVariables,
  updateVariables,
} from '../stored-variables/index.js';
import type { Trained } from './loop.js';
import { measureLoss, type StepAt, type StepReport, updateWeights } from './report.js';

/** Variables of a boundary, and the untrained network's features of a batch there, [B x n]. */
export interface BoundaryVariables {
  readonly stored: StoredVariables;
  readonly initial: { prepare(): Promise<void>; of(batch: Batch): Float32Array };
}

export interface StoredStepOptions {
  readonly stage: number;
  readonly layers: readonly Layer[];
  /** The run's: dropout masks follow from it and the step. */
  readonly seed: number;
  /** The numbers that the stage's own passes compute in. */
  readonly precision: Precision;
  readonly memory: PassMemory;
  /** Indices of the batch's images in the data set. */
  readonly samplesAt: (step: number) => Uint32Array;
  /** lambda_k; null for stage 0, which reads the images. */
  readonly own: BoundaryVariables | null;
  /** o_{k-1} of the round before; null in the first one and for stage 0. */
  readonly upstreamFeatures: SampleRows | null;
  /** lambda_{k+1} as its stage left it; null for the last stage. */
  readonly downstream: BoundaryVariables | null;
  /** Receives o_k of every sample; null for the last stage. */
  readonly features: SampleRows | null;
  readonly beta: number;
  readonly labelSmoothing: number;
  readonly optimizer: Optimizer;
}

/**
 * Trains one stage on auxiliary variables that are stored per sample (arXiv:2009.01462; docs/method.md, "Stored
 * variables"). For each batch: lambda_k is read; o_k = F_k(lambda_k) is written; the local loss is cross-entropy or the
 * coupling with the stored lambda_{k+1}; its g_k moves lambda_k, and its gradient theta_k.
 */
export function storedStep(options: StoredStepOptions): Trained {
  return {
    prepare: (step, stopwatch) => stopwatch.timeAsync('variables', () => prepareInitial(options, step)),
    update: (at) => update(options, at),
  };
}

/** Has the features at hand that samples without a row start from. */
async function prepareInitial(
  { own, downstream, samplesAt }: StoredStepOptions,
  step: number,
): Promise<void> {
  for (const boundary of [own, downstream]) {
    if (boundary && !boundary.stored.knows(samplesAt(step))) await boundary.initial.prepare();
  }
}

function update(options: StoredStepOptions, at: StepAt): StepReport[] {
  const { own, optimizer, layers, seed, precision, memory, stage } = options;
  const { batch, step, learningRate, stopwatch } = at;
  const samples = options.samplesAt(step);
  const gradients = new Map<string, Tensor>();
  const variables =
    own && stopwatch.time('variables', () => own.stored.read(samples, () => own.initial.of(batch)));
  const lambda = own && variables && own.stored.toTensor(variables.lambda);
  const context = {
    weights: optimizer.weights,
    gradients,
    draw: { seed, step },
    precision,
    memory,
    wantsFactors: optimizer.wantsFactors,
  };
  const pass = stopwatch.time('forward', () =>
    trainPass(layers, lambda ?? batch.images, context, lambda !== null),
  );
  stopwatch.time('spool', () => options.features?.write(samples, read(pass.output)));
  const local = localLoss(options, pass.output, samples, at, context);
  const measured = measureLoss(at, local);
  const inputGradient = stopwatch.time('backward', () => pass.pullback(local.cotangent));
  free(local.cotangent);
  const reports = updateWeights(at, stage, optimizer, gradients, measured);
  if (own && variables && lambda && inputGradient) {
    stopwatch.time('variables', () =>
      move(options, own.stored, samples, variables, inputGradient, learningRate),
    );
    free(lambda, inputGradient);
  }
  return reports;
}

function localLoss(
  { downstream, beta, labelSmoothing }: StoredStepOptions,
  stageOutput: Tensor,
  samples: Uint32Array,
  at: LossStep,
  training: TrainingContext,
): LocalLoss {
  if (!downstream) return classificationObjective(labelSmoothing)(stageOutput, at, training);
  return at.stopwatch.time('coupling', () => {
    const next = downstream.stored.read(samples, () => downstream.initial.of(at.batch));
    const lambda = downstream.stored.toTensor(next.lambda);
    // The multiplier's place in the cotangent is that of g: kappa = -g where all is solved.
    const gradient = next.multiplier && downstream.stored.toTensor(next.multiplier.map((kappa) => -kappa));
    const made = coupling(stageOutput, lambda, gradient, { beta });
    free(lambda, ...(gradient ? [gradient] : []));
    return coupledLoss(made);
  });
}

/** Moves lambda_k and kappa_k of the batch, with the stage's own rate as eta. */
function move(
  { upstreamFeatures, beta }: StoredStepOptions,
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
