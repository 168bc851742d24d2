import { encodeManifest } from '../../../src/contract/dataset-manifest.js';
import type { DatasetFacts, ResolvedSpec } from '../../../src/contract/spec.js';
import {
  type BlobUri,
  FROZEN_FEATURES,
  type TaskAssignment,
  type TaskCheckpoint,
  type TaskOutput,
  type TaskSuccess,
} from '../../../src/contract/trainer-protocol.js';
import { describeMethod, methodsWith, storedFeatures } from '../../../src/method/index.js';
import { type PlannedTask, planTasks } from '../../../src/planning/tasks/task-graph.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import type { BatchThread } from '../../../src/trainer/data/index.js';
import { SpoolReader } from '../../../src/trainer/messages/index.js';
import { randomStream } from '../../../src/trainer/random.js';
import { arena, read } from '../../../src/trainer/runtime/index.js';
import type { CarriedState } from '../../../src/trainer/tasks/carried-state.js';
import type { TaskContext } from '../../../src/trainer/tasks/context.js';
import { storeFeatures } from '../../../src/trainer/tasks/inputs/frozen-features.js';
import { runTask } from '../../../src/trainer/tasks/run-task.js';
import { mnistSpec, type SpecChanges } from './specs.js';

/** Every method of the contract. */
export const METHODS = methodsWith(() => true);

/** Small coloured noise: what a task does to its state does not depend on what the images show. */
export const TINY: DatasetFacts = {
  name: 'tiny',
  classes: ['a', 'b', 'c'],
  image: { height: 8, width: 8, channels: 2 },
  storage: 'pixels',
  manifest: null,
  train_count: 32,
  test_count: 0,
  validation_count: 0,
  augmentation: { crop_padding: 1, horizontal_flip: true },
};

export const TINY_STEPS_PER_EPOCH = 8;

/** A job on TINY whose `epochs` are of eight steps; everything else is set, so no default depends on the dataset. */
export function tinySpec(changes: SpecChanges): ResolvedSpec {
  const type = changes.method?.type ?? 'augmented-lagrangian';
  const penalty = describeMethod({ type }).penalty ? 4 : 'auto';
  return mnistSpec({
    max_train_samples: TINY.train_count,
    batch_size: TINY.train_count / TINY_STEPS_PER_EPOCH,
    model: { depth: 8, width: 2 },
    // Variables stored of a sample belong to its image as it is.
    augmentation: changes.method?.type === 'stored' && changes.method.stages !== 1 ? {} : TINY.augmentation,
    ...changes,
    method: { penalty, end_to_end_share: 0, round_steps: TINY_STEPS_PER_EPOCH, ...changes.method },
  });
}

/** @param count of its images, the first ones */
export async function storeTiny(blobs: BlobStore, count = TINY.train_count): Promise<TaskOutput> {
  const { image, classes, name } = TINY;
  const random = randomStream(1, 'tiny');
  const bytes = (length: number, below: number) =>
    Uint8Array.from({ length }, () => Math.floor(below * random()));
  const images = await blobs.put(bytes(count * image.height * image.width * image.channels, 256));
  const labels = await blobs.put(new Uint8Array(Uint16Array.from(bytes(count, classes.length)).buffer));
  const split = { count, images: images.uri, labels: labels.uri };
  return await blobs.put(
    encodeManifest({
      name,
      storage: 'pixels',
      image,
      classes,
      splits: { train: split, test: split },
      mean: [127, 127],
      standard_deviation: [74, 74],
    }),
  );
}

export interface TaskRun {
  readonly spec: ResolvedSpec;
  readonly blobs: BlobStore;
  readonly inputs: Readonly<Record<string, BlobUri>>;
  readonly attempt?: number;
  /** Absent: TINY. */
  readonly dataset?: DatasetFacts;
  /** Called after every optimiser step; what it throws ends the task there. */
  readonly onStep?: (save: () => Promise<TaskCheckpoint>) => void | Promise<void>;
  /** Prepares the batches ahead; absent, the loop does. */
  readonly batchThread?: BatchThread;
  /** Encoded images decoded at the same time by the loop itself; absent: one. */
  readonly decoders?: number;
  /** From task to task of one trainer; absent, each reads its state. */
  readonly carried?: CarriedState;
  /** Stands for a device that computes in bfloat16; the kernels work on any, emulated. */
  readonly bfloat16?: boolean;
}

