import * as kernels from '../../kernels/index.js';
import { arena, DType, free, scalar, type Tensor } from '../../runtime/index.js';
import { exactKeeper } from './exact.js';
import type { Keeper } from './keeper.js';

/** Values that share a scale, in memory order; as many as in messages, where fewer cost bytes and more cost precision. */
const BLOCK = 64;
/** The smallest normal float32. A smaller scale would be flushed to zero. */
const MIN_SCALE = 2 ** -126;

/** Below 255, so that no rounding makes a code of 256. */
const RECTIFIED_CODES = 254.9;
const SIGNED_CODES = 127;

interface Codes {
  /** [n, 64] */
  readonly codes: Tensor;
  /** float32 [n, 1] */
  readonly scales: Tensor;
}

/**
 * One byte a value and a scale for each block of 64. With m = max|x| of the block:
 * - rectified features have codes 0..255 and scale m / 254.9: 0 stays 0, and x > 0 becomes the middle of its interval
 *   ((code - 1) scale, code scale], so |x - restored| <= m / 509;
 * - others have codes -127..127 and scale m / 127, to the nearest: |x - restored| <= m / 253.
 * Half a scale is m / 509.8 and m / 254: the bounds cover the rounding of float32 itself. Features whose number of values is no
 * multiple of 64 are kept as they are.
 */
export const int8Keeper: Keeper = {
  keep: (features, facts) => {
    const { shape } = features;
    const values = shape.reduce((product, side) => product * side, 1);
    if (values % BLOCK !== 0) return exactKeeper.keep(features, facts);
    const codes = arena(() => encoded(features, facts.rectified));
    const dtype = features.dtype as DType;
    free(features);
    return {
      restore: () => {
        const restored = arena(() => decoded(codes, shape, dtype, facts.rectified));
        free(codes.codes, codes.scales);
        return restored;
      },
    };
  },
};

function encoded(features: Tensor, rectified: boolean): Codes {
  const exact = features.dtype === DType.float32 ? features : kernels.cast(features, DType.float32);
  const blocks = kernels.reshape(exact, [-1, BLOCK]);
  const sizes = rectified ? blocks : kernels.magnitude(blocks);
  const largest = kernels.rowMaximum(sizes);
  if (!rectified) free(sizes);
  const steps = scalar(rectified ? RECTIFIED_CODES : SIGNED_CODES);
  const scales = kernels.maximum(kernels.divide(largest, steps), scalar(MIN_SCALE));
  const ratios = kernels.divide(blocks, scales);
  const whole = rectified ? kernels.roundUp(ratios) : kernels.roundToNearest(ratios);
  free(ratios);
  return { codes: kernels.cast(whole, rectified ? DType.uint8 : DType.int8), scales };
}

function decoded(
  { codes, scales }: Codes,
  shape: readonly number[],
  dtype: DType,
  rectified: boolean,
): Tensor {
  const steps = kernels.cast(codes, DType.float32);
  const middles = rectified ? middlesOf(steps) : steps;
  const restored = kernels.reshape(kernels.multiply(middles, scales), shape);
  return dtype === DType.float32 ? restored : kernels.cast(restored, dtype);
}

/** code - 1/2, and 0 for 0. Frees its input. */
function middlesOf(steps: Tensor): Tensor {
  const shifted = kernels.subtract(steps, scalar(0.5));
  free(steps);
  const middles = kernels.relu(shifted);
  free(shifted);
  return middles;
}
