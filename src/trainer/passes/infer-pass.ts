import type { Layer, NormLayer } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import { free, type Tensor } from '../runtime/index.js';
import { type NamedTensors, parameter } from './pass.js';

/** How a batch norm, with its ReLU, computes in a pass that is never pulled back. [B,h,w,c] -> [B,h,w,c] */
export type NormRule = (layer: NormLayer, features: Tensor) => Tensor;

/**
 * Runs `layers` without keeping what a gradient would need. `input` stays its caller's; the output is owned, or is
 * `input` itself where no layer changes anything.
 */
export function inferPass(
  layers: readonly Layer[],
  input: Tensor,
  weights: NamedTensors,
  norm: NormRule,
): Tensor {
  let current = input;
  for (const layer of layers) {
    const next = inferLayer(layer, current, weights, norm);
    if (current !== input && current !== next) free(current);
    current = next;
  }
  return current;
}

function inferLayer(layer: Layer, input: Tensor, weights: NamedTensors, norm: NormRule): Tensor {
  switch (layer.op) {
    case 'conv':
      return kernels.convolution(input, parameter(weights, `${layer.name}/kernel`), layer.stride);
    case 'norm':
      return norm(layer, input);
    case 'residual': {
      const branch = inferPass(layer.branch, input, weights, norm);
      const shortcut = inferPass(layer.shortcut, input, weights, norm);
      const sum = kernels.add(branch, shortcut);
      free(branch);
      if (shortcut !== input) free(shortcut);
      return layer.relu ? rectified(sum) : sum;
    }
    case 'max-pool':
      return kernels.maxPool(input, layer);
    case 'dropout':
      return input;
    case 'pool':
      return kernels.globalAveragePool(input);
    case 'dense': {
      const product = kernels.matMul(input, parameter(weights, `${layer.name}/kernel`));
      const output = kernels.biasAdd(product, parameter(weights, `${layer.name}/bias`));
      free(product);
      return output;
    }
  }
}

/** ReLU of `features`, which it takes over. */
export function rectified(features: Tensor): Tensor {
  const output = kernels.relu(features);
  free(features);
  return output;
}

/** Normalises by the batch's own statistics, as training does: how a neighbour recomputes lambda. */
export function batchStatisticsRule(weights: NamedTensors): NormRule {
  return (layer, features) => {
    const { output, batchMean, batchVariance, reserved } = kernels.batchNormRelu(
      features,
      parameter(weights, `${layer.name}/gamma`),
      parameter(weights, `${layer.name}/beta`),
      layer.relu,
    );
    free(batchMean, batchVariance, ...reserved);
    return output;
  };
}
