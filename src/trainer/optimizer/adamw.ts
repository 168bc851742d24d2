import * as kernels from '../kernels/index.js';
import { free, scalar, type Tensor } from '../runtime/index.js';
import { combine, type Factor, freeFactor, scale } from './factor.js';
import type { UpdateRule } from './update-rule.js';

export interface AdamwSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, arXiv:1711.05101, algorithm 2, in PyTorch's form):
 *   m <- beta1 m + (1 - beta1) g,   v <- beta2 v + (1 - beta2) g^2
 *   direction (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon) + weightDecay w,   t = 1, 2, ...
 */
export function adamw({ beta1, beta2, epsilon }: AdamwSettings): UpdateRule {
  return {
    slots: ['first_moment', 'second_moment'],
    countsSteps: true,
    direct: ({ gradient, weights, slots, weightDecay, factorOfUpdate }) => {
      const first = combine(slots.get('first_moment')!, beta1, gradient, 1 - beta1);
      const square = kernels.multiply(gradient, gradient);
      const second = combine(slots.get('second_moment')!, beta2, square, 1 - beta2);
      free(square);
      const correction = factorOfUpdate((update) => 1 / (1 - beta2 ** update));
      const deviation = rootOf(second, correction, epsilon);
      const normalized = kernels.divide(first, deviation);
      free(deviation);
      const rise = factorOfUpdate((update) => 1 / (1 - beta1 ** update));
      const direction = combine(normalized, rise, weights, weightDecay);
      free(normalized);
      freeFactor(correction);
      freeFactor(rise);
      return {
        direction,
        slots: new Map([
          ['first_moment', first],
          ['second_moment', second],
        ]),
      };
    },
  };
}

/** sqrt(moment x correction) + epsilon */
function rootOf(moment: Tensor, correction: Factor, epsilon: number): Tensor {
  const corrected = scale(moment, correction);
  const root = kernels.squareRoot(corrected);
  const shift = scalar(epsilon);
  const result = kernels.add(root, shift);
  free(corrected, root, shift);
  return result;
}
