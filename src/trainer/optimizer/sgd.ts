import * as kernels from '../kernels/index.js';
import { arena, free, type Tensor, valuesOf } from '../runtime/index.js';
import { type ParameterRule, type ParameterUpdate, parameterwise, type UpdateRule } from './update-rule.js';

export interface SgdSettings {
  readonly momentum: number;
  /** Use Nesterov momentum. */
  readonly nesterov: boolean;
}

/**
 * Stochastic gradient descent with momentum (Polyak 1964; form of Sutskever et al. 2013 as in PyTorch):
 *   g <- g + weightDecay w,   v <- momentum v + g
 *   w <- w - learningRate v, or for Nesterov w - learningRate (g + momentum v).
 * Ahead by n updates: w - n learningRate v (Chen et al., arXiv:1809.02839, equation 4).
 */
export function sgd({ momentum, nesterov }: SgdSettings): UpdateRule {
  return parameterwise({
    slots: ['momentum'],
    countsSteps: false,
    apply: (parameter, memory, scalarOf) => {
      const { weights, gradient, learningRate, weightDecay } = parameter;
      const total = weightDecay === 0 ? gradient : decayed(parameter, scalarOf(weightDecay));
      const scalars = { rate: scalarOf(learningRate), momentum: scalarOf(momentum), nesterov };
      kernels.applyMomentum(weights, memory('momentum'), total, scalars);
      if (total !== gradient) free(total);
    },
    ahead: aheadByMomentum,
  });
}

export const aheadByMomentum: ParameterRule<'momentum'>['ahead'] = (
  { weights, distance },
  memory,
  scalarOf,
) => {
  const factor = scalarOf(distance);
  return arena(() => {
    const way = kernels.multiply(valuesOf(memory('momentum')), factor);
    return kernels.subtract(valuesOf(weights), way);
  });
};

/** g + weightDecay w */
export function decayed({ weights, gradient }: ParameterUpdate, weightDecay: Tensor): Tensor {
  const values = valuesOf(weights);
  const decay = kernels.multiply(values, weightDecay);
  const sum = kernels.add(gradient, decay);
  free(values, decay);
  return sum;
}
