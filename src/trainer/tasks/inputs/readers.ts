import { trainSamples } from '../../../method/index.js';
import { openSplit, type SplitReader } from '../../data/index.js';
import type { TaskContext } from '../context.js';
import { readManifest } from './dataset.js';

/** The training and test images of a job. Training images are limited to those that the job uses. */
export interface Readers {
  readonly train: SplitReader;
  readonly test: SplitReader;
}

/** Opens both splits for `body`, and closes them in any case. */
export async function withReaders<T>(
  context: TaskContext,
  body: (readers: Readers) => Promise<T>,
): Promise<T> {
  const manifest = await readManifest(context);
  const { spec, dataset } = context.assignment;
  const most = trainSamples(spec.max_train_samples, dataset);
  const { blobs, decoders } = context;
  // Batch-norm statistics must also use only these images.
  const train = await openSplit(manifest, 'train', blobs, { most, decoders });
  try {
    const test = await openSplit(manifest, 'test', blobs, { decoders });
    try {
      return await body({ train, test });
    } finally {
      test.close();
    }
  } finally {
    train.close();
  }
}
