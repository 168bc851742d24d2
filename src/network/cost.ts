import { flatten, type Layer } from './layers.js';
import { operationOf, type ParameterSpec } from './operations/index.js';
import { parametersOf } from './parameters.js';

/** Multiply-adds of one forward pass over one image, in convolutions and dense layers, as papers count them. */
export function multiplyAdds(layers: readonly Layer[]): number {
  return flatten(layers).reduce((sum, layer) => sum + operationOf(layer).multiplyAdds(layer), 0);
}

/**
 * Number of values that a training pass over one image keeps for its gradients. The memory of a stage is
 * proportional to it. Not counted: outputs that no gradient reads (a last batch norm without ReLU), and weights.
 */
export function activations(layers: readonly Layer[]): number {
  return flatten(layers).reduce((sum, layer) => sum + operationOf(layer).activations(layer), 0);
}

/**
 * Number of multiply-adds of a convolution that take as long as one value of `activations`. Convolutions compute,
 * but batch norms, ReLUs and sums move memory, which dominates in layers with few channels. Measured on a CPU
 * (docs/performance.md, "What a layer costs"). The number is larger on devices with cheaper arithmetic, like GPUs.
 */
export const ACTIVATION_WORK = 95;

/**
 * Cost of a training pass over one image, in multiply-adds of a convolution. The time of a stage is proportional to
 * it.
 */
export function work(layers: readonly Layer[]): number {
  return multiplyAdds(layers) + ACTIVATION_WORK * activations(layers);
}

/** Number of parameters: kernels, biases, scales and shifts, also those that are frozen. */
export function parameterCount(layers: readonly Layer[]): number {
  const counted = parametersOf(layers).filter(({ fixed }) => fixed !== 'statistic');
  return counted.reduce((sum, parameter) => sum + sizeOf(parameter), 0);
}

export function sizeOf(parameter: Pick<ParameterSpec, 'shape'>): number {
  return parameter.shape.reduce((product, side) => product * side, 1);
}
