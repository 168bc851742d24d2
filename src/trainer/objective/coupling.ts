import * as kernels from '../kernels/index.js';
import { arena, scalar, type Tensor } from '../runtime/index.js';

/** The penalty coefficient beta: a number, or the rule below. */
export type Penalty = { readonly beta: number } | { readonly adaptiveMax: number };

/** With a lower beta, the stages drift apart (docs/method.md, "The choice of beta"). */
const MIN_ADAPTIVE_BETA = 3;

/**
 * Lower limit of |o|^2, as a share of |lambda|^2. The gradient on a shrinking output grows as |lambda| / |o|^2,
 * which no learning rate bounds: the output oscillates until every ReLU is off, and then zero is divided by zero.
 * The limit is reached when the output has less than half the length of its target. Of 20 seeds of a small network
 * at the default rate, 9 diverged without it and none with 1/4. 1/8 and 1/2 left one and two with dead outputs
 * (docs/method.md, "The choice of beta").
 */
const MIN_SQUARED_RATIO = 0.25;
/** Prevents zero divided by zero if both are zero. Far below |o|^2 of any working network. */
const MIN_HALF_NORM = 2 ** -100;

export interface Coupling {
  /** d local loss / d stageOutput, [B,h,w,c]. */
  readonly cotangent: Tensor;
  /** |o - lambda|^2 / 2, N / 2 over the batch and beta, as scalars for the metrics. */
  readonly halfResidual: Tensor;
  readonly halfNorm: Tensor;
  readonly beta: Tensor;
  /** The part of a Bregman loss beside |o - lambda|^2 / 2, as a scalar. Absent: there is none. */
  readonly lifted?: Tensor;
}

/**
 * The local loss of stage k < K-1, whose output o must meet the downstream stage's input lambda:
 *   (beta / 2) |o - lambda|^2 / N  +  <g, o>,   N = max(|o|^2, |lambda|^2 / 4)
 * with N over the batch held constant. `inputGradient` g = d(downstream loss)/d lambda stands for the multiplier
 * (kappa = -g at optimality), null for the penalty method: arXiv:2112.05387, penalty and augmented Lagrangian;
 * the relative norm is ours, docs/method.md.
 */
export function coupling(
  stageOutput: Tensor,
  downstreamInput: Tensor,
  inputGradient: Tensor | null,
  penalty: Penalty,
): Coupling {
  return arena(() => {
    const { pull, ...measured } = residualPull(stageOutput, downstreamInput, inputGradient, penalty);
    const cotangent = inputGradient === null ? pull : kernels.add(pull, inputGradient);
    return { ...measured, cotangent };
  });
}

/** beta (o - lambda) / N, and the figures of a coupling. Called in an arena, to which all tensors belong. */
export function residualPull(
  stageOutput: Tensor,
  downstreamInput: Tensor,
  inputGradient: Tensor | null,
  penalty: Penalty,
): Omit<Coupling, 'cotangent' | 'lifted'> & { readonly pull: Tensor } {
  const halfOutput = kernels.halfSquaredNorm(stageOutput);
  const halfNorm = flooredNorm(halfOutput, downstreamInput);
  const residual = kernels.subtract(stageOutput, downstreamInput);
  const beta = betaTensor(penalty, inputGradient, halfOutput);
  const coefficient = kernels.divide(beta, kernels.multiply(scalar(2), halfNorm));
  const pull = kernels.multiply(residual, coefficient);
  return { pull, halfResidual: kernels.halfSquaredNorm(residual), halfNorm, beta };
}

/** N / 2 */
function flooredNorm(halfOutput: Tensor, downstreamInput: Tensor): Tensor {
  const halfTarget = kernels.halfSquaredNorm(downstreamInput);
  const min = kernels.maximum(kernels.multiply(halfTarget, scalar(MIN_SQUARED_RATIO)), scalar(MIN_HALF_NORM));
  return kernels.maximum(halfOutput, min);
}

function betaTensor(penalty: Penalty, inputGradient: Tensor | null, halfOutput: Tensor): Tensor {
  if ('beta' in penalty) return scalar(penalty.beta);
  if (inputGradient === null) throw new Error('an adaptive penalty requires a multiplier');
  return adaptiveBeta(inputGradient, halfOutput, penalty.adaptiveMax);
}

/** beta = clip(|g| |o|, 3, most): the residual's gradient is as strong as the multiplier's. */
function adaptiveBeta(inputGradient: Tensor, halfOutput: Tensor, max: number): Tensor {
  const product = kernels.multiply(kernels.halfSquaredNorm(inputGradient), halfOutput);
  const norms = kernels.multiply(scalar(2), kernels.squareRoot(product));
  return kernels.minimum(kernels.maximum(norms, scalar(MIN_ADAPTIVE_BETA)), scalar(max));
}
