import { type Attribute, DType, execute, free, type Tensor, upload } from '../runtime/index.js';
import { relu } from './elementwise.js';
import { batchNorm, NORM_EPSILON, type NormForward } from './normalization.js';
import { ONEDNN, triedOnce } from './onednn.js';

/**
 * `batchNorm`, followed by ReLU if `rectifies` is set. Its gradient is `reluGradient`, then `batchNormGradient`. If
 * oneDNN has both as one kernel, the features are written and read once less, in half the time of the pair. Its
 * sums round differently (in the last digit) if the number of channels is not a multiple of 8.
 */
export function batchNormRelu(
  features: Tensor,
  gamma: Tensor,
  beta: Tensor,
  rectifies: boolean,
): NormForward {
  if (!rectifies) return batchNorm(features, gamma, beta);
  if (hasFusedKernel(features)) return fused(features, gamma, beta);
  const norm = batchNorm(features, gamma, beta);
  const output = relu(norm.output);
  free(norm.output);
  return { ...norm, output };
}

const hasFusedKernel = triedOnce((features) => {
  const one = upload(Float32Array.of(1), [1]);
  try {
    const { output, batchMean, batchVariance, reserved } = fused(features, one, one);
    return [output, batchMean, batchVariance, ...reserved];
  } finally {
    free(one);
  }
});

function fused(features: Tensor, gamma: Tensor, beta: Tensor): NormForward {
  const empty = [upload(new Float32Array(0), [0]), upload(new Float32Array(0), [0])];
  const inputs = [features, gamma, beta, ...empty];
  const [output, batchMean, batchVariance, ...reserved] = execute(
    '_MklNativeFusedBatchNormEx',
    inputs,
    attributes(features),
    6,
  );
  free(...empty);
  return { output: output!, batchMean: batchMean!, batchVariance: batchVariance!, reserved };
}

function attributes(features: Tensor): Attribute[] {
  return [
    { name: 'T', kind: 'type', value: features.dtype as DType },
    { name: 'U', kind: 'type', value: DType.float32 },
    { name: 'epsilon', kind: 'float', value: NORM_EPSILON },
    { name: 'exponential_avg_factor', kind: 'float', value: 1 },
    { name: 'num_side_inputs', kind: 'int', value: 0 },
    { name: 'activation_mode', kind: 'string', value: 'Relu' },
    { name: 'data_format', kind: 'string', value: 'NHWC' },
    { name: 'is_training', kind: 'bool', value: true },
    ONEDNN,
  ];
}
