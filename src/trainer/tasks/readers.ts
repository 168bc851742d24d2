import { trainSamples } from '../../network/index.js';
import { openSplit, type SplitReader } from '../data/index.js';
import { readManifest, type TaskContext } from './context.js';

/** Both splits of a job's dataset: the training images that it trains on, and all test images. */
export interface Readers {
  readonly train: SplitReader;
  readonly test: SplitReader;
}

export async function openReaders(context: TaskContext): Promise<Readers> {
  const manifest = await readManifest(context);
  const { spec, dataset } = context.assignment;
  const most = trainSamples(spec.max_train_samples, dataset);
  const { blobs, decoders } = context;
  return {
    // The network's statistics too must come from none but these.
    train: await openSplit(manifest, 'train', blobs, { most, decoders }),
    test: await openSplit(manifest, 'test', blobs, { decoders }),
  };
}

export function closeReaders({ train, test }: Readers): void {
  train.close();
  test.close();
}
