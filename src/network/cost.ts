import { flatten, type Layer } from './layers.js';
import { operationOf, type ParameterSpec } from './operations/index.js';
import { parametersOf } from './parameters.js';
import { SOLVERS } from './solvers.js';

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
 * Values that a training pass over one image keeps, in float32 values. It differs from `activations`, by which work is
 * counted, in two ways: a convolution at the end of a path of a block is freed after the sum, and dropout keeps its
 * output and a mask of bytes.
 */
export function keptValues(layers: readonly Layer[]): number {
  let before = 0;
  let kept = 0;
  let solved = 0;
  for (const layer of layers) {
    if (layer.op === 'residual') {
      kept += keptInPath(layer.branch) + keptInPath(layer.shortcut);
    }
    if (layer.op === 'integral') {
      // An implicit one makes evaluations of its field on the way back alone, when nothing of later layers is left.
      const field = keptValues(layer.field);
      if (SOLVERS[layer.solver].isImplicit)
        solved = Math.max(solved, kept + operationOf(layer).activations(layer) + field);
      else kept += field;
    }
    kept += layer.op === 'dropout' ? DROPOUT_VALUES * before : operationOf(layer).activations(layer);
    before = outputValues(layer);
  }
  return Math.max(kept, solved);
}

/** Output and mask of dropout, in values of its input. */
const DROPOUT_VALUES = 1 + 1 / 4;

function keptInPath(path: readonly Layer[]): number {
  const last = path.at(-1);
  return keptValues(path) - (last?.op === 'conv' ? outputValues(last) : 0);
}

/** Values of the largest output of a layer, of one image. */
export function largestOutput(layers: readonly Layer[]): number {
  return flatten(layers).reduce((most, layer) => Math.max(most, outputValues(layer)), 0);
}

/** Values of a layer's output of one image; 0 for layers whose output has no place in the description. */
function outputValues(layer: Layer): number {
  if (!('output' in layer)) return 0;
  const { height, width, channels } = layer.output;
  return height * width * channels;
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
  const computed = flatten(layers).map((layer) => {
    const operation = operationOf(layer);
    return (
      operation.passes?.(layer) ?? {
        multiplyAdds: operation.multiplyAdds(layer),
        activations: operation.activations(layer),
      }
    );
  });
  const sum = (part: 'multiplyAdds' | 'activations') => computed.reduce((all, each) => all + each[part], 0);
  return sum('multiplyAdds') + ACTIVATION_WORK * sum('activations');
}

/** Number of parameters: kernels, biases, scales and shifts, also those that are frozen. */
export function parameterCount(layers: readonly Layer[]): number {
  const counted = parametersOf(layers).filter(({ fixed }) => fixed !== 'statistic');
  return counted.reduce((sum, parameter) => sum + sizeOf(parameter), 0);
}

export function sizeOf(parameter: Pick<ParameterSpec, 'shape'>): number {
  return parameter.shape.reduce((product, side) => product * side, 1);
}
