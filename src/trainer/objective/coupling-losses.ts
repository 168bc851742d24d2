import type { CouplingLoss } from '../../method/index.js';
import * as kernels from '../kernels/index.js';
import { arena, type Tensor } from '../runtime/index.js';
import { type Coupling, coupling, type Penalty, residualPull } from './coupling.js';

/**
 * The coupling of each `method.coupling`, with its gradient.
 * @param output of the stage [B,h,w,c]: o, or the values z before its last ReLU if the rules say so (coupling-losses.ts of
 * src/method)
 * @param downstreamInput lambda, of the same shape
 * @param inputGradient the multiplier g, or null
 */
type CouplingFormula = (
  output: Tensor,
  downstreamInput: Tensor,
  inputGradient: Tensor | null,
  penalty: Penalty,
) => Coupling;

/** The implementation of every `method.coupling` of the contract. */
export const COUPLING_FORMULAS: Readonly<Record<CouplingLoss, CouplingFormula>> = {
  squared: coupling,
  'bregman-relu': bregmanCoupling,
};

/**
 * The local loss of stage k < K-1 with a Bregman distance in place of the square (Wang and Benning, arXiv:2208.08772), for
 * lambda >= 0 and o = relu(z):
 *   beta B(lambda, z) / N  +  <g, o>,   B = |lambda|^2 / 2 + |o|^2 / 2 - <lambda, z>
 * with N of `coupling`. The gradient of B in z is o - lambda: no derivative of the ReLU. The multiplier keeps its own, so that
 * lambda = o and kappa = -g still give back-propagation's gradient.
 */
function bregmanCoupling(
  preActivation: Tensor,
  downstreamInput: Tensor,
  inputGradient: Tensor | null,
  penalty: Penalty,
): Coupling {
  return arena(() => {
    const output = kernels.relu(preActivation);
    const { pull, ...measured } = residualPull(output, downstreamInput, inputGradient, penalty);
    const cotangent =
      inputGradient === null ? pull : kernels.add(pull, kernels.reluGradient(inputGradient, output));
    // B = |o - lambda|^2 / 2 + <lambda, o - z>, and both parts are at least 0.
    const below = kernels.multiply(downstreamInput, kernels.subtract(output, preActivation));
    return { ...measured, cotangent, lifted: kernels.sumOfAll(below) };
  });
}
