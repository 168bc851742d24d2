import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { channelStatistics } from '../../src/contract/channel-statistics.js';
import type { DatasetManifest } from '../../src/contract/dataset-manifest.js';
import type { BlobStore } from '../../src/storage/blob-store.js';
import { randomStream } from '../../src/trainer/random.js';

const SIDE = 32;
const CHANNELS = 3;
const PIXELS = SIDE * SIDE;
const RECORD = 1 + PIXELS * CHANNELS;
const CLASSES = 10;
const COUNTS = { train: 10_000, test: 1_000 } as const;
const FILES = { train: 'data_batch_1.bin', test: 'test_batch.bin' } as const;

interface Images {
  /** uint8 [count, side, side, 3] */
  readonly pixels: Uint8Array;
  readonly labels: Uint16Array;
}

/**
 * A dataset of `side`: of CIFAR-10's binary version where CIFAR10_BINARY names its folder, else of generated images. Sides
 * of more than 32 repeat pixels.
 */
export async function prepareImages(side: number, blobs: BlobStore): Promise<DatasetManifest> {
  const splits = { train: await imagesOf('train', side), test: await imagesOf('test', side) };
  const store = async ({ pixels, labels }: Images) => ({
    count: labels.length,
    images: (await blobs.put(pixels)).uri,
    labels: (await blobs.put(new Uint8Array(labels.buffer))).uri,
  });
  return {
    name: 'cifar10',
    storage: 'pixels',
    image: { height: side, width: side, channels: CHANNELS },
    classes: Array.from({ length: CLASSES }, (_, index) => String(index)),
    splits: { train: await store(splits.train), test: await store(splits.test) },
    ...channelStatistics(splits.train.pixels, CHANNELS),
  };
}

async function imagesOf(split: keyof typeof FILES, side: number): Promise<Images> {
  const folder = process.env.CIFAR10_BINARY;
  const count = COUNTS[split];
  const records = folder ? await readFile(join(folder, FILES[split])) : generated(split, count);
  const labels = Uint16Array.from({ length: count }, (_, index) => records[index * RECORD]!);
  const pixels = new Uint8Array(count * side * side * CHANNELS);
  for (let index = 0; index < count; index++) {
    const planes = records.subarray(index * RECORD + 1, (index + 1) * RECORD);
    placeImage(planes, side, pixels.subarray(index * side * side * CHANNELS));
  }
  return { pixels, labels };
}

/** From three planes of 32x32 to pixels of a greater image. */
function placeImage(planes: Uint8Array, side: number, target: Uint8Array): void {
  const scale = side / SIDE;
  for (let place = 0; place < side * side; place++) {
    const row = Math.floor(Math.floor(place / side) / scale);
    const source = row * SIDE + Math.floor((place % side) / scale);
    for (let channel = 0; channel < CHANNELS; channel++) {
      target[place * CHANNELS + channel] = planes[channel * PIXELS + source]!;
    }
  }
}

/** Noise around a brightness that tells the class. */
function generated(split: string, count: number): Uint8Array {
  const random = randomStream(1, `images-${split}`);
  const records = new Uint8Array(count * RECORD);
  for (let index = 0; index < count; index++) {
    const label = index % CLASSES;
    records[index * RECORD] = label;
    for (let place = 1; place < RECORD; place++) records[index * RECORD + place] = label * 20 + random() * 60;
  }
  return records;
}
