import * as kernels from '../kernels/index.js';
import { free, valuesOf } from '../runtime/index.js';
import type { UpdateRule } from './update-rule.js';

export interface AdamwSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, arXiv:1711.05101, algorithm 2, in PyTorch's form):
 *   m <- beta1 m + (1 - beta1) g,   v <- beta2 v + (1 - beta2) g^2
 *   w <- w - rate weightDecay w - rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon),   t = 1, 2, ...
 * The corrections by t are taken out of the fraction: rate and epsilon carry them.
 */
export function adamw({ beta1, beta2, epsilon }: AdamwSettings): UpdateRule {
  return {
    slots: ['first_moment', 'second_moment'],
    countsSteps: true,
    apply: ({ weights, slots }, { gradient, learningRate, weightDecay, update, scalarOf }) => {
      if (weightDecay !== 0) {
        const values = valuesOf(weights);
        const decay = kernels.multiply(values, scalarOf(learningRate * weightDecay));
        free(values);
        kernels.subtractFrom(weights, decay);
        free(decay);
      }
      // The betas as the kernel sees them, or the means would not be of the values that it adds up.
      const [mean, meanSquare] = [beta1, beta2].map((beta) => 1 - Math.fround(beta) ** update) as [
        number,
        number,
      ];
      kernels.applyAdam(weights, slots.get('first_moment')!, slots.get('second_moment')!, gradient, {
        rate: scalarOf((learningRate * Math.sqrt(meanSquare)) / mean),
        beta1: scalarOf(beta1),
        beta2: scalarOf(beta2),
        epsilon: scalarOf(epsilon * Math.sqrt(meanSquare)),
        zero: scalarOf(0),
      });
    },
  };
}
