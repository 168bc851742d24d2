import * as kernels from '../kernels/index.js';
import { arena, scalar, type Tensor } from '../runtime/index.js';

/** The penalty coefficient beta: a number, or the rule below. */
export type Penalty = { readonly beta: number } | { readonly adaptiveAtMost: number };

/** beta below this lets the stages drift apart (docs/method.md, "The choice of beta"). */
const LEAST_ADAPTIVE_BETA = 3;

export interface Coupling {
  /** d local loss / d stageOutput, [B,h,w,c]. */
  readonly cotangent: Tensor;
  /** |o - lambda|^2 / 2, |o|^2 / 2 over the batch and beta, as scalars: what the metrics are made of. */
  readonly halfResidual: Tensor;
  readonly halfNorm: Tensor;
  readonly beta: Tensor;
}

/**
 * The local loss of stage k < K-1, whose output o must meet the downstream stage's input lambda:
 *   (beta / 2) |o - lambda|^2 / |o|^2  +  <g, o>
 * with |o|^2 over the batch held constant. `inputGradient` g = d(downstream loss)/d lambda stands for the multiplier
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
    const halfNorm = kernels.halfSquaredNorm(stageOutput);
    const residual = kernels.subtract(stageOutput, downstreamInput);
    const beta = betaTensor(penalty, inputGradient, halfNorm);
    const coefficient = kernels.divide(beta, kernels.multiply(scalar(2), halfNorm));
    const pull = kernels.multiply(residual, coefficient);
    const cotangent = inputGradient === null ? pull : kernels.add(pull, inputGradient);
    return { cotangent, halfResidual: kernels.halfSquaredNorm(residual), halfNorm, beta };
  });
}

function betaTensor(penalty: Penalty, inputGradient: Tensor | null, halfNorm: Tensor): Tensor {
  if ('beta' in penalty) return scalar(penalty.beta);
  if (inputGradient === null) throw new Error('an adaptive penalty follows the multiplier: there is none');
  return adaptiveBeta(inputGradient, halfNorm, penalty.adaptiveAtMost);
}

/** beta = clip(|g| |o|, 3, most): the residual's pull is as strong as the multiplier's. */
function adaptiveBeta(inputGradient: Tensor, halfNorm: Tensor, most: number): Tensor {
  const product = kernels.multiply(kernels.halfSquaredNorm(inputGradient), halfNorm);
  const norms = kernels.multiply(scalar(2), kernels.squareRoot(product));
  return kernels.minimum(kernels.maximum(norms, scalar(LEAST_ADAPTIVE_BETA)), scalar(most));
}
