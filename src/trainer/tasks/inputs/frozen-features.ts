import { FROZEN_FEATURES, type TaskOutput } from '../../../contract/trainer-protocol.js';
import { describeRun, type FrozenFeatures, storedFeatures } from '../../../method/index.js';
import { type Layer, parametersOf, splitFrozen, wholeNetwork } from '../../../network/index.js';
import { fullBatches } from '../../data/index.js';
import { TrainerError } from '../../errors.js';
import { frozenNormRule, inferPass, type NamedTensors, uploadWeights } from '../../passes/index.js';
import { free, read, upload } from '../../runtime/index.js';
import { type RowsShape, SampleRows } from '../../stored-variables/index.js';
import type { TaskContext } from '../context.js';
import { type Owned, withOwned } from '../owned.js';
import { openTrainBatches, type StepBatches } from './batches.js';
import { withReaders } from './readers.js';
import { initialWeights } from './states.js';

/**
 * Computes what the frozen layers make of every training image, in batches of the size of a step: the values are then those of
 * the passes that they replace, bitwise. A function of the weights that the job starts from and of its images, so it can be
 * made again.
 */
export async function storeFeatures(context: TaskContext, features: FrozenFeatures): Promise<TaskOutput> {
  const { spec, dataset, job_id, task_id, attempt } = context.assignment;
  const { frozen } = splitFrozen(wholeNetwork(describeRun(spec, dataset).network));
  return await withOwned(async (owned) => {
    const parameters = parametersOf(frozen);
    const weights = uploadWeights(parameters, await initialWeights(context, parameters));
    owned.add(weights, () => free(...weights.values()));
    const key = `${job_id}/${task_id}-a${attempt}/${FROZEN_FEATURES}`;
    const draft = await context.blobs.createSpool(key);
    owned.add(draft, () => draft.discard());
    const rows = SampleRows.create(draft.path, rowsOf(features), null);
    owned.add(rows, () => rows.close());
    await fill(context, rows, frozen, weights);
    rows.flush();
    return await draft.commit();
  });
}

async function fill(
  context: TaskContext,
  rows: SampleRows,
  frozen: readonly Layer[],
  weights: NamedTensors,
): Promise<void> {
  const { samples: count } = rows.shape;
  const size = context.assignment.spec.batch_size;
  let done = 0;
  await withReaders(context, async ({ train }) => {
    for await (const { batch, samples } of fullBatches(train, size, count)) {
      const output = inferPass(frozen, batch.images, weights, frozenNormRule(weights));
      rows.write(samples, read(output));
      free(output);
      done = Math.min(done + size, count);
      context.progress(done, count);
      await context.betweenSteps();
    }
  });
}

/** Whether the task trains on stored features, in place of the images. */
export function readsFeatures({ assignment: { inputs } }: TaskContext): boolean {
  return inputs[FROZEN_FEATURES] !== undefined;
}

/** The layers that a task with stored features runs: those behind the frozen ones. */
export function layersToRun(context: TaskContext, layers: readonly Layer[]): readonly Layer[] {
  return readsFeatures(context) ? splitFrozen(layers).trained : layers;
}

/** The same batches with the stored features of their images. The files are closed with `owned`. */
export async function withFeatures(
  context: TaskContext,
  batches: StepBatches,
  owned: Owned,
): Promise<StepBatches> {
  const { spec, dataset, inputs } = context.assignment;
  const features = storedFeatures(spec, dataset);
  const uri = inputs[FROZEN_FEATURES];
  if (features === null || uri === undefined)
    throw new TrainerError('invalid_assignment', 'this job stores no features of frozen blocks');
  const rows = SampleRows.open(await context.blobs.localPath(uri), rowsOf(features));
  owned.add(rows, () => rows.close());
  const order = await openTrainBatches(context);
  owned.add(order, () => order.reader.close());
  const { height, width, channels } = features.shape;
  return {
    ...batches,
    at: async (step) => {
      const batch = await batches.at(step);
      const samples = order.samplesAt(step);
      const values = upload(rows.read(samples), [samples.length, height, width, channels]);
      return {
        ...batch,
        features: values,
        dispose: () => {
          batch.dispose();
          free(values);
        },
      };
    },
  };
}

function rowsOf({ samples, shape: { height, width, channels } }: FrozenFeatures): RowsShape {
  return { samples, rowLength: height * width * channels };
}
