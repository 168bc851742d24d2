import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeManifest } from '../../../src/contract/dataset-manifest.js';
import type { ResolvedSpec } from '../../../src/contract/spec.js';
import { describeRun } from '../../../src/method/index.js';
import { parametersOf, wholeNetwork } from '../../../src/network/index.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { decodeState } from '../../../src/trainer/checkpoint/index.js';
import { openSplit, TrainBatches } from '../../../src/trainer/data/index.js';
import { classificationLoss } from '../../../src/trainer/objective/index.js';
import { initialValues } from '../../../src/trainer/optimizer/index.js';
import { trainPass, uploadWeights } from '../../../src/trainer/passes/index.js';
import { arena, read, type Tensor, upload } from '../../../src/trainer/runtime/index.js';
import { within } from '../support/measured.js';
import { referenceLossCotangent, referencePass } from '../support/reference-pass.js';
import { withBlobs } from '../support/run-plan.js';
import { readAll, relativeError } from '../support/small-network.js';
import { METHODS, runTraining, storeTiny, TINY, tinySpec } from '../support/training-tasks.js';

// docs/method.md, check 1, against loops that know nothing of stages, tasks or the optimiser: the update in plain
// JavaScript, the gradient by the trainer's kernels (bitwise) or by the float64 reference. That the methods agree
// on MNIST is in ../tasks.test.ts.

const STEPS = 50;
/**
 * Fewer against float64: sooner or later a ReLU's input lies so near zero that rounding decides its sign, and from
 * there on the two differ by more than rounding (seen between step 20 and 30 with one of two numbers of threads).
 */
const REFERENCE_STEPS = 20;
/** A rate at which these steps do not magnify rounding; float32 rounds at 6e-8 a step. */
const RATE = 0.01;
const FLOAT64_TOLERANCE = 1e-5;

const specOf = (type: ResolvedSpec['method']['type'], steps = STEPS): ResolvedSpec =>
  tinySpec({
    epochs: 7,
    optimizer: { learning_rate: RATE, schedule: { ...tinySpec({}).optimizer.schedule, type: 'constant' } },
    method: { type, stages: 1, round_steps: steps },
  });
const spec = specOf('backprop');
const layers = wholeNetwork(describeRun(spec, TINY).network);
const parameters = parametersOf(layers);

test('one stage of every method is bitwise back-propagation written as one loop', async (t) => {
  await withBlobs(async (blobs) => {
    const expected = new Map<string, Float32Array>(initialValues(parameters, spec.seed));
    await descend(
      await batchesOf(blobs, STEPS),
      expected,
      Math.fround,
      ({ images, shape, labels }) =>
        arena(() => {
          const gradients = new Map<string, Tensor>();
          const weights = uploadWeights(parameters, expected);
          const pass = trainPass(layers, upload(images, shape), { weights, gradients }, false);
          pass.pullback(classificationLoss(pass.output, upload(labels, [labels.length])).cotangent);
          return { values: readAll(gradients) };
        }).values,
    );
    for (const type of METHODS) {
      assert.deepEqual(await stageWeights(specOf(type), blobs), expected, type);
      t.diagnostic(`check 1, ${type}: weights after ${STEPS} steps bitwise equal`);
    }
  });
});

test('one stage follows the float64 reference for 20 steps', async (t) => {
  await withBlobs(async (blobs) => {
    const start = initialValues(parameters, spec.seed);
    const expected = new Map([...start].map(([name, values]) => [name, Float64Array.from(values)]));
    const exact = (value: number) => value;
    await descend(await batchesOf(blobs, REFERENCE_STEPS), expected, exact, ({ images, shape, labels }) => {
      const gradients = new Map<string, Float64Array>();
      const pass = referencePass(layers, { values: Float64Array.from(images), shape }, expected);
      pass.pullback(referenceLossCotangent(pass.output, [...labels]), gradients);
      return gradients;
    });
    const actual = await stageWeights(specOf('backprop', REFERENCE_STEPS), blobs);
    within(t, 'check 1, float64 reference', relativeError(actual, expected), FLOAT64_TOLERANCE);
  });
});

interface PlainBatch {
  readonly images: Float32Array;
  readonly shape: readonly [number, number, number, number];
  readonly labels: Int32Array;
}

/** v <- m v + (g + d w), w <- w - rate v, each operation rounded by `round`; changes `weights` in place. */
async function descend(
  batches: readonly PlainBatch[],
  weights: ReadonlyMap<string, Float32Array | Float64Array>,
  round: (value: number) => number,
  gradientsOf: (batch: PlainBatch) => ReadonlyMap<string, ArrayLike<number>>,
): Promise<void> {
  const [momentum, decay, rate] = [spec.optimizer.momentum, spec.optimizer.weight_decay, RATE].map(
    (setting) => round(Number(setting)),
  );
  const velocity = new Map([...weights].map(([name, { length }]) => [name, new Float64Array(length)]));
  for (const batch of batches) {
    const gradients = gradientsOf(batch);
    for (const [name, w] of weights) {
      const [v, g] = [velocity.get(name)!, gradients.get(name)!];
      for (let i = 0; i < w.length; i++) {
        const total = round(g[i]! + round(w[i]! * decay!));
        v[i] = round(round(v[i]! * momentum!) + total);
        w[i] = round(w[i]! - round(v[i]! * rate!));
      }
    }
  }
}

async function batchesOf(blobs: BlobStore, steps: number): Promise<PlainBatch[]> {
  const manifest = decodeManifest(await blobs.get((await storeTiny(blobs)).uri));
  const reader = await openSplit(manifest, 'train', blobs);
  const { seed, batch_size: batchSize, augmentation } = spec;
  const batches = new TrainBatches(reader, { seed, batchSize, samples: TINY.train_count, augmentation });
  const plain: PlainBatch[] = [];
  for (let step = 0; step < steps; step++) {
    const { images, labelValues, dispose } = await batches.at(step);
    const { height, width, channels } = TINY.image;
    const values = { images: read(images), shape: [batchSize, height, width, channels] as const };
    dispose();
    plain.push({ ...values, labels: labelValues });
  }
  reader.close();
  return plain;
}

async function stageWeights(spec_: ResolvedSpec, blobs: BlobStore) {
  const successes = await runTraining(spec_, blobs);
  return decodeState(await blobs.get(successes.get('stage-0-0')!.outputs.state!.uri)).weights;
}
