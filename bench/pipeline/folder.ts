import { type EncodedSplit, encodeManifest } from '../../src/contract/dataset-manifest.js';
import { encodeOffsets } from '../../src/contract/dataset-offsets.js';
import type { DatasetFacts } from '../../src/contract/spec.js';
import type { BlobStore } from '../../src/storage/blob-store.js';
import { CLASSES, generateImage } from './images.js';

/** Images generated at the same time: their drawing and their encoding overlap. */
const AT_ONCE = 8;
const TEST_IMAGES = 16;

/** Stores a dataset of `count` generated images. */
export async function storeGenerated(blobs: BlobStore, count: number): Promise<DatasetFacts> {
  const facts = {
    name: `generated-${count}`,
    storage: 'encoded' as const,
    image: { height: 224, width: 224, channels: 3 },
    classes: CLASSES,
  };
  const manifest = encodeManifest({
    ...facts,
    splits: { train: await storeSplit(blobs, 1, count), test: await storeSplit(blobs, 2, TEST_IMAGES) },
    // As they are drawn; the input pipeline does the same whatever they are.
    mean: [125, 125, 125],
    standard_deviation: [50, 50, 50],
  });
  return {
    ...facts,
    manifest: (await blobs.put(manifest)).uri,
    train_count: count,
    test_count: TEST_IMAGES,
    augmentation: { crop_padding: 0, horizontal_flip: true },
  };
}

async function storeSplit(blobs: BlobStore, seed: number, count: number): Promise<EncodedSplit> {
  const files: Uint8Array[] = [];
  const labels = new Uint16Array(count);
  for (let start = 0; start < count; start += AT_ONCE) {
    const indices = Array.from({ length: Math.min(AT_ONCE, count - start) }, (_, offset) => start + offset);
    for (const { bytes, label } of await Promise.all(indices.map((index) => generateImage(seed, index)))) {
      labels[files.length] = label;
      files.push(bytes);
    }
  }
  return {
    count,
    images: (await blobs.put(Buffer.concat(files))).uri,
    offsets: (await blobs.put(encodeOffsets(files.map(({ length }) => length)))).uri,
    labels: (await blobs.put(new Uint8Array(labels.buffer))).uri,
  };
}
