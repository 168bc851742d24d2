import { type DatasetManifest, type EncodedSplit, splitOf } from '../../contract/dataset-manifest.js';
import type { EvaluationSetup } from '../../contract/evaluator-protocol.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { readFile, readFiveCrops } from '../decode.js';

/** Size of an offset in the blob of offsets (dataset-offsets.ts). */
const OFFSET_BYTES = 8;
const LABEL_BYTES = 2;

export interface ImageRange {
  readonly first: number;
  readonly count: number;
}

/** Labels of images of the split, as classes of the model. [count] */
export async function readLabels(
  blobs: BlobStore,
  manifest: DatasetManifest,
  { split, labels }: EvaluationSetup,
  { first, count }: ImageRange,
): Promise<Uint16Array> {
  const bytes = await blobs.readRange(
    splitOf(manifest, split).labels,
    first * LABEL_BYTES,
    count * LABEL_BYTES,
  );
  // A copy, because a view of two-byte numbers must start at a multiple of two.
  const own = new Uint16Array(Uint8Array.from(bytes).buffer);
  return own.map((label) => labels[label] ?? 0);
}

/** Images of the split as the network sees them. @returns uint8 [count, height, width, channels] */
export async function readImages(
  blobs: BlobStore,
  manifest: DatasetManifest,
  { split, image, storage }: EvaluationSetup,
  range: ImageRange,
): Promise<Uint8Array> {
  const files = splitOf(manifest, split);
  if (!('offsets' in files)) {
    const size = image.height * image.width * image.channels;
    return blobs.readRange(files.images, range.first * size, range.count * size);
  }
  const decoded: Uint8Array[] = [];
  // One after another, so that only one file is decoded at a time.
  for (const [index, bytes] of (await readFiles(blobs, files, range)).entries())
    decoded.push(await readFile(bytes, range.first + index, image, storage));
  return Buffer.concat(decoded);
}

/**
 * The five crops of the image files of a split, the center last.
 * @returns five times uint8 [count, height, width, channels]
 */
export async function readCrops(
  blobs: BlobStore,
  manifest: DatasetManifest,
  { split, image }: EvaluationSetup,
  range: ImageRange,
): Promise<Uint8Array[]> {
  const files = splitOf(manifest, split);
  if (!('offsets' in files)) throw new Error('only image files have crops');
  const crops: Uint8Array[][] = [[], [], [], [], []];
  for (const [place, bytes] of (await readFiles(blobs, files, range)).entries()) {
    const five = await readFiveCrops(bytes, range.first + place, image);
    for (const [view, crop] of five.entries()) crops[view]?.push(crop);
  }
  return crops.map((own) => Buffer.concat(own));
}

/** The bytes of image files. */
export async function readFiles(
  blobs: BlobStore,
  { images, offsets }: Pick<EncodedSplit, 'images' | 'offsets'>,
  { first, count }: ImageRange,
): Promise<Uint8Array[]> {
  const ends = Buffer.from(await blobs.readRange(offsets, first * OFFSET_BYTES, (count + 1) * OFFSET_BYTES));
  const endOf = (index: number): number => Number(ends.readBigUInt64LE(index * OFFSET_BYTES));
  const bytes = await blobs.readRange(images, endOf(0), endOf(count) - endOf(0));
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(endOf(index) - endOf(0), endOf(index + 1) - endOf(0)),
  );
}
