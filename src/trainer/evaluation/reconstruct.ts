import { type Layer, parametersOf } from '../../network/index.js';
import { plainBatches, type SplitReader, type TrainBatches } from '../data/index.js';
import * as kernels from '../kernels/index.js';
import { coupling } from '../objective/index.js';
import {
  adamw,
  type NamedValues,
  Optimizer,
  sgd,
  startingSlots,
  type UpdateRule,
} from '../optimizer/index.js';
import { trainPass } from '../passes/index.js';
import { free, readScalar, type Tensor } from '../runtime/index.js';
import { evaluationBatchSize, TrainedNetwork } from './trained-network.js';

const BETA = 4;
const MOMENTUM = 0.9;

/** The steps of a fit. The rate falls linearly to zero. */
export interface Fit {
  readonly rule: UpdateRule;
  readonly learningRate: number;
  readonly steps: number;
}

/** The fit after training, as strong as the coupling of a stage (rate x beta = 0.4). */
export const REFIT: Fit = {
  rule: sgd({ momentum: MOMENTUM, nesterov: false }),
  learningRate: 0.1,
  steps: 200,
};

/**
 * The fit to a loaded network, whose later stages train on what the AuxNet makes and lose what it gets wrong
 * (docs/weights.md, "Which method").
 */
export const FIRST_FIT: Fit = {
  rule: adamw({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }),
  learningRate: 0.03,
  steps: 500,
};

/** Number of test images for the error. */
const ERROR_IMAGES = 1000;

export interface ReconstructOptions {
  /** F_{k-1} o ... o F_0 with fixed statistics: computes the true stage input. */
  readonly prefix: TrainedNetwork;
  readonly auxiliary: readonly Layer[];
  readonly weights: NamedValues;
  readonly batches: TrainBatches;
  readonly fit: Fit;
  readonly betweenSteps: () => Promise<void>;
}

/**
 * Fits an AuxNet to the true stage inputs again, by least squares relative to their size, because the network that
 * it replaces has changed in the end-to-end phase. Returns new weights (docs/method.md, AuxNet reconstruction).
 */
export async function reconstructAuxiliary(options: ReconstructOptions): Promise<NamedValues> {
  const parameters = parametersOf(options.auxiliary);
  const { rule, steps } = options.fit;
  const state = { weights: options.weights, slots: startingSlots(parameters, rule) };
  const optimizer = new Optimizer(parameters, state, { rule, weightDecayOf: () => 0 });
  try {
    for (let step = 0; step < steps; step++) {
      await fitStep(options, optimizer, step);
      await options.betweenSteps();
    }
    return optimizer.state().weights;
  } finally {
    optimizer.dispose();
  }
}

async function fitStep(
  { prefix, auxiliary, batches, fit }: ReconstructOptions,
  optimizer: Optimizer,
  step: number,
): Promise<void> {
  const batch = await batches.at(step);
  const target = prefix.infer(batch.images);
  const gradients = new Map<string, Tensor>();
  const pass = trainPass(auxiliary, batch.images, { weights: optimizer.weights, gradients }, false);
  const { cotangent, halfResidual, halfNorm, beta } = coupling(pass.output, target, null, { beta: BETA });
  pass.pullback(cotangent);
  free(target, cotangent, halfResidual, halfNorm, beta);
  batch.dispose();
  optimizer.step(gradients, fit.learningRate * (1 - step / fit.steps));
}

/**
 * |A_k(x) - F_{k-1}(...x)| / |F_{k-1}(...x)| over test images. The AuxNet is calibrated like the network. Null if
 * the error is not finite, for example if an upstream stage has died and the true inputs are zero.
 */
export async function auxiliaryError(
  prefix: TrainedNetwork,
  auxiliary: readonly Layer[],
  weights: NamedValues,
  readers: { readonly train: SplitReader; readonly test: SplitReader },
  seed: number,
): Promise<number | null> {
  const network = await TrainedNetwork.calibrate(auxiliary, weights, readers.train, seed);
  try {
    const error = await relativeError(prefix, network, readers.test);
    return Number.isFinite(error) ? error : null;
  } finally {
    network.dispose();
  }
}

async function relativeError(
  prefix: TrainedNetwork,
  network: TrainedNetwork,
  test: SplitReader,
): Promise<number> {
  let residual = 0;
  let norm = 0;
  const count = Math.min(ERROR_IMAGES, test.count);
  for await (const batch of plainBatches(test, evaluationBatchSize(test.manifest.image), count)) {
    const target = prefix.infer(batch.images);
    const made = network.infer(batch.images);
    const difference = kernels.subtract(made, target);
    residual += squaredNorm(difference);
    norm += squaredNorm(target);
    free(target, made, difference);
  }
  return Math.sqrt(residual / norm);
}

function squaredNorm(tensor: Tensor): number {
  const half = kernels.halfSquaredNorm(tensor);
  const value = 2 * readScalar(half);
  free(half);
  return value;
}
