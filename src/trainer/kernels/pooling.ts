import { type Attribute, executeOne, free, type Tensor, upload } from '../runtime/index.js';
import { reshape } from './dense.js';
import { FLOAT } from './elementwise.js';

/** Mean over height and width: [B,h,w,c] -> [B,c]. */
export function globalAveragePool(features: Tensor): Tensor {
  const [batch, height, width, channels] = features.shape as [number, number, number, number];
  const pooled = executeOne('AvgPool', [features], attributes(height, width));
  const result = reshape(pooled, [batch, channels]);
  free(pooled);
  return result;
}

/** Gradient of `globalAveragePool`: cotangent [B,c] -> [B,h,w,c]. */
export function globalAveragePoolGradient(featuresShape: readonly number[], cotangent: Tensor): Tensor {
  const [batch, height, width, channels] = featuresShape as [number, number, number, number];
  const shape = upload(Int32Array.from(featuresShape), [4]);
  const spread = reshape(cotangent, [batch, 1, 1, channels]);
  const result = executeOne('AvgPoolGrad', [shape, spread], attributes(height, width));
  free(shape, spread);
  return result;
}

function attributes(height: number, width: number): Attribute[] {
  return [
    FLOAT,
    { name: 'ksize', kind: 'int', value: [1, height, width, 1] },
    { name: 'strides', kind: 'int', value: [1, height, width, 1] },
    { name: 'padding', kind: 'string', value: 'VALID' },
    { name: 'data_format', kind: 'string', value: 'NHWC' },
  ];
}
