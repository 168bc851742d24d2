import { flatten, type Layer } from './layers.js';
import { operationOf, type ParameterSpec } from './operations/index.js';
import { parametersOf } from './parameters.js';

/** Multiply-adds of one forward pass over one image. Convolutions and dense layers only, as papers count them. */
export function multiplyAdds(layers: readonly Layer[]): number {
  return flatten(layers).reduce((sum, layer) => sum + operationOf(layer).multiplyAdds(layer), 0);
}

/**
 * Values that a training pass over one image keeps for its gradients: what the memory of a stage grows with. Outputs that
 * no gradient reads (a last batch norm without ReLU) are not counted, nor are weights.
 */
export function activations(layers: readonly Layer[]): number {
  return flatten(layers).reduce((sum, layer) => sum + operationOf(layer).activations(layer), 0);
}

/**
 * The multiply-adds of a convolution that take as long as one value of `activations`: convolutions compute, while batch norms,
 * ReLUs and sums move memory, and layers of few channels are mostly that. Measured on a CPU (docs/performance.md,
 * "What a layer costs"); where arithmetic is cheaper still, as on GPUs, it is larger.
 */
export const ACTIVATION_WORK = 95;

/** What a training pass over one image takes, in multiply-adds of a convolution: what a stage's time grows with. */
export function work(layers: readonly Layer[]): number {
  return multiplyAdds(layers) + ACTIVATION_WORK * activations(layers);
}

/** Trained parameters: kernels, biases, scales and shifts. */
export function parameterCount(layers: readonly Layer[]): number {
  return parametersOf(layers).reduce((sum, parameter) => sum + sizeOf(parameter), 0);
}

export function sizeOf(parameter: Pick<ParameterSpec, 'shape'>): number {
  return parameter.shape.reduce((product, side) => product * side, 1);
}
