import { trainSamples, validationImages } from '../../../method/index.js';
import { openSplit, type SplitReader, sliceOf } from '../../data/index.js';
import type { TaskContext } from '../context.js';
import { type Owned, withOwned } from '../owned.js';
import { readManifest } from './dataset.js';

/** A job's images: those that it trains on, those that it is validated on, and all test images. */
export interface Readers {
  readonly train: SplitReader;
  /** Null where the job has none. */
  readonly validation: SplitReader | null;
  readonly test: SplitReader;
}

/** Opens a job's images for `body`, and closes them however it ends. */
export function withReaders<T>(context: TaskContext, body: (readers: Readers) => Promise<T>): Promise<T> {
  return withOwned(async (owned) => body(await openReaders(context, owned)));
}

async function openReaders(context: TaskContext, owned: Owned): Promise<Readers> {
  const manifest = await readManifest(context);
  const { spec, dataset } = context.assignment;
  const { blobs, decoders } = context;
  const open = async (split: 'train' | 'validation' | 'test', max?: number) => {
    const reader = await openSplit(manifest, split, blobs, { max, decoders });
    return owned.add(reader, () => reader.close());
  };
  // The network's statistics too must come from the training images alone.
  const train = await open('train', trainSamples(spec, dataset));
  const test = await open('test');
  const held = validationImages(spec, dataset);
  const validation = held && sliceOf(await open(held.split), held.first, held.count);
  return { train, validation, test };
}
