import { InvalidManifestError } from './dataset-manifest.js';

/** Start of each image of an encoded split, and the end of the last one. */
export type ImageOffsets = Float64Array;

const BYTES = 8;

/** @param lengths bytes of each image, 1 or more. @returns uint64, little endian [lengths + 1], starting with 0 */
export function encodeOffsets(lengths: ArrayLike<number>): Uint8Array {
  const view = new DataView(new ArrayBuffer(BYTES * (lengths.length + 1)));
  let offset = 0;
  for (let index = 0; index < lengths.length; index++) {
    offset += lengths[index]!;
    view.setBigUint64(BYTES * (index + 1), BigInt(offset), true);
  }
  return new Uint8Array(view.buffer);
}

/**
 * Reads and checks the offsets of a split, as numbers that are exact up to 2^53.
 * @param count images of the split
 * @param size bytes of its blob of images
 * @throws InvalidManifestError naming the first invalid image
 */
export function decodeOffsets(bytes: Uint8Array, count: number, size: number): ImageOffsets {
  const expected = BYTES * (count + 1);
  if (bytes.length !== expected) {
    throw new InvalidManifestError(
      'offsets',
      `have ${bytes.length} bytes, but ${count} images need ${expected}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const offsets = Float64Array.from({ length: count + 1 }, (_, index) =>
    Number(view.getBigUint64(BYTES * index, true)),
  );
  if (offsets[0] !== 0) throw new InvalidManifestError('offsets', 'must begin at 0');
  for (let index = 0; index < count; index++) {
    if (offsets[index + 1]! > offsets[index]!) continue;
    throw new InvalidManifestError('offsets', `give image ${index} no bytes`);
  }
  if (offsets[count] !== size) {
    throw new InvalidManifestError('offsets', `end at ${offsets[count]}, but the images have ${size} bytes`);
  }
  return offsets;
}
