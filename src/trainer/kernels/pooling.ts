import { type Attribute, executeOne, free, type Tensor, upload } from '../runtime/index.js';
import { reshape } from './dense.js';
import { FLOAT } from './elementwise.js';

/** Largest value of each [size, size] window, SAME padding: [B,h,w,c] -> [B, ceil(h/stride), ceil(w/stride), c]. */
export function maxPool(features: Tensor, size: number, stride: number): Tensor {
  return executeOne('MaxPool', [features], attributes([size, size], [stride, stride], 'SAME'));
}

/** Gradient of `maxPool`: the cotangent goes to each window's largest value. -> shape of `features` */
export function maxPoolGradient(
  features: Tensor,
  output: Tensor,
  cotangent: Tensor,
  size: number,
  stride: number,
): Tensor {
  const inputs = [features, output, cotangent];
  return executeOne('MaxPoolGrad', inputs, attributes([size, size], [stride, stride], 'SAME'));
}

/** Mean over height and width: [B,h,w,c] -> [B,c]. */
export function globalAveragePool(features: Tensor): Tensor {
  const [batch, height, width, channels] = features.shape as [number, number, number, number];
  const pooled = executeOne('AvgPool', [features], wholeWindow(height, width));
  const result = reshape(pooled, [batch, channels]);
  free(pooled);
  return result;
}

/** Gradient of `globalAveragePool`: cotangent [B,c] -> [B,h,w,c]. */
export function globalAveragePoolGradient(featuresShape: readonly number[], cotangent: Tensor): Tensor {
  const [batch, height, width, channels] = featuresShape as [number, number, number, number];
  const shape = upload(Int32Array.from(featuresShape), [4]);
  const spread = reshape(cotangent, [batch, 1, 1, channels]);
  const result = executeOne('AvgPoolGrad', [shape, spread], wholeWindow(height, width));
  free(shape, spread);
  return result;
}

const wholeWindow = (height: number, width: number): Attribute[] =>
  attributes([height, width], [height, width], 'VALID');

function attributes(
  window: readonly [number, number],
  strides: readonly [number, number],
  padding: 'SAME' | 'VALID',
): Attribute[] {
  return [
    FLOAT,
    { name: 'ksize', kind: 'int', value: [1, ...window, 1] },
    { name: 'strides', kind: 'int', value: [1, ...strides, 1] },
    { name: 'padding', kind: 'string', value: padding },
    { name: 'data_format', kind: 'string', value: 'NHWC' },
  ];
}
