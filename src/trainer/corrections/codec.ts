import * as kernels from '../kernels/index.js';
import { free, read, readIntegers, readScalar, scalar, type Tensor, upload } from '../runtime/index.js';

export type Precision = 'float16' | 'float32';

/** One batch's input gradient as it travels: value = payload / scale. */
export interface EncodedCorrection {
  readonly scale: number;
  readonly payload: Uint8Array;
}

/** The largest magnitude after scaling: a power of two well inside float16's 65504. */
const SCALED_MAGNITUDE = 2 ** 14;
/** Keeps the scale and its reciprocal normal float32 numbers. */
const LARGEST_EXPONENT = 126;

/** Bytes one encoded tensor of `elements` takes. */
export function payloadBytes(elements: number, precision: Precision): number {
  return precision === 'float32' ? 4 * elements : 4 * Math.ceil(elements / 2);
}

/**
 * Encodes a gradient [B,h,w,c]. A gradient of a mean loss is about 1e-6 and would underflow in float16, so it is
 * scaled by a power of two, which costs no precision: |x - decoded| <= 2^-11 |x| for |x| >= 2^-27 max|x|, and
 * <= 2^-38 max|x| below; TensorFlow flushes subnormal numbers (under 2^-126) to zero.
 */
export function encodeCorrection(gradient: Tensor, precision: Precision): EncodedCorrection {
  if (precision === 'float32') return { scale: 1, payload: bytesOf(read(gradient)) };
  const scale = halfScale(gradient);
  const factor = scalar(scale);
  const scaled = kernels.multiply(gradient, factor);
  const even = padToEven(scaled);
  const words = kernels.toHalfWords(even);
  const payload = bytesOf(readIntegers(words));
  free(factor, scaled, even, words);
  return { scale, payload };
}

export function decodeCorrection(
  { scale, payload }: EncodedCorrection,
  precision: Precision,
  shape: readonly number[],
): Tensor {
  const aligned = new Uint8Array(payload).buffer;
  if (precision === 'float32') return upload(new Float32Array(aligned), shape);
  const elements = shape.reduce((product, side) => product * side, 1);
  const padded = kernels.fromHalfWords(new Int32Array(aligned), [2 * Math.ceil(elements / 2)]);
  const factor = scalar(1 / scale);
  const values = kernels.multiply(padded, factor);
  const exact = dropPadding(values, elements);
  const result = kernels.reshape(exact, shape);
  free(padded, factor, values, exact);
  return result;
}

function halfScale(gradient: Tensor): number {
  const largest = kernels.largestMagnitude(gradient);
  const magnitude = readScalar(largest);
  free(largest);
  if (!Number.isFinite(magnitude) || magnitude === 0) return 1;
  const exponent = Math.floor(Math.log2(SCALED_MAGNITUDE / magnitude));
  return 2 ** Math.max(-LARGEST_EXPONENT, Math.min(LARGEST_EXPONENT, exponent));
}

function padToEven(tensor: Tensor): Tensor {
  const elements = tensor.shape.reduce((product, side) => product * side, 1);
  if (elements % 2 === 0) return tensor;
  const zero = scalar(0);
  const padded = kernels.pack([tensor, zero]);
  free(zero);
  return padded;
}

function dropPadding(vector: Tensor, elements: number): Tensor {
  if (vector.shape[0] === elements) return vector;
  const [kept, padding] = kernels.unpack(vector, [[elements], [1]]);
  free(padding!);
  return kept!;
}

function bytesOf(values: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
