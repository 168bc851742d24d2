import * as kernels from '../kernels/index.js';
import { arena, DType, read, readIntegers, scalar, type Tensor, upload } from '../runtime/index.js';
import type { CorrectionCodec } from './codec.js';
import { alignedBytes, bytesOf, dropPadding, elementsOf, padToMultiple } from './padding.js';

/**
 * Values that share a scale. A gradient's largest entry is some twenty times its root mean square, and differs as much
 * between images: one scale a batch rounded most of it to zero (1 - cosine 7e-4), one an image gave 1.4e-4, one
 * for 64 values in memory order gives 3e-5 for a sixteenth more bytes.
 */
const BLOCK = 64;
const LARGEST_CODE = 127;
/** The smallest normal float32: a smaller scale would be flushed to zero. */
const SMALLEST_SCALE = 2 ** -126;

/**
 * One byte a value: x = scale code, code a whole number in -127..127, scale = max|x| / 127 over each block of 64 values.
 * Rounding to the nearest code leaves |x - decoded| <= max|x of its block| / 253, or 2^-126 where that is more: half
 * a scale is max|x| / 254, and the difference is room for float32's own rounding. A block with a value that is
 * not finite has a scale that is not, and decodes to NaN.
 * A record: the scales as float32, then the codes, four to an int32 word.
 */
export const int8Codec: CorrectionCodec = {
  recordBytes: (shape) => blocksOf(shape) * (4 + BLOCK),
  encode: (gradient) => {
    const { scales, words } = arena(() =>
      quantize(kernels.reshape(padToMultiple(gradient, BLOCK), [-1, BLOCK])),
    );
    return Buffer.concat([scales, words]);
  },
  decode: (record, shape) =>
    arena(() => {
      const blocks = blocksOf(shape);
      const scales = upload(new Float32Array(alignedBytes(record.subarray(0, 4 * blocks))), [blocks, 1]);
      const words = new Int32Array(alignedBytes(record.subarray(4 * blocks)));
      const codes = kernels.fromWords(words, DType.int8, [blocks, BLOCK]);
      return dropPadding(kernels.multiply(codes, scales), shape);
    }),
};

const blocksOf = (shape: readonly number[]): number => Math.ceil(elementsOf(shape) / BLOCK);

/** blocks [n, 64] */
function quantize(blocks: Tensor): { scales: Uint8Array; words: Uint8Array } {
  const largest = kernels.rowMaximum(kernels.magnitude(blocks));
  const finiteScale = kernels.maximum(kernels.divide(largest, scalar(LARGEST_CODE)), scalar(SMALLEST_SCALE));
  // 0 x is NaN where x is not finite, which a maximum may overlook.
  const scale = kernels.add(finiteScale, kernels.rowSum(kernels.multiply(blocks, scalar(0))));
  const codes = kernels.roundToNearest(kernels.divide(blocks, scale));
  return {
    scales: bytesOf(read(scale)),
    words: bytesOf(readIntegers(kernels.toWords(codes, DType.int8))),
  };
}
