import { type Attribute, DType, execute, free, type Tensor, upload } from '../runtime/index.js';
import { typeOf } from './elementwise.js';

/** Added to the variance before the square root. The exported models use the same value. */
export const NORM_EPSILON = 1e-5;

export interface NormForward {
  /** [B,h,w,c] */
  readonly output: Tensor;
  /** [c] each: mean and unbiased variance of this batch over B, h and w. */
  readonly batchMean: Tensor;
  readonly batchVariance: Tensor;
  /** Values of the forward pass that the gradient kernel needs; opaque. */
  readonly reserved: readonly Tensor[];
}

/**
 * Batch normalization by the statistics of the batch, in one fused kernel. features [B,h,w,c]. Scale, shift and
 * statistics are float32, whatever the dtype of the features is.
 */
export function batchNorm(features: Tensor, gamma: Tensor, beta: Tensor): NormForward {
  const empty = [upload(new Float32Array(0), [0]), upload(new Float32Array(0), [0])];
  const inputs = [features, gamma, beta, ...empty];
  const [output, batchMean, batchVariance, ...reserved] = execute(
    'FusedBatchNormV3',
    inputs,
    attributes(features, true),
    6,
  );
  free(...empty);
  return { output: output!, batchMean: batchMean!, batchVariance: batchVariance!, reserved };
}

/** Batch normalization by given statistics, [c] each. */
export function normalize(
  features: Tensor,
  gamma: Tensor,
  beta: Tensor,
  mean: Tensor,
  variance: Tensor,
): Tensor {
  const inputs = [features, gamma, beta, mean, variance];
  const [output, ...rest] = execute('FusedBatchNormV3', inputs, attributes(features, false), 6);
  free(...rest);
  return output!;
}

/** Gradients of `batchNorm`: features [B,h,w,c], gamma [c], beta [c]. */
export function batchNormGradient(
  cotangent: Tensor,
  features: Tensor,
  gamma: Tensor,
  reserved: readonly Tensor[],
): { features: Tensor; gamma: Tensor; beta: Tensor } {
  const inputs = [cotangent, features, gamma, ...reserved];
  const [dFeatures, dGamma, dBeta, ...rest] = execute(
    'FusedBatchNormGradV3',
    inputs,
    gradientAttributes(features),
    5,
  );
  free(...rest);
  return { features: dFeatures!, gamma: dGamma!, beta: dBeta! };
}

function attributes(features: Tensor, training: boolean): Attribute[] {
  return [
    ...gradientAttributes(features, training),
    { name: 'exponential_avg_factor', kind: 'float', value: 1 },
  ];
}

function gradientAttributes(features: Tensor, training = true): Attribute[] {
  return [
    typeOf(features),
    { name: 'U', kind: 'type', value: DType.float32 },
    { name: 'epsilon', kind: 'float', value: NORM_EPSILON },
    { name: 'data_format', kind: 'string', value: 'NHWC' },
    { name: 'is_training', kind: 'bool', value: training },
  ];
}
