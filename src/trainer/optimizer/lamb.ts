import * as kernels from '../kernels/index.js';
import { arena, free, type Tensor, type Variable, valuesOf } from '../runtime/index.js';
import { type AdamwSettings, adamDirection, adamScalars, moveByAdam } from './adamw.js';
import { hasRatio, normOnDevice, type RatioScalars, ratioOfNorms, ratioScalars } from './norm-ratio.js';
import { parameterwise, type UpdateRule } from './update-rule.js';

/**
 * Layer-wise adaptive moments (You et al., arXiv:1904.00962, algorithm 2, with the identity for phi): Adam's direction
 * u = (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon) + weightDecay w, as long as the weights:
 *   w <- w - rate (|w| / |u|) u,   without the ratio for parameters with one dimension
 * Ahead by n updates: the same with n rate and without decay, w at t = 0.
 */
export function lamb(settings: AdamwSettings): UpdateRule {
  return parameterwise({
    slots: ['first_moment', 'second_moment'],
    countsSteps: true,
    apply: (parameter, memory, scalarOf) => {
      const { weights, learningRate, weightDecay, update } = parameter;
      // At rate 0 it updates the moments alone.
      moveByAdam(0, parameter, memory, settings, scalarOf);
      const adam = adamScalars(settings, update, scalarOf);
      const [rate, decay] = [scalarOf(learningRate), scalarOf(weightDecay)];
      const scalars = ratioScalars(scalarOf);
      const change = arena(() => {
        const direction = kernels.add(
          adamDirection(memory, adam),
          kernels.multiply(valuesOf(weights), decay),
        );
        return kernels.multiply(asLongAs(weights, direction, scalars), rate);
      });
      kernels.subtractFrom(weights, change);
      free(change);
    },
    ahead: ({ weights, distance, updates }, memory, scalarOf) => {
      if (updates === 0) return valuesOf(weights);
      const adam = adamScalars(settings, updates, scalarOf);
      const factor = scalarOf(distance);
      const scalars = ratioScalars(scalarOf);
      return arena(() => {
        const direction = asLongAs(weights, adamDirection(memory, adam), scalars);
        return kernels.subtract(valuesOf(weights), kernels.multiply(direction, factor));
      });
    },
  });
}

/** The direction with the length of the weights, in an arena; as it is for parameters with one dimension. */
function asLongAs(weights: Variable, direction: Tensor, scalars: RatioScalars): Tensor {
  if (!hasRatio(direction)) return direction;
  const length = normOnDevice(valuesOf(weights), scalars);
  return kernels.multiply(direction, ratioOfNorms(length, normOnDevice(direction, scalars), scalars));
}
