import { decodeManifest } from '../../../src/contract/dataset-manifest.js';
import type { ResolvedSpec } from '../../../src/contract/spec.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { openSplit, TrainBatches } from '../../../src/trainer/data/index.js';
import { read } from '../../../src/trainer/runtime/index.js';
import { storeTiny, TINY } from './training-tasks.js';

/** A batch off the device. */
export interface PlainBatch {
  readonly images: Float32Array;
  readonly shape: readonly [number, number, number, number];
  readonly labels: Int32Array;
}

/** The batches of the first `steps` steps of a job on TINY. */
export async function plainBatches(
  spec: ResolvedSpec,
  blobs: BlobStore,
  steps: number,
): Promise<PlainBatch[]> {
  const manifest = decodeManifest(await blobs.get((await storeTiny(blobs)).uri));
  const reader = await openSplit(manifest, 'train', blobs);
  const { seed, batch_size: batchSize, augmentation } = spec;
  const batches = new TrainBatches(reader, { seed, batchSize, samples: TINY.train_count, augmentation });
  const plain: PlainBatch[] = [];
  for (let step = 0; step < steps; step++) {
    const { images, labelValues, dispose } = await batches.at(step);
    const { height, width, channels } = TINY.image;
    const values = { images: read(images), shape: [batchSize, height, width, channels] as const };
    dispose();
    plain.push({ ...values, labels: labelValues });
  }
  reader.close();
  return plain;
}
