import { channelStatistics } from '../../src/contract/channel-statistics.js';
import { type EncodedSplit, encodeManifest } from '../../src/contract/dataset-manifest.js';
import { encodeOffsets } from '../../src/contract/dataset-offsets.js';
import type { DatasetFacts } from '../../src/contract/spec.js';
import { decodeImage, openImage } from '../../src/images/decode.js';
import type { BlobStore } from '../../src/storage/blob-store.js';
import { CLASSES, type GeneratedImage, generateImage } from './images.js';

/** Drawn at the same time: drawing and encoding overlap. */
const AT_ONCE = 8;
const TEST_IMAGES = 16;
const SEED = 1;

/** No two alike. @param count a multiple of those that are drawn at once */
export async function drawImages(count: number): Promise<GeneratedImage[]> {
  const images: GeneratedImage[] = [];
  while (images.length < count) {
    const next = Array.from({ length: AT_ONCE }, (_, each) => generateImage(SEED, images.length + each));
    images.push(...(await Promise.all(next)));
  }
  return images;
}

/** Stores a dataset of `count` images, as an importer leaves it. */
export async function storeFolder(
  blobs: BlobStore,
  drawn: readonly GeneratedImage[],
  count: number,
): Promise<DatasetFacts> {
  const facts = {
    name: `generated-${count}`,
    storage: 'encoded' as const,
    image: { height: 224, width: 224, channels: 3 },
    classes: CLASSES,
  };
  const sample = await decodeImage(await openImage(drawn[0]!.bytes), facts.image.channels);
  const manifest = encodeManifest({
    ...facts,
    splits: {
      train: await storeSplit(blobs, drawn, count),
      test: await storeSplit(blobs, drawn, TEST_IMAGES),
    },
    ...channelStatistics(sample, facts.image.channels),
  });
  return {
    ...facts,
    manifest: (await blobs.put(manifest)).uri,
    train_count: count,
    test_count: TEST_IMAGES,
    validation_count: 0,
    augmentation: { crop_padding: 0, horizontal_flip: true },
  };
}

async function storeSplit(
  blobs: BlobStore,
  drawn: readonly GeneratedImage[],
  count: number,
): Promise<EncodedSplit> {
  const images = drawn.slice(0, count);
  const labels = Uint16Array.from(images, ({ label }) => label);
  const files = images.map(({ bytes }) => bytes);
  return {
    count,
    images: (await blobs.put(Buffer.concat(files))).uri,
    offsets: (await blobs.put(encodeOffsets(files.map(({ length }) => length)))).uri,
    labels: (await blobs.put(new Uint8Array(labels.buffer))).uri,
  };
}
