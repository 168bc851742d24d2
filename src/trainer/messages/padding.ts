import * as kernels from '../kernels/index.js';
import { free, type Tensor, upload } from '../runtime/index.js';

/** Between tensors of any shape and the bytes of a record. */

export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** All values as a vector, zeros after them up to a multiple of `multiple`; a tensor of the caller's. */
export function padToMultiple(tensor: Tensor, multiple: number): Tensor {
  const missing = -elementsOf(tensor.shape) % multiple;
  if (missing === 0) return kernels.reshape(tensor, [-1]);
  const zeros = upload(new Float32Array(multiple + missing), [multiple + missing]);
  const padded = kernels.pack([tensor, zeros]);
  free(zeros);
  return padded;
}

/** The first values of a padded tensor, in their shape; a tensor of the caller's. */
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

/** A copy that typed arrays of any element size can lie on. */
export function alignedBytes(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
