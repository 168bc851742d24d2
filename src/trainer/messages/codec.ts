import type { ResolvedMethod } from '../../contract/spec.js';
import type { Tensor } from '../runtime/index.js';

/** The number formats of the contract. Their sizes: src/method/messages.ts. */
export type Precision = ResolvedMethod['corrections']['precision'];

/**
 * Encoding of the input gradient of one batch. Values that are not finite stay not finite (in int8, together with
 * the values in the same block). TensorFlow flushes subnormal numbers, below 2^-126, to zero, and every codec may
 * do so.
 */
export interface CorrectionCodec {
  /** Size of a record, the same for every gradient of this shape. */
  recordBytes(shape: readonly number[]): number;
  /** float32 of any shape -> the pieces of a record, in order: joining them would be one more copy. */
  encode(gradient: Tensor): readonly Uint8Array[];
  /**
   * The caller owns the tensor. `record` may be written again afterwards, if its memory starts 4 bytes after a multiple of 16:
   * values at a multiple of 64 are not copied (`upload`).
   */
  decode(record: Uint8Array, shape: readonly number[]): Tensor;
}
