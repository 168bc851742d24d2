import { InvalidSafetensorsError, readHeaderOf, type TensorPlace } from '../../contract/safetensors.js';
import type { BlobUri, TaskOutput } from '../../contract/trainer-protocol.js';
import type { BlobStore } from '../../storage/blob-store.js';

/** Bytes that are compared at a time: files may be larger than memory. */
const PIECE_BYTES = 2 ** 22;

const HEADER = 'the header of the file';

/**
 * Names of the tensors that two safetensors files do not have with the same bits. The files are read as they are: one may be
 * damaged.
 */
export async function differingTensors(
  blobs: BlobStore,
  { uri: a, ...left }: TaskOutput,
  { uri: b, ...right }: TaskOutput,
): Promise<string[]> {
  const [first, second] = await Promise.all([
    headerOf(blobs, { uri: a, ...left }),
    headerOf(blobs, { uri: b, ...right }),
  ]);
  if (first === null || second === null) return [HEADER];
  const differing: string[] = [];
  for (const name of new Set([...first.keys(), ...second.keys()])) {
    const [one, other] = [first.get(name), second.get(name)];
    const same = one && other && isAlike(one, other) && (await sameBytes(blobs, { a, one, b, other }));
    if (!same) differing.push(name);
  }
  return differing;
}

async function headerOf(
  blobs: BlobStore,
  { uri, size_bytes: size }: TaskOutput,
): Promise<ReadonlyMap<string, TensorPlace> | null> {
  try {
    const read = (offset: number, length: number) => blobs.readRange(uri, offset, length);
    return (await readHeaderOf(read, size)).tensors;
  } catch (error) {
    if (error instanceof InvalidSafetensorsError) return null;
    throw error;
  }
}

function isAlike(one: TensorPlace, other: TensorPlace): boolean {
  return one.dtype === other.dtype && JSON.stringify(one.shape) === JSON.stringify(other.shape);
}

interface Pair {
  readonly a: BlobUri;
  readonly one: TensorPlace;
  readonly b: BlobUri;
  readonly other: TensorPlace;
}

async function sameBytes(blobs: BlobStore, { a, one, b, other }: Pair): Promise<boolean> {
  const size = one.end - one.begin;
  for (let start = 0; start < size; start += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, size - start);
    const [left, right] = await Promise.all([
      blobs.readRange(a, one.begin + start, length),
      blobs.readRange(b, other.begin + start, length),
    ]);
    if (!Buffer.from(left).equals(Buffer.from(right))) return false;
  }
  return true;
}
