import sharp from 'sharp';
import { PixelHistogram } from '../../../src/contract/channel-statistics.js';
import { type EncodedSplit, encodeManifest } from '../../../src/contract/dataset-manifest.js';
import { encodeOffsets } from '../../../src/contract/dataset-offsets.js';
import type { DatasetFacts, ResolvedSpec } from '../../../src/contract/spec.js';
import { resolveSpec } from '../../../src/planning/spec/resolve.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { type RandomStream, randomStream } from '../../../src/trainer/random.js';
import { jobSpec, type SpecChanges } from '../../jobs/support/specs.js';

/** Images of many sizes in all formats: colour, grey and with transparency. */
export const MIXED: DatasetFacts = {
  name: 'mixed',
  classes: ['a', 'b', 'c'],
  image: { height: 16, width: 16, channels: 3 },
  storage: 'encoded',
  manifest: null,
  train_count: 32,
  test_count: 12,
  validation_count: 0,
  augmentation: { crop_padding: 0, horizontal_flip: true },
};

/** A job on MIXED in epochs of eight steps. */
export function mixedSpec(changes: SpecChanges = {}, dataset: DatasetFacts = MIXED): ResolvedSpec {
  const body = jobSpec({
    dataset: dataset.name,
    batch_size: 4,
    epochs: 1,
    exports: [],
    ...changes,
    model: { family: 'resnet', depth: 8, width: 2, ...changes.model },
    method: { round_steps: 8, end_to_end_share: 0, penalty: 4, ...changes.method },
  });
  return resolveSpec(body, dataset, 3);
}

/** @returns the facts of the dataset with the manifest that was stored */
export async function storeMixed(blobs: BlobStore): Promise<DatasetFacts> {
  const random = randomStream(1, 'mixed');
  const histogram = new PixelHistogram(3);
  const splits = {
    train: await storeSplit(blobs, MIXED.train_count, random, histogram),
    test: await storeSplit(blobs, MIXED.test_count, random, histogram),
  };
  const { name, image, classes } = MIXED;
  const statistics = histogram.statistics();
  const manifest = encodeManifest({ name, image, classes, storage: 'encoded', splits, ...statistics });
  return { ...MIXED, manifest: (await blobs.put(manifest)).uri };
}

async function storeSplit(
  blobs: BlobStore,
  count: number,
  random: RandomStream,
  histogram: PixelHistogram,
): Promise<EncodedSplit> {
  const files: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    const size = { width: 12 + Math.floor(70 * random()), height: 12 + Math.floor(70 * random()) };
    const pixels = noise(size, random);
    histogram.add(pixels);
    files.push(await encode(pixels, size, index));
  }
  const labels = Uint16Array.from({ length: count }, () => Math.floor(3 * random()));
  return {
    count,
    images: (await blobs.put(Buffer.concat(files))).uri,
    offsets: (await blobs.put(encodeOffsets(files.map(({ length }) => length)))).uri,
    labels: (await blobs.put(new Uint8Array(labels.buffer))).uri,
  };
}

export function noise(
  { width, height }: { width: number; height: number },
  random: RandomStream,
): Uint8Array {
  return Uint8Array.from({ length: width * height * 3 }, () => Math.floor(256 * random()));
}

function encode(pixels: Uint8Array, size: { width: number; height: number }, index: number) {
  const image = sharp(pixels, { raw: { ...size, channels: 3 } });
  const forms = [
    image.jpeg(),
    image.png(),
    image.webp(),
    image.toColourspace('b-w').jpeg(),
    image.ensureAlpha(0.5).png(),
  ];
  return forms[index % forms.length]!.toBuffer();
}
