import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeManifest } from '../../../src/contract/dataset-manifest.js';
import type { DatasetFacts, ResolvedSpec } from '../../../src/contract/spec.js';
import {
  type BlobUri,
  FINAL_WEIGHTS,
  type MetricSample,
  type TaskSuccess,
} from '../../../src/contract/trainer-protocol.js';
import { describeRun } from '../../../src/method/index.js';
import { type Layer, parametersOf } from '../../../src/network/index.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { decodeState, encodeState, encodeWeights } from '../../../src/trainer/checkpoint/index.js';
import type { NamedValues } from '../../../src/trainer/optimizer/index.js';
import { permutation, randomStream } from '../../../src/trainer/random.js';
import {
  auxiliaryParameters,
  compactLayers,
  stageParameters,
} from '../../../src/trainer/tasks/inputs/stage-parameters.js';
import { runTask } from '../../../src/trainer/tasks/run-task.js';
import { within } from '../support/measured.js';
import {
  type Features,
  type Moments,
  momentsOf,
  referenceForward,
  referenceLoss,
} from '../support/reference.js';
import { withBlobs } from '../support/run-plan.js';
import { perturbedValues } from '../support/small-network.js';
import { mnistSpec } from '../support/specs.js';
import { contextOf, runTrainingTask, type TrainingTask } from '../support/training-tasks.js';

// docs/method.md, "BatchNorm" and "Diagnostics": what `evaluate` and `finalize` report of the test images, against the
// network in float64, whose batch norms use the moments of all training images together.

const IMAGE = { height: 8, width: 8, channels: 2 } as const;
const CLASSES = 3;
const PIXELS = IMAGE.height * IMAGE.width * IMAGE.channels;
const MEAN = 120;
const DEVIATION = 70;
/** Statistics come from batches of at most 200 images: here from three. The last test batch has three images. */
const BATCH = 200;
const TRAIN = 600;
const TEST = 203;
/** float32's rounding, 6e-8, through some ten layers. */
const FLOAT32 = 1e-5;

interface Split {
  readonly pixels: Uint8Array;
  readonly labels: Uint16Array;
}

/** Splits that differ in their images and in how often each class is there. */
const TRAIN_SPLIT = splitOf('train', TRAIN, 0.5);
const TEST_SPLIT = splitOf('test', TEST, 0.7);

const DATASET: DatasetFacts = {
  name: 'splits',
  classes: ['a', 'b', 'c'],
  image: IMAGE,
  storage: 'pixels',
  manifest: null,
  train_count: TRAIN,
  test_count: TEST,
  validation_count: 0,
  augmentation: { crop_padding: 1, horizontal_flip: true },
};

test('a task between rounds scores the test images as float64 does, full and compact network', async (t) => {
  await withBlobs(async (blobs) => {
    const { spec, weights, inputs } = await trainedJob(blobs);
    const task = { key: 'evaluate-0', kind: 'evaluate', stage: null, round: 0 } as const;
    const { result } = await runOn(blobs, task, spec, inputs);
    const { full, compact } = networksOf(spec);
    agrees(t, result, { full: scored(full, weights, spec), compact: scored(compact, weights, spec) });
  });
});

