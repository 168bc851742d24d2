import * as kernels from '../kernels/index.js';
import { arena, free, type Tensor, valuesOf } from '../runtime/index.js';
import { hasRatio, normOnDevice, ratioOfNorms, ratioScalars } from './norm-ratio.js';
import { aheadByMomentum, decayed } from './sgd.js';
import { type LayerUpdate, type ParameterUpdate, parameterwise, type UpdateRule } from './update-rule.js';

export interface LarsSettings {
  readonly momentum: number;
  /** Use Nesterov momentum. */
  readonly nesterov: boolean;
  readonly trust_coefficient: number;
}

/**
 * Layer-wise adaptive rate scaling (You et al., arXiv:1708.03888, equation 6) for sgd with momentum:
 *   r = min(1, trustCoefficient |w| / (|g| + weightDecay |w|)),   1 for parameters with one dimension
 *   g <- r (g + weightDecay w), and then as sgd: v <- momentum v + g,   w <- w - learningRate v
 * The bound by 1 is that of LARC (NVIDIA, 2018): no layer's rate exceeds `learning_rate`, so that its product with a
 * penalty stays within docs/method.md's limit.
 */
export function lars({ momentum, nesterov, trust_coefficient: trust }: LarsSettings): UpdateRule {
  return parameterwise({
    slots: ['momentum'],
    countsSteps: false,
    apply: (parameter, memory, scalarOf) => {
      const { weights, learningRate } = parameter;
      const scaled = scaledGradient(parameter, trust, scalarOf);
      const scalars = { rate: scalarOf(learningRate), momentum: scalarOf(momentum), nesterov };
      kernels.applyMomentum(weights, memory('momentum'), scaled, scalars);
      free(scaled);
    },
    ahead: aheadByMomentum,
  });
}

/** r (g + weightDecay w). The caller owns it. */
function scaledGradient(
  parameter: ParameterUpdate,
  trust: number,
  scalarOf: LayerUpdate['scalarOf'],
): Tensor {
  const { weights, gradient, weightDecay } = parameter;
  const [decay, coefficient] = [scalarOf(weightDecay), scalarOf(trust)];
  const scalars = ratioScalars(scalarOf);
  return arena(() => {
    const total = decayed(parameter, decay);
    if (!hasRatio(gradient)) return total;
    const size = normOnDevice(valuesOf(weights), scalars);
    const below = kernels.add(normOnDevice(gradient, scalars), kernels.multiply(decay, size));
    const ratio = ratioOfNorms(kernels.multiply(coefficient, size), below, scalars);
    return kernels.multiply(total, kernels.minimum(ratio, scalars.one));
  });
}
