import * as kernels from '../kernels/index.js';
import { arena, free, type Tensor, type Variable, valuesOf } from '../runtime/index.js';
import { type LayerUpdate, type ParameterUpdate, parameterwise, type UpdateRule } from './update-rule.js';

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
export function adamw(settings: AdamwSettings): UpdateRule {
  return parameterwise({
    slots: ['first_moment', 'second_moment'],
    countsSteps: true,
    apply: (parameter, memory, scalarOf) => {
      const { weights, learningRate, weightDecay } = parameter;
      if (weightDecay !== 0) decay(weights, scalarOf(learningRate * weightDecay));
      moveByAdam(learningRate, parameter, memory, settings, scalarOf);
    },
    ahead: ({ weights, distance, updates }, memory, scalarOf) => {
      if (updates === 0) return valuesOf(weights);
      const [mean, meanSquare] = correctionsAt(settings, updates);
      const offset = scalarOf(settings.epsilon * Math.sqrt(meanSquare));
      const factor = scalarOf((distance * Math.sqrt(meanSquare)) / mean);
      return arena(() =>
        kernels.subtract(valuesOf(weights), kernels.multiply(uncorrected(memory, offset), factor)),
      );
    },
  });
}

type Moments = (slot: 'first_moment' | 'second_moment') => Variable;

/** 1 - beta^t, with the betas as rounded by the kernel. Otherwise the corrections would not match the sums in it. */
function correctionsAt({ beta1, beta2 }: AdamwSettings, update: number): readonly [number, number] {
  return [1 - Math.fround(beta1) ** update, 1 - Math.fround(beta2) ** update];
}

/** Updates the moments, and moves the weights by them at this rate. */
export function moveByAdam(
  rate: number,
  { weights, gradient, update }: ParameterUpdate,
  memory: Moments,
  settings: AdamwSettings,
  scalarOf: LayerUpdate['scalarOf'],
): void {
  const [mean, meanSquare] = correctionsAt(settings, update);
  kernels.applyAdam(weights, memory('first_moment'), memory('second_moment'), gradient, {
    rate: scalarOf((rate * Math.sqrt(meanSquare)) / mean),
    beta1: scalarOf(settings.beta1),
    beta2: scalarOf(settings.beta2),
    epsilon: scalarOf(settings.epsilon * Math.sqrt(meanSquare)),
    zero: scalarOf(0),
  });
}

/** Numbers as tensors. They outlive an arena, so they are made before it. */
export interface AdamScalars {
  readonly offset: Tensor;
  readonly correction: Tensor;
}

export function adamScalars(
  settings: AdamwSettings,
  update: number,
  scalarOf: LayerUpdate['scalarOf'],
): AdamScalars {
  const [mean, meanSquare] = correctionsAt(settings, update);
  const root = Math.sqrt(meanSquare);
  return { offset: scalarOf(settings.epsilon * root), correction: scalarOf(root / mean) };
}

/** (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon), in an arena. */
export function adamDirection(memory: Moments, { offset, correction }: AdamScalars): Tensor {
  return kernels.multiply(uncorrected(memory, offset), correction);
}

function uncorrected(memory: Moments, offset: Tensor): Tensor {
  const spread = kernels.add(kernels.squareRoot(valuesOf(memory('second_moment'))), offset);
  return kernels.divide(valuesOf(memory('first_moment')), spread);
}

function decay(weights: Variable, share: Tensor): void {
  const values = valuesOf(weights);
  const lost = kernels.multiply(values, share);
  free(values);
  kernels.subtractFrom(weights, lost);
  free(lost);
}
