import * as kernels from '../../kernels/index.js';
import { DType, free, readIntegers, readScalar, scalar, type Tensor } from '../../runtime/index.js';
import type { CorrectionCodec } from '../codec.js';
import { bytesOf, dropPadding, elementsOf, floatsIn, integersIn, padToMultiple } from '../padding.js';

/** Largest magnitude after scaling: a power of two well below float16's 65504. */
const SCALED_MAGNITUDE = 2 ** 14;
/** Keeps the scale and its reciprocal normal float32 numbers. */
const MAX_EXPONENT = 126;
const SCALE_BYTES = 4;
const HALVES_PER_WORD = 2;

/**
 * Entries of the gradient of a mean loss are about 1e-6 and would underflow in float16. They are scaled by a power
 * of two, which costs no precision: |x - decoded| <= 2^-11 |x| for |x| >= 2^-27 max|x|, and <= 2^-38 max|x| below.
 */
export const float16Codec: CorrectionCodec = {
  recordBytes: (shape) => SCALE_BYTES + 4 * Math.ceil(elementsOf(shape) / HALVES_PER_WORD),
  encode: (gradient) => {
    const scale = halfScale(gradient);
    const factor = scalar(scale);
    const scaled = kernels.multiply(gradient, factor);
    const even = padToMultiple(scaled, HALVES_PER_WORD);
    const words = kernels.toWords(even, DType.float16);
    const record = [bytesOf(Float32Array.of(scale)), bytesOf(readIntegers(words))];
    free(factor, scaled, even, words);
    return record;
  },
  decode: (record, shape) => {
    const scale = floatsIn(record.subarray(0, SCALE_BYTES))[0]!;
    const words = integersIn(record.subarray(SCALE_BYTES));
    const padded = kernels.fromWords(words, DType.float16, [HALVES_PER_WORD * words.length]);
    const factor = scalar(1 / scale);
    const values = kernels.multiply(padded, factor);
    const result = dropPadding(values, shape);
    free(padded, factor, values);
    return result;
  },
};

function halfScale(gradient: Tensor): number {
  const largest = kernels.largestMagnitude(gradient);
  const magnitude = readScalar(largest);
  free(largest);
  if (!Number.isFinite(magnitude) || magnitude === 0) return 1;
  const exponent = Math.floor(Math.log2(SCALED_MAGNITUDE / magnitude));
  return 2 ** Math.max(-MAX_EXPONENT, Math.min(MAX_EXPONENT, exponent));
}
