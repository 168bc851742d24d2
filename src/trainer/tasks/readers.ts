import { SplitReader } from '../data/index.js';
import { readManifest, type TaskContext } from './context.js';

/** Both splits of a job's dataset. */
export interface Readers {
  readonly train: SplitReader;
  readonly test: SplitReader;
}

export async function openReaders(context: TaskContext): Promise<Readers> {
  const manifest = await readManifest(context);
  return {
    train: await SplitReader.open(manifest, 'train', context.blobs),
    test: await SplitReader.open(manifest, 'test', context.blobs),
  };
}

export function closeReaders({ train, test }: Readers): void {
  train.close();
  test.close();
}