export function runTrainingTask(task: TrainingTask, options: TaskRun): Promise<TaskSuccess> {
  return runTask(contextOf(task, options));
}

export type TrainingTask = Pick<PlannedTask, 'key' | 'stage' | 'round'> &
  Partial<Pick<PlannedTask, 'replica'>> &
  Pick<TaskAssignment, 'kind'>;

export function contextOf(
  { key, kind, stage, round, replica = null }: TrainingTask,
  {
    spec,
    blobs,
    inputs,
    dataset = TINY,
    attempt = 1,
    onStep = () => {},
    batchThread,
    carried,
    decoders = 1,
    bfloat16 = false,
  }: TaskRun,
): TaskContext {
  return {
    assignment: { task_id: key, job_id: 'job', attempt, kind, stage, round, replica, spec, dataset, inputs },
    blobs,
    now: () => 0,
    progress: () => {},
    metrics: () => {},
    betweenSteps: async (save) => {
      if (save) await onStep(async () => (await save(true))!);
    },
    ...(batchThread && { batchThread }),
    ...(carried && { carried }),
    decoders,
    bfloat16,
  };
}

/**
 * Runs a job's training tasks in the order of its plan; `run` may stand in for a task's plain execution.
 * @param given inputs of every task, besides those of its plan
 */
export async function runTraining(
  spec: ResolvedSpec,
  blobs: BlobStore,
  run: (task: PlannedTask, options: TaskRun) => Promise<TaskSuccess> = runTrainingTask,
  given: Readonly<Record<string, BlobUri>> = {},
): Promise<Map<string, TaskSuccess>> {
  const outputs = await prepared(spec, blobs, given);
  const successes = new Map<string, TaskSuccess>([
    ['prepare', { outputs, seconds: {}, artifacts: [], result: {} }],
  ]);
  for (const task of planTasks(spec, TINY)) {
    if (task.kind !== 'stage' && task.kind !== 'end_to_end') continue;
    const inputs = Object.fromEntries(
      Object.entries(task.inputs).map(([name, { task: producer, output }]) => [
        name,
        successes.get(producer)!.outputs[output]!.uri,
      ]),
    );
    successes.set(task.key, await run(task, { spec, blobs, inputs: { ...inputs, ...given } }));
  }
  return successes;
}

/** The outputs of `prepare`, which knows no dataset like TINY. */
async function prepared(
  spec: ResolvedSpec,
  blobs: BlobStore,
  given: Readonly<Record<string, BlobUri>>,
): Promise<Record<string, TaskOutput>> {
  const dataset = await storeTiny(blobs);
  const features = storedFeatures(spec, TINY);
  if (features === null) return { dataset };
  const task = { key: 'prepare', kind: 'prepare', stage: null, round: null } as const;
  const context = contextOf(task, { spec, blobs, inputs: { dataset: dataset.uri, ...given } });
  return { dataset, [FROZEN_FEATURES]: await storeFeatures(context, features) };
}

/** A task's outputs by what is in them: a blob's address is its hash; a spool file is read. */
export async function contentsOf(success: TaskSuccess, blobs: BlobStore): Promise<Record<string, unknown>> {
  const entries = Object.entries(success.outputs).map(async ([name, { uri }]) => [
    name,
    uri.startsWith('spool:') ? Buffer.from(await blobs.get(uri)).toString('base64') : uri,
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

/** The corrections of every step of a spool file, as decoded. */
export async function correctionsOf(uri: BlobUri, blobs: BlobStore): Promise<Float32Array[]> {
  const reader = new SpoolReader(await blobs.localPath(uri), uri);
  const { start, end } = reader.header.steps;
  const steps = Array.from({ length: end - start }, (_, index) =>
    arena(() => ({ values: read(reader.read(start + index)) })),
  );
  reader.close();
  return steps.map(({ values }) => values);
}
