import { createHash } from 'node:crypto';
import type { BatchSetup, PictureFiles } from '../../contract/batch-protocol.js';
import { decodeManifest, type SplitName, splitOf } from '../../contract/dataset-manifest.js';
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

/** Reads images of the input, in order. One that cannot be read does not hold up the others. */
export type ReadInputs = (range: ImageRange) => Promise<Input[]>;

export async function openInputs(blobs: BlobStore, setup: BatchSetup): Promise<ReadInputs> {
  const { manifest: uri, split, pictures = null } = setup;
  if (pictures !== null) return (range) => readPictures(blobs, pictures, setup, range);
  if (uri === null || split === null) throw new Error('the upload is not unpacked');
  const manifest = decodeManifest(await blobs.get(uri));
  const files = splitOf(manifest, split);
  return async (range) => {
    const keys = keysIn(split, range);
    if ('offsets' in files) return decodeAll(await readFiles(blobs, files, range), keys, setup, range);
    const pixels = cut(await blobs.readRange(files.images, ...placeOf(setup, range)), sizeOf(setup));
    return pixels.map((content, place) => ({
      key: keys[place] ?? '',
      sha256: sha256Of(content),
      content,
    }));
  };
}

const keysIn = (split: SplitName, { first, count }: ImageRange): string[] =>
  Array.from({ length: count }, (_, place) => `${split}/${first + place}`);

async function readPictures(
  blobs: BlobStore,
  { names, nameOffsets, ...files }: PictureFiles,
  setup: BatchSetup,
  range: ImageRange,
): Promise<Input[]> {
  const keys = await readFiles(blobs, { images: names, offsets: nameOffsets }, range);
  const text = keys.map((key) => new TextDecoder().decode(key));
  return decodeAll(await readFiles(blobs, files, range), text, setup, range);
}

/** One after another, so that only one file is decoded at a time. */
async function decodeAll(
  files: readonly Uint8Array[],
  keys: readonly string[],
  setup: BatchSetup,
  { first }: ImageRange,
): Promise<Input[]> {
  const inputs: Input[] = [];
  for (const [place, bytes] of files.entries()) {
    const content = await decode(bytes, first + place, setup);
    inputs.push({ key: keys[place] ?? '', sha256: sha256Of(bytes), content });
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
