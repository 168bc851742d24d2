import * as kernels from '../kernels/index.js';
import { free, type Tensor, upload } from '../runtime/index.js';

/** Conversion between tensors of any shape and the bytes of a record. */

export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** All values as a vector, padded with zeros to a multiple of `multiple`. The caller owns the tensor. */
export function padToMultiple(tensor: Tensor, multiple: number): Tensor {
  const missing = -elementsOf(tensor.shape) % multiple;
  if (missing === 0) return kernels.reshape(tensor, [-1]);
  const zeros = upload(new Float32Array(multiple + missing), [multiple + missing]);
  const padded = kernels.pack([tensor, zeros]);
  free(zeros);
  return padded;
}

/** The first values of a padded tensor, in their shape. The caller owns the tensor. */
export function dropPadding(padded: Tensor, shape: readonly number[]): Tensor {
  const kept = elementsOf(shape);
  const padding = elementsOf(padded.shape) - kept;
  if (padding === 0) return kernels.reshape(padded, shape);
  const vector = kernels.reshape(padded, [-1]);
  const [result, rest] = kernels.unpack(vector, [shape, [padding]]);
  free(vector, rest!);
  return result!;
}

export function bytesOf(values: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** The numbers of four bytes in a record: its own memory where that is aligned for them, else a copy. */
export function floatsIn(bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset, byteLength } = alignedTo4(bytes);
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}

export function integersIn(bytes: Uint8Array): Int32Array {
  const { buffer, byteOffset, byteLength } = alignedTo4(bytes);
  return new Int32Array(buffer, byteOffset, byteLength / 4);
}

const alignedTo4 = (bytes: Uint8Array): Uint8Array =>
  bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