test('the last task of a job scores the test images as float64 does, full and compact network', async (t) => {
  await withBlobs(async (blobs) => {
    const { spec, weights, inputs } = await trainedJob(blobs);
    const task = { key: 'finalize', kind: 'finalize', stage: null, round: null } as const;
    const samples: MetricSample[] = [];
    const metrics = (points: readonly MetricSample[]) => void samples.push(...points);
    const context = contextOf(task, { spec, blobs, inputs, dataset: DATASET });
    const { result, artifacts, networks } = await runTask({ ...context, metrics });
    const last = (name: string) => samples.find((sample) => sample.name === name)?.value;
    for (const { name, classes, accuracy, balanced_accuracy: balanced } of networks!) {
      const metric = name === 'full' ? 'test' : 'compact';
      assert.ok(Math.abs(last(`${metric}_balanced_accuracy`)! - balanced!) < 1e-12, 'the same shares');
      assert.equal(last(`${metric}_lowest_class_accuracy`), classes[0]?.accuracy);
      const sum = (of: 'images' | 'correct') => classes.reduce((total, figures) => total + figures[of], 0);
      assert.deepEqual([sum('images'), sum('correct')], [TEST, Math.round(accuracy * TEST)]);
    }
    const { uri } = artifacts.find(({ name }) => name === FINAL_WEIGHTS)!;
    const final = decodeState(await blobs.get(uri)).weights;
    const { full, compact } = networksOf(spec);
    agrees(t, result, { full: scored(full, weights, spec), compact: scored(compact, final, spec) });
    for (const { name } of parametersOf(full)) assert.deepEqual(final.get(name), weights.get(name), name);
    const [before, after] = [weights, final].map((values) => auxiliaryError(spec, values));
    within(t, 'AuxNet error before', relative(result.auxiliary_error_before_1!, before!), FLOAT32);
    within(t, 'AuxNet error after', relative(result.auxiliary_error_1!, after!), FLOAT32);
  });
});

function agrees(
  t: Parameters<typeof within>[0],
  result: TaskSuccess['result'],
  expected: Readonly<Record<'full' | 'compact', Score>>,
): void {
  assert.equal(result.test_accuracy, expected.full.accuracy);
  assert.equal(result.compact_accuracy, expected.compact.accuracy);
  within(t, 'loss of the full network', relative(result.test_loss!, expected.full.loss), FLOAT32);
  within(t, 'loss of the compact network', relative(result.compact_loss!, expected.compact.loss), FLOAT32);
}

const relative = (actual: number, expected: number) => Math.abs(actual - expected) / Math.abs(expected);

interface Score {
  readonly accuracy: number;
  readonly loss: number;
}

function scored(layers: readonly Layer[], values: NamedValues, spec: ResolvedSpec): Score {
  const logits = inferAll(layers, values, spec);
  const labels = [...TEST_SPLIT.labels];
  const right = labels.filter((label, image) => {
    const row = [...logits.values.subarray(image * CLASSES, (image + 1) * CLASSES)];
    return row.indexOf(Math.max(...row)) === label;
  });
  return { accuracy: right.length / TEST, loss: referenceLoss(logits, labels) };
}

/** |A_1(x) - F_0(x)| / |F_0(x)| over the test images. */
function auxiliaryError(spec: ResolvedSpec, values: NamedValues): number {
  const { stages } = describeRun(spec, DATASET);
  const made = inferAll(stages[1]!.auxiliary!, values, spec).values;
  const target = inferAll(stages[0]!.layers, values, spec).values;
  const length = (of: Float64Array) => Math.sqrt(of.reduce((sum, value) => sum + value * value, 0));
  return length(made.map((value, i) => value - target[i]!)) / length(target);
}

/** The outputs on all test images, each batch norm with the moments of what it was given in all batches together. */
function inferAll(layers: readonly Layer[], values: NamedValues, spec: ResolvedSpec): Features {
  const moments = new Map<string, Moments[]>();
  for (const batch of statisticsBatches(spec)) {
    referenceForward(layers, batch, values, ({ name }, input) => {
      const of = momentsOf(input);
      moments.set(name, [...(moments.get(name) ?? []), of]);
      return of;
    });
  }
  const images = normalized(
    TEST_SPLIT,
    Uint32Array.from({ length: TEST }, (_, index) => index),
  );
  return referenceForward(layers, images, values, ({ name }) => pooledMoments(moments.get(name)!));
}

/** Law of total variance, for batches of one size: the mean of their variances plus the variance of their means. */
function pooledMoments(all: readonly Moments[]): Moments {
  const over = (of: (each: Moments, channel: number) => number) =>
    all[0]!.mean.map((_, channel) => all.reduce((sum, each) => sum + of(each, channel) / all.length, 0));
  const mean = over((each, channel) => each.mean[channel]!);
  const variance = over(
    (each, channel) => each.variance[channel]! + (each.mean[channel]! - mean[channel]!) ** 2,
  );
  return { mean, variance };
}

