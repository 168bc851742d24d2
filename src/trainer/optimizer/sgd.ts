import * as kernels from '../kernels/index.js';
import { free, type Tensor } from '../runtime/index.js';
import { scale } from './factor.js';
import type { RuleInput, UpdateRule } from './update-rule.js';

export interface SgdSettings {
  readonly momentum: number;
  /** Look ahead along the momentum. */
  readonly nesterov: boolean;
}

/**
 * Stochastic gradient descent with momentum (Polyak 1964; form of Sutskever et al. 2013 as in PyTorch):
 *   v <- momentum v + g + weightDecay w
 *   direction v, or for Nesterov g + weightDecay w + momentum v.
 */
export function sgd({ momentum, nesterov }: SgdSettings): UpdateRule {
  return {
    slots: ['momentum'],
    countsSteps: false,
    direct: (input) => {
      const total = decayedGradient(input);
      const velocity = accumulate(input.slots.get('momentum')!, momentum, total);
      const direction = nesterov ? accumulate(velocity, momentum, total) : velocity;
      free(total);
      return { direction, slots: new Map([['momentum', velocity]]) };
    },
  };
}

/** g + weightDecay w */
function decayedGradient({ gradient, weights, weightDecay }: RuleInput): Tensor {
  const decay = scale(weights, weightDecay);
  const total = kernels.add(gradient, decay);
  free(decay);
  return total;
}

/** momentum v + g */
function accumulate(velocity: Tensor, momentum: number, gradient: Tensor): Tensor {
  const kept = scale(velocity, momentum);
  const sum = kernels.add(kept, gradient);
  free(kept);
  return sum;
}
