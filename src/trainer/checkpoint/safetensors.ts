import {
  encodeSafetensorsFile,
  InvalidSafetensorsError,
  readSafetensorsHeader,
} from '../../contract/safetensors.js';
import { TrainerError } from '../errors.js';

/** A float32 array with its shape, as in the safetensors format. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Encodes float32 tensors as safetensors (src/contract/safetensors.ts). */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const arrays = [...tensors].map(([name, { shape, values }]) => {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return [name, { dtype: 'F32', shape, bytes }] as const;
  });
  return encodeSafetensorsFile(new Map(arrays), metadata);
}

/** @throws TrainerError blob_corrupt if the bytes are not a complete float32 safetensors file */
export function decodeSafetensors(bytes: Uint8Array): {
  tensors: Map<string, StoredTensor>;
  metadata: Readonly<Record<string, string>>;
} {
  const { tensors: places, metadata } = headerOf(bytes);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { dtype, shape, begin, end }] of places) {
    if (dtype !== 'F32')
      throw new TrainerError('blob_corrupt', `a checkpoint has ${name} as ${dtype}, not F32`);
    // A copy, because a float32 view must start at a multiple of four. Buffer's own slice does not copy.
    const copy = new Uint8Array(bytes.subarray(begin, end));
    tensors.set(name, { shape, values: new Float32Array(copy.buffer) });
  }
  return { tensors, metadata };
}

function headerOf(bytes: Uint8Array) {
  try {
    return readSafetensorsHeader(bytes);
  } catch (error) {
    if (!(error instanceof InvalidSafetensorsError)) throw error;
    throw new TrainerError('blob_corrupt', `a checkpoint ${error.message}`);
  }
}
