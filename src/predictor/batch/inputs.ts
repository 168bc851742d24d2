import { createHash } from 'node:crypto';
import type { BatchSetup } from '../../contract/batch-protocol.js';
import { type DatasetManifest, splitOf } from '../../contract/dataset-manifest.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { readFile } from '../decode.js';
import { type ImageRange, readFiles } from '../evaluation/images.js';
import { PredictionFailure } from '../failure.js';

/** An image of the input, as the network sees it or with the reason why it cannot. */
export interface Input {
  readonly key: string;
  readonly sha256: string;
  /** uint8 [height, width, channels] */
  readonly content: Uint8Array | PredictionFailure;
}

/** Images of the input, in order. One that cannot be read does not hold up the others. */
export async function readInputs(
  blobs: BlobStore,
  manifest: DatasetManifest,
  setup: BatchSetup,
  range: ImageRange,
): Promise<Input[]> {
  const files = splitOf(manifest, setup.split);
  const isEncoded = 'offsets' in files;
  const images = isEncoded
    ? await readFiles(blobs, files, range)
    : cut(await blobs.readRange(files.images, ...placeOf(setup, range)), sizeOf(setup));
  const inputs: Input[] = [];
  // One after another, so that only one file is decoded at a time.
  for (const [place, bytes] of images.entries()) {
    const index = range.first + place;
    const content = isEncoded ? await decode(bytes, index, setup) : bytes;
    inputs.push({ key: `${setup.split}/${index}`, sha256: sha256Of(bytes), content });
  }
  return inputs;
}

const sizeOf = ({ image }: BatchSetup): number => image.height * image.width * image.channels;

function placeOf(setup: BatchSetup, { first, count }: ImageRange): [start: number, size: number] {
  return [first * sizeOf(setup), count * sizeOf(setup)];
}

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: bytes.length / size }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}

async function decode(
  bytes: Uint8Array,
  index: number,
  { image, storage }: BatchSetup,
): Promise<Input['content']> {
  try {
    return await readFile(bytes, index, image, storage);
  } catch (error) {
    if (error instanceof PredictionFailure) return error;
    throw error;
  }
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
