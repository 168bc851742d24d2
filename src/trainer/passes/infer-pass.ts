import type { Layer, NormLayer } from '../../network/index.js';
import * as kernels from '../kernels/index.js';
import { free, type Tensor } from '../runtime/index.js';
import { passOperationOf } from './operations/index.js';
import { type NamedTensors, type NormRule, parameter, rectified } from './pass.js';

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

/** Normalizes by the statistics among the weights where a layer keeps them, otherwise by those of the batch. */
export function frozenNormRule(weights: NamedTensors): NormRule {
  const byBatch = batchStatisticsRule(weights);
  return (layer, features) =>
    layer.keepsStatistics ? keptNorm(layer, features, weights) : byBatch(layer, features);
}

/** Normalizes by the statistics among the weights. */
export function keptNorm(layer: NormLayer, features: Tensor, weights: NamedTensors): Tensor {
  const own = (what: string) => parameter(weights, `${layer.name}/${what}`);
  const output = kernels.normalize(features, own('gamma'), own('beta'), own('mean'), own('variance'));
  return layer.relu ? rectified(output) : output;
}
