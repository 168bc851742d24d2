import * as kernels from '../kernels/index.js';
import { free, valuesOf } from '../runtime/index.js';
import type { UpdateRule } from './update-rule.js';

export interface SgdSettings {
  readonly momentum: number;
  /** Look ahead along the momentum. */
  readonly nesterov: boolean;
}

/**
 * Stochastic gradient descent with momentum (Polyak 1964; form of Sutskever et al. 2013 as in PyTorch):
 *   g <- g + weightDecay w,   v <- momentum v + g
 *   w <- w - learningRate v, or for Nesterov w - learningRate (g + momentum v).
 */
export function sgd({ momentum, nesterov }: SgdSettings): UpdateRule {
  return {
    slots: ['momentum'],
    countsSteps: false,
    apply: ({ weights, slots }, { gradient, learningRate, weightDecay, scalarOf }) => {
      const total = weightDecay === 0 ? gradient : decayed();
      const scalars = { rate: scalarOf(learningRate), momentum: scalarOf(momentum), nesterov };
      kernels.applyMomentum(weights, slots.get('momentum')!, total, scalars);
      if (total !== gradient) free(total);

      function decayed() {
        const values = valuesOf(weights);
        const decay = kernels.multiply(values, scalarOf(weightDecay));
        const sum = kernels.add(gradient, decay);
        free(values, decay);
        return sum;
      }
    },
  };
}
