import { type Attribute, executeOne, free, type Tensor, upload } from '../runtime/index.js';
import { slice } from './borders.js';
import { reshape } from './dense.js';
import { FLOAT } from './elementwise.js';

/**
 * Mean of each [size, size] window. Windows at an odd edge average their existing positions. [B,h,w,c] -> [B,
 * ceil(h/size), ceil(w/size), c].
 */
export function averagePool(features: Tensor, size: number): Tensor {
  return executeOne('AvgPool', [features], attributes([size, size], [size, size], 'SAME'));
}

/**
 * Repeats each position `size` times in both directions, cut to `shape` [B,H,W,c]: [B, ceil(H/size), ceil(W/size),
 * c] -> `shape`.
 */
export function repeatPositions(features: Tensor, size: number, shape: readonly number[]): Tensor {
  const [, height, width] = features.shape as [number, number, number, number];
  const sides = upload(Int32Array.of(size * height, size * width), [2]);
  const repeated = executeOne(
    'ResizeNearestNeighbor',
    [features, sides],
    [
      FLOAT,
      { name: 'align_corners', kind: 'bool', value: false },
      { name: 'half_pixel_centers', kind: 'bool', value: false },
    ],
  );
  const result = slice(
    repeated,
    shape.map(() => 0),
    shape,
  );
  free(sides, repeated);
  return result;
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
