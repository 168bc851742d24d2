import { type StepRange, trainSamples } from '../../../method/index.js';
import {
  type Batch,
  BatchThread,
  LabelRule,
  openSplit,
  readLabels,
  type SplitReader,
  splitFiles,
  TrainBatches,
  type TrainBatchesOptions,
} from '../../data/index.js';
import type { Stopwatch } from '../../training/index.js';
import type { TaskContext } from '../context.js';
import { readManifest } from './dataset.js';

export interface StepBatches {
  readonly at: (step: number) => Batch | Promise<Batch>;
  readonly close: (stopwatch: Stopwatch) => void;
}

/** The batches of the steps of a task, prepared ahead by the thread of the trainer if it has one. */
export async function openSteps(context: TaskContext, steps: StepRange): Promise<StepBatches> {
  const { batchThread } = context;
  const manifest = await readManifest(context);
  const { height, width, channels } = manifest.image;
  if (!batchThread || !BatchThread.takes(context.assignment.spec.batch_size, height * width * channels)) {
    const batches = await openTrainBatches(context);
    return { at: (step) => batches.at(step), close: () => batches.reader.close() };
  }
  const files = await splitFiles(manifest, 'train', context.blobs);
  const options = batchOptions(context);
  const labels = new LabelRule(options, readLabels(files, options.samples), manifest);
  const prepared = await batchThread.open(files, options, steps);
  return {
    at: async (step) => ({ ...(await prepared.next()), ...labels.termsAt(step) }),
    close: (stopwatch) => {
      stopwatch.add('data_thread', prepared.seconds);
      prepared.close();
    },
  };
}

/** The batches of the steps with their labels alone: their images are empty. */
export async function openLabels(context: TaskContext, _steps: StepRange): Promise<StepBatches> {
  const batches = await openTrainBatches(context);
  return { at: (step) => batches.labelsAt(step), close: () => batches.reader.close() };
}

export async function openTrainBatches(context: TaskContext): Promise<TrainBatches> {
  const { blobs, decoders } = context;
  const reader = await openSplit(await readManifest(context), 'train', blobs, { decoders });
  return trainBatchesOn(reader, context);
}

/** Batches from images that are open already. The caller closes them. */
export function trainBatchesOn(reader: SplitReader, context: TaskContext): TrainBatches {
  return new TrainBatches(reader, batchOptions(context));
}

export function batchOptions({ assignment: { spec, dataset } }: TaskContext): TrainBatchesOptions {
  return {
    seed: spec.seed,
    batchSize: spec.batch_size,
    samples: trainSamples(spec, dataset),
    augmentation: spec.augmentation,
    epochs: spec.epochs,
    sampling: spec.sampling,
    classWeights: spec.class_weights,
  };
}
