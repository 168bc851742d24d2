import { TrainerError } from '../errors.js';

/** A float32 array with its shape, as in the safetensors format. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

interface Entry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

/**
 * Encodes float32 tensors as safetensors (github.com/huggingface/safetensors, format specification): length of the
 * header as uint64, JSON header, then the arrays in order. Python reads it with `safetensors.numpy.load_file`.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries: Record<string, Entry | Readonly<Record<string, string>>> = { __metadata__: metadata };
  let end = 0;
  for (const [name, { shape, values }] of tensors) {
    entries[name] = { dtype: 'F32', shape: [...shape], data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
  }
  const header = new TextEncoder().encode(JSON.stringify(entries));
  const padded = Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(header, 8);
  bytes.fill(0x20, 8 + header.length, 8 + padded);
  let offset = 8 + padded;
  for (const { values } of tensors.values()) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    offset += values.byteLength;
  }
  return bytes;
}

/** @throws TrainerError blob_corrupt if the bytes are not a complete float32 safetensors file */
export function decodeSafetensors(bytes: Uint8Array): {
  tensors: Map<string, StoredTensor>;
  metadata: Readonly<Record<string, string>>;
} {
  if (bytes.length < 8) throw new TrainerError('blob_corrupt', 'a checkpoint is cut short');
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const start = 8 + headerLength;
  if (start > bytes.length) throw new TrainerError('blob_corrupt', 'a checkpoint is cut short');
  const { __metadata__: metadata = {}, ...entries } = JSON.parse(
    new TextDecoder().decode(bytes.subarray(8, start)),
  ) as Record<string, Entry> & { __metadata__?: Record<string, string> };
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { shape, data_offsets }] of Object.entries(entries as Record<string, Entry>)) {
    // A copy, because a float32 view must start at a multiple of four. Buffer's own slice does not copy.
    const copy = new Uint8Array(bytes.subarray(start + data_offsets[0], start + data_offsets[1]));
    if (copy.length !== data_offsets[1] - data_offsets[0]) {
      throw new TrainerError('blob_corrupt', `a checkpoint is cut short at ${name}`);
    }
    tensors.set(name, { shape, values: new Float32Array(copy.buffer) });
  }
  return { tensors, metadata };
}