/** All training images, in the order that the job's seed gives them. */
function statisticsBatches({ seed }: ResolvedSpec): Features[] {
  const order = permutation(TRAIN, randomStream(seed, 'order', 0));
  const count = TRAIN / BATCH;
  return Array.from({ length: count }, (_, index) =>
    normalized(TRAIN_SPLIT, order.subarray(index * BATCH, (index + 1) * BATCH)),
  );
}

function normalized({ pixels }: Split, indices: Uint32Array): Features {
  const { height, width, channels } = IMAGE;
  const values = [...indices].flatMap((index) => [...pixels.subarray(index * PIXELS, (index + 1) * PIXELS)]);
  return {
    shape: [indices.length, height, width, channels],
    values: Float64Array.from(values, (pixel) => (pixel - MEAN) / DEVIATION),
  };
}

function splitOf(name: string, count: number, firstClass: number): Split {
  const random = randomStream(7, name);
  const pixels = Uint8Array.from({ length: count * PIXELS }, () => Math.floor(256 * random()));
  const label = () => (random() < firstClass ? 0 : 1 + Math.floor(2 * random()));
  return { pixels, labels: Uint16Array.from({ length: count }, label) };
}

/** A job of two stages with weights that no training made, as the stages' states. */
async function trainedJob(blobs: BlobStore) {
  const spec = mnistSpec({
    max_train_samples: TRAIN,
    batch_size: 30,
    model: { depth: 8, width: 2 },
    augmentation: DATASET.augmentation,
    method: { type: 'augmented-lagrangian', stages: 2, penalty: 4, end_to_end_share: 0, round_steps: 20 },
  });
  const { stages } = describeRun(spec, DATASET);
  const weights = new Map<string, Float32Array>();
  const inputs: Record<string, BlobUri> = { dataset: await storeDataset(blobs) };
  for (const stage of stages) {
    const own = perturbedValues([...stage.layers, ...(stage.auxiliary ?? [])]);
    for (const [name, values] of own) weights.set(name, values);
    const slots = new Map([['momentum', own] as const]);
    const { uri } = await blobs.put(encodeState(stageParameters(stage), { weights: own, slots }));
    inputs[`state-${stage.index}`] = uri;
    if (stage.auxiliary) {
      const file = await blobs.put(encodeWeights(auxiliaryParameters(stage), own));
      inputs[`auxiliary-${stage.index}`] = file.uri;
    }
  }
  return { spec, weights, inputs };
}

function networksOf(spec: ResolvedSpec): { full: readonly Layer[]; compact: readonly Layer[] } {
  const { stages } = describeRun(spec, DATASET);
  return { full: stages.flatMap(({ layers }) => layers), compact: compactLayers(stages)! };
}

const runOn = (
  blobs: BlobStore,
  task: TrainingTask,
  spec: ResolvedSpec,
  inputs: Readonly<Record<string, BlobUri>>,
) => runTrainingTask(task, { spec, blobs, inputs, dataset: DATASET });

async function storeDataset(blobs: BlobStore): Promise<BlobUri> {
  const split = async ({ pixels, labels }: Split) => ({
    count: labels.length,
    images: (await blobs.put(pixels)).uri,
    labels: (await blobs.put(new Uint8Array(labels.buffer))).uri,
  });
  const { uri } = await blobs.put(
    encodeManifest({
      name: DATASET.name,
      storage: 'pixels',
      image: IMAGE,
      classes: DATASET.classes,
      splits: { train: await split(TRAIN_SPLIT), test: await split(TEST_SPLIT) },
      mean: [MEAN, MEAN],
      standard_deviation: [DEVIATION, DEVIATION],
    }),
  );
  return uri;
}
