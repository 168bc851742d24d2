import { encodeManifest } from '../../../src/contract/dataset-manifest.js';
import { BUILT_IN_DATASETS } from '../../../src/contract/datasets.js';
import type { DatasetFacts } from '../../../src/contract/spec.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { prepareMnist } from '../../../src/trainer/data/index.js';

export const WHOLE_MNIST: DatasetFacts = BUILT_IN_DATASETS.find(({ name }) => name === 'mnist')!;
const PIXELS = WHOLE_MNIST.image.height * WHOLE_MNIST.image.width;
const LABEL_BYTES = 2;

/**
 * MNIST with the first 1,000 of its 10,000 test images: tests score far more often than jobs do, and scoring all of
 * them took most of the tests' time.
 */
export const MNIST: DatasetFacts = { ...WHOLE_MNIST, test_count: 1000 };

/** Stores it as an import would have. */
export async function storeMnist(blobs: BlobStore): Promise<DatasetFacts> {
  const whole = await prepareMnist(WHOLE_MNIST, blobs);
  if (whole.storage !== 'pixels') throw new Error('MNIST is stored as pixels');
  const { images, labels } = whole.splits.test;
  const test = {
    count: MNIST.test_count,
    images: (await blobs.put((await blobs.get(images)).subarray(0, MNIST.test_count * PIXELS))).uri,
    labels: (await blobs.put((await blobs.get(labels)).subarray(0, MNIST.test_count * LABEL_BYTES))).uri,
  };
  const manifest = encodeManifest({ ...whole, splits: { ...whole.splits, test } });
  return { ...MNIST, manifest: (await blobs.put(manifest)).uri };
}
