import * as kernels from '../kernels/index.js';
import { arena, free, type Tensor, type Variable, valuesOf } from '../runtime/index.js';
import { parameterwise, type UpdateRule } from './update-rule.js';

export interface AdamwSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, arXiv:1711.05101, algorithm 2, in PyTorch's form):
 *   m <- beta1 m + (1 - beta1) g,   v <- beta2 v + (1 - beta2) g^2
 *   w <- w - rate weightDecay w - rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon),   t = 1, 2, ...
 * Ahead by n updates: w - n rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon), w at t = 0.
 * The corrections by t are taken out of the fraction: rate and epsilon carry them.
 */
export function adamw({ beta1, beta2, epsilon }: AdamwSettings): UpdateRule {
  // The betas as rounded by the kernel. Otherwise the corrections would not match the sums in the kernel.
  const correctionsAt = (update: number) =>
    [1 - Math.fround(beta1) ** update, 1 - Math.fround(beta2) ** update] as const;
  return parameterwise({
    slots: ['first_moment', 'second_moment'],
    countsSteps: true,
    apply: (parameter, memory, scalarOf) => {
      const { weights, gradient, learningRate, weightDecay, update } = parameter;
      if (weightDecay !== 0) decay(weights, scalarOf(learningRate * weightDecay));
      const [mean, meanSquare] = correctionsAt(update);
      kernels.applyAdam(weights, memory('first_moment'), memory('second_moment'), gradient, {
        rate: scalarOf((learningRate * Math.sqrt(meanSquare)) / mean),
        beta1: scalarOf(beta1),
        beta2: scalarOf(beta2),
        epsilon: scalarOf(epsilon * Math.sqrt(meanSquare)),
        zero: scalarOf(0),
      });
    },
    ahead: ({ weights, distance, updates }, memory, scalarOf) => {
      if (updates === 0) return valuesOf(weights);
      const [mean, meanSquare] = correctionsAt(updates);
      const offset = scalarOf(epsilon * Math.sqrt(meanSquare));
      const factor = scalarOf((distance * Math.sqrt(meanSquare)) / mean);
      return arena(() => {
        const spread = kernels.add(kernels.squareRoot(valuesOf(memory('second_moment'))), offset);
        const unit = kernels.divide(valuesOf(memory('first_moment')), spread);
        return kernels.subtract(valuesOf(weights), kernels.multiply(unit, factor));
      });
    },
  });
}

function decay(weights: Variable, share: Tensor): void {
  const values = valuesOf(weights);
  const lost = kernels.multiply(values, share);
  free(values);
  kernels.subtractFrom(weights, lost);
  free(lost);
}
