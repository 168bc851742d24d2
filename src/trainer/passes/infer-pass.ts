import type { Layer } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import { free, type Tensor } from '../runtime/index.js';
import { passOperationOf } from './operations/index.js';
import { type NamedTensors, type NormRule, parameter } from './pass.js';

/**
 * Runs `layers` without keeping values for gradients. The caller owns `input` and the output. The output is `input`
 * itself if no layer changes anything.
 */
export function inferPass(
  layers: readonly Layer[],
  input: Tensor,
  weights: NamedTensors,
  norm: NormRule,
): Tensor {
  const path = (inner: readonly Layer[], from: Tensor) => inferPass(inner, from, weights, norm);
  let current = input;
  for (const layer of layers) {
    const next = passOperationOf(layer).infer(layer, current, { weights, norm, path });
    if (current !== input && current !== next) free(current);
    current = next;
  }
  return current;
}

/** Normalizes by the statistics of the batch, as in training. A neighbor recomputes lambda with it. */
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
