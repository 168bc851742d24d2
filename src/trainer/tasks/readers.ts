import { trainSamples } from '../../network/index.js';
import { SplitReader } from '../data/index.js';
import { readManifest, type TaskContext } from './context.js';

/** Both splits of a job's dataset: the training images that it trains on, and all test images. */
export interface Readers {
  readonly train: SplitReader;
  readonly test: SplitReader;
}

export async function openReaders(context: TaskContext): Promise<Readers> {
  const manifest = await readManifest(context);
  const { spec, dataset } = context.assignment;
  const samples = trainSamples(spec.max_train_samples, dataset);
  return {
    // The network's statistics too must come from none but these.
    train: await SplitReader.open(manifest, 'train', context.blobs, samples),
    test: await SplitReader.open(manifest, 'test', context.blobs),
  };
}

export function closeReaders({ train, test }: Readers): void {
  train.close();
  test.close();
}
