import type { Tensor } from '../runtime/index.js';

export type Precision = 'float16' | 'float32' | 'int8';

/**
 * How one batch's input gradient travels. Values that are not finite arrive as values that are not finite (int8 takes
 * those beside them along). TensorFlow flushes subnormal numbers, under 2^-126, to zero, and so may every codec.
 */
export interface CorrectionCodec {
  /** Bytes of one record, the same for every gradient of this shape. */
  recordBytes(shape: readonly number[]): number;
  /** float32 of any shape -> a record */
  encode(gradient: Tensor): Uint8Array;
  /** The tensor is the caller's. */
  decode(record: Uint8Array, shape: readonly number[]): Tensor;
}
