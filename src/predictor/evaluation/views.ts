import type { DatasetManifest } from '../../contract/dataset-manifest.js';
import type { EvaluationSetup } from '../../contract/evaluator-protocol.js';
import type { ImageShape } from '../../contract/spec.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { type ImageRange, readCrops, readImages } from './images.js';

/**
 * Reads each image in all views that the network sees of it. The mean of the answers for the views is the answer for the image.
 * @returns uint8 [count, height, width, channels] for each view
 */
export async function readViews(
  blobs: BlobStore,
  manifest: DatasetManifest,
  setup: EvaluationSetup,
  range: ImageRange,
): Promise<Uint8Array[]> {
  if (setup.tta === 'five-crop') return readCrops(blobs, manifest, setup, range);
  const images = await readImages(blobs, manifest, setup, range);
  return setup.tta === 'flip' ? [images, mirror(images, setup.image)] : [images];
}

/** Every row of pixels from right to left. @param pixels uint8 [count, height, width, channels] */
function mirror(pixels: Uint8Array, { width, channels }: ImageShape): Uint8Array {
  const row = width * channels;
  const mirrored = new Uint8Array(pixels.length);
  for (let start = 0; start < pixels.length; start += row) {
    for (let x = 0; x < width; x++) {
      const from = start + (width - 1 - x) * channels;
      mirrored.set(pixels.subarray(from, from + channels), start + x * channels);
    }
  }
  return mirrored;
}
