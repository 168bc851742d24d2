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
  /** float32 of any shape -> a record */
  encode(gradient: Tensor): Uint8Array;
  /** The caller owns the tensor. */
  decode(record: Uint8Array, shape: readonly number[]): Tensor;
}
