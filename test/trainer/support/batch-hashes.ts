import { createHash } from 'node:crypto';
import { read, readIntegers } from '../../../src/trainer/runtime/index.js';
import { openTrainBatches } from '../../../src/trainer/tasks/inputs/batches.js';
import { contextOf, type TaskRun, type TrainingTask } from './training-tasks.js';

/** sha256 of images, labels and their mix of the batches of `steps`, opened as the task itself opens them. */
export async function batchHashes(
  task: TrainingTask,
  run: TaskRun,
  steps: readonly number[],
): Promise<string[]> {
  const batches = await openTrainBatches(contextOf(task, run));
  const hashes: string[] = [];
  for (const step of steps) {
    const { images, labels, mix, dispose } = await batches.at(step);
    const hash = createHash('sha256').update(read(images)).update(readIntegers(labels));
    if (mix) hash.update(mix.partners).update(Float64Array.of(mix.share));
    dispose();
    hashes.push(hash.digest('hex'));
  }
  batches.reader.close();
  return hashes;
}
