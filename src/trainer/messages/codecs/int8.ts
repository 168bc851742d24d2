import * as kernels from '../../kernels/index.js';
import { arena, DType, read, readIntegers, scalar, type Tensor, upload } from '../../runtime/index.js';
import type { CorrectionCodec } from '../codec.js';
import { bytesOf, dropPadding, elementsOf, floatsIn, integersIn, padToMultiple } from '../padding.js';

/**
 * Number of values that share a scale. The largest entry of a gradient is about twenty times its root mean square,
 * and differs as much between images. One scale per batch rounded most entries to zero (1 - cosine 7e-4), one per
 * image gave 1.4e-4, and one per 64 values in memory order gives 3e-5 for 1/16 more bytes.
 */
const BLOCK = 64;
const MAX_CODE = 127;
/** The smallest normal float32. A smaller scale would be flushed to zero. */
const MIN_SCALE = 2 ** -126;

/**
 * One byte per value: x = scale code. The code is a whole number in -127..127, and scale = max|x| / 127 over each
 * block of 64 values. Rounding to the nearest code gives |x - decoded| <= max|x of its block| / 253, or 2^-126 if
 * that is more: half a scale is max|x| / 254, and the difference covers the rounding of float32 itself. A block
 * with a value that is not finite decodes to NaN. A record consists of the scales as float32, then the codes, four
 * per int32 word.
 */
export const int8Codec: CorrectionCodec = {
  recordBytes: (shape) => blocksOf(shape) * (4 + BLOCK),
  encode: (gradient) => {
    const { scales, words } = arena(() =>
      quantize(kernels.reshape(padToMultiple(gradient, BLOCK), [-1, BLOCK])),
    );
    return [scales, words];
  },
  decode: (record, shape) =>
    arena(() => {
      const blocks = blocksOf(shape);
      const scales = upload(floatsIn(record.subarray(0, 4 * blocks)), [blocks, 1]);
      const words = integersIn(record.subarray(4 * blocks));
      const codes = kernels.fromWords(words, DType.int8, [blocks, BLOCK]);
      return dropPadding(kernels.multiply(codes, scales), shape);
    }),
};

const blocksOf = (shape: readonly number[]): number => Math.ceil(elementsOf(shape) / BLOCK);

/** blocks [n, 64] */
function quantize(blocks: Tensor): { scales: Uint8Array; words: Uint8Array } {
  const largest = kernels.rowMaximum(kernels.magnitude(blocks));
  const finiteScale = kernels.maximum(kernels.divide(largest, scalar(MAX_CODE)), scalar(MIN_SCALE));
  // 0 x is NaN if x is not finite; a maximum may ignore such an x.
  const scale = kernels.add(finiteScale, kernels.rowSum(kernels.multiply(blocks, scalar(0))));
  const codes = kernels.roundToNearest(kernels.divide(blocks, scale));
  return {
    scales: bytesOf(read(scale)),
    words: bytesOf(readIntegers(kernels.toWords(codes, DType.int8))),
  };
}
