import { DType, executeOne, free, type Tensor, upload } from '../runtime/index.js';
import { matMul, reshape } from './dense.js';
import { typeOf } from './elementwise.js';
import type { ConvolutionShape } from './patches.js';

/** Input channels below which oneDNN is wrong; float32, NHWC. */
const ENOUGH_CHANNELS = 8;

/**
 * Whether the kernel gradient of a convolution is left to `kernelGradientByPoints`: kernels of one point that skip points, over
 * fewer than eight channels. On a processor with AVX2 and without AVX-512, oneDNN (of TensorFlow 2.21) has wrong sums there,
 * off by as much as their own size. The rule depends on the shape only, so every split and processor computes alike.
 */
export function isByPoints(images: Tensor, { kernel, window }: ConvolutionShape): boolean {
  return (
    images.dtype === DType.float32 && kernel[0] === 1 && window.stride > 1 && kernel[2]! < ENOUGH_CHANNELS
  );
}

/** images [B,H,W,C] and cotangent [B,h,w,O] give d kernel [1,1,C,O], as a product of the points that the kernel sees. */
export function kernelGradientByPoints(images: Tensor, cotangent: Tensor, shape: ConvolutionShape): Tensor {
  const seen = everyNth(images, shape.window.stride);
  const points = reshape(seen, [-1, shape.kernel[2]!]);
  const rows = reshape(cotangent, [-1, shape.kernel[3]!]);
  const matrix = matMul(points, rows, true, false);
  const gradient = reshape(matrix, shape.kernel);
  free(seen, points, rows, matrix);
  return gradient;
}

/** [B,H,W,C] -> [B, ceil(H/stride), ceil(W/stride), C]: a kernel of one point has no padding. */
function everyNth(images: Tensor, stride: number): Tensor {
  const [begin, end, strides] = [[0, 0, 0, 0], [...images.shape], [1, stride, stride, 1]].map((values) =>
    upload(Int32Array.from(values), [4]),
  ) as [Tensor, Tensor, Tensor];
  const seen = executeOne('StridedSlice', [images, begin, end, strides], [typeOf(images), ...WHOLE]);
  free(begin, end, strides);
  return seen;
}

const WHOLE = [
  { name: 'Index', kind: 'type', value: DType.int32 },
  ...['begin_mask', 'end_mask', 'ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'].map(
    (name) => ({ name, kind: 'int', value: 0 }) as const,
  ),
] as const;
