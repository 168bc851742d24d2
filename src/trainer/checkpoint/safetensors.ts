import {
  encodeSafetensorsFile,
  InvalidSafetensorsError,
  readSafetensorsHeader,
  type TensorPlace,
} from '../../contract/safetensors.js';
import { TrainerError } from '../errors.js';
import { readValues, type Values } from '../optimizer/index.js';

/** A float32 array with its shape, as in the safetensors format. */
export interface TensorOf<T> {
  readonly shape: readonly number[];
  readonly values: T;
}

export type StoredTensor = TensorOf<Float32Array>;

/** Encodes float32 tensors as safetensors (src/contract/safetensors.ts). */
export function encodeSafetensors(
  tensors: Iterable<readonly [string, TensorOf<Values>]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const arrays = [...tensors].map(
    ([name, { shape, values }]) =>
      [name, { dtype: 'F32', shape, bytes: bytesOf(readValues(values)) }] as const,
  );
  return encodeSafetensorsFile(new Map(arrays), metadata);
}

export const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** @throws TrainerError blob_corrupt if the bytes are not a complete float32 safetensors file */
export function decodeSafetensors(bytes: Uint8Array): {
  tensors: Map<string, StoredTensor>;
  metadata: Readonly<Record<string, string>>;
} {
  const { tensors: places, metadata } = headerOf(bytes);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, place] of places) {
    const { shape, begin, end } = float32Place(name, place);
    // A copy, because a float32 view must start at a multiple of four. Buffer's own slice does not copy.
    const copy = new Uint8Array(bytes.subarray(begin, end));
    tensors.set(name, { shape, values: new Float32Array(copy.buffer) });
  }
  return { tensors, metadata };
}

/** @throws TrainerError blob_corrupt */
export function float32Place(name: string, place: TensorPlace): TensorPlace {
  if (place.dtype === 'F32') return place;
  throw new TrainerError('blob_corrupt', `a checkpoint has ${name} as ${place.dtype}, not F32`);
}

function headerOf(bytes: Uint8Array) {
  try {
    return readSafetensorsHeader(bytes);
  } catch (error) {
    throw corrupt(error);
  }
}

/** The error that a task has for a file that is no safetensors file. */
export function corrupt(error: unknown): unknown {
  if (!(error instanceof InvalidSafetensorsError)) return error;
  return new TrainerError('blob_corrupt', `a checkpoint ${error.message}`);
}
