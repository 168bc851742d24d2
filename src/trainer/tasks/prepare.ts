import type { TaskSuccess } from '../../contract/trainer-protocol.js';
import { encodeManifest, prepareMnist } from '../data/index.js';
import { TrainerError } from '../errors.js';
import { Stopwatch } from '../training/index.js';
import type { TaskContext } from './context.js';

/** Decodes the job's dataset into array blobs. The same data make the same blobs, so a second run stores nothing. */
export async function prepare(context: TaskContext): Promise<TaskSuccess> {
  const { dataset } = context.assignment;
  if (dataset.name !== 'mnist') {
    throw new TrainerError('invalid_assignment', `this trainer cannot prepare dataset ${dataset.name}`);
  }
  const watch = new Stopwatch(context.now);
  const start = context.now();
  const manifest = await prepareMnist(dataset, context.blobs);
  const output = await context.blobs.put(encodeManifest(manifest));
  watch.add('data', (context.now() - start) / 1000);
  return { outputs: { dataset: output }, seconds: watch.seconds, artifacts: [], result: {} };
}
