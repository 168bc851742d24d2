import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResolvedSpec } from '../../../src/contract/spec.js';
import { describeRun } from '../../../src/method/index.js';
import { parametersOf, wholeNetwork } from '../../../src/network/index.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { decodeState } from '../../../src/trainer/checkpoint/index.js';
import { classificationLoss } from '../../../src/trainer/objective/index.js';
import { initialValues } from '../../../src/trainer/optimizer/index.js';
import { trainPass, uploadWeights } from '../../../src/trainer/passes/index.js';
import { arena, type Tensor, upload } from '../../../src/trainer/runtime/index.js';
import { within } from '../support/measured.js';
import { type PlainBatch, plainBatches } from '../support/plain-batches.js';
import { descend, restingVelocity } from '../support/plain-descent.js';
import { referenceLossCotangent, referencePass } from '../support/reference-pass.js';
import { withBlobs } from '../support/run-plan.js';
import { readAll, relativeError } from '../support/small-network.js';
import type { SpecChanges } from '../support/specs.js';
import { METHODS, runTraining, TINY, tinySpec } from '../support/training-tasks.js';

// Oracle of method.type backprop.

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

const NETWORKS: Readonly<Record<string, SpecChanges['model']>> = {
  resnet: { depth: 8, width: 2 },
  // Each step has dropout masks of its own.
  'wide-resnet with dropout': { family: 'wide-resnet', depth: 10, width: 1, dropout: 0.3 },
};

const specOf = (type: ResolvedSpec['method']['type'], model = NETWORKS.resnet, steps = STEPS): ResolvedSpec =>
  tinySpec({
    ...(model && { model }),
    epochs: 7,
    optimizer: { learning_rate: RATE, schedule: { ...tinySpec({}).optimizer.schedule, type: 'constant' } },
    method: { type, stages: 1, round_steps: steps },
  });

for (const [name, model] of Object.entries(NETWORKS)) {
  test(`${name}: one stage of every method is bitwise back-propagation written as one loop`, async (t) => {
    await withBlobs(async (blobs) => {
      const spec = specOf('backprop', model);
      const layers = wholeNetwork(describeRun(spec, TINY).network);
      const parameters = parametersOf(layers);
      const expected = new Map<string, Float32Array>(initialValues(parameters, spec.seed));
      const batches = await plainBatches(spec, blobs, STEPS);
      descendOn(
        batches,
        expected,
        Math.fround,
        ({ images, shape, labels }, step) =>
          arena(() => {
            const gradients = new Map<string, Tensor>();
            const weights = uploadWeights(parameters, expected);
            const draw = { seed: spec.seed, step };
            const pass = trainPass(layers, upload(images, shape), { weights, gradients, draw }, false);
            pass.pullback(classificationLoss(pass.output, upload(labels, [labels.length])).cotangent);
            return { values: readAll(gradients) };
          }).values,
      );
      for (const type of METHODS) {
        assert.deepEqual(await stageWeights(specOf(type, model), blobs), expected, type);
        t.diagnostic(`check 1, ${name}, ${type}: weights after ${STEPS} steps bitwise equal`);
      }
    });
  });
}

/** Factors of three blocks, halved from block to block, and 2.5 in the head. */
const RATES: Readonly<Record<string, number>> = {
  stem: 1 / 8,
  block0: 1 / 4,
  block1: 1 / 2,
  block2: 1,
  head: 2.5,
};
const PLACES: readonly [
  name: string,
  rates: ResolvedSpec['optimizer']['rates'],
  factorOf: (name: string) => number,
][] = [
  ['', null, () => 1],
  [', with rates by depth', { head: 2.5, decay_per_block: 0.5 }, (name) => RATES[name.split('/')[0]!]!],
];

for (const [name, rates, factorOf] of PLACES)
  test(`one stage follows the float64 reference for 20 steps${name}`, async (t) => {
    await withBlobs(async (blobs) => {
      const plain = specOf('backprop', NETWORKS.resnet, REFERENCE_STEPS);
      const spec = { ...plain, optimizer: { ...plain.optimizer, rates } };
      const layers = wholeNetwork(describeRun(spec, TINY).network);
      const start = initialValues(parametersOf(layers), spec.seed);
      const expected = new Map([...start].map(([name, values]) => [name, Float64Array.from(values)]));
      const exact = (value: number) => value;
      const batches = await plainBatches(spec, blobs, REFERENCE_STEPS);
      descendOn(
        batches,
        expected,
        exact,
        ({ images, shape, labels }) => {
          const gradients = new Map<string, Float64Array>();
          const pass = referencePass(layers, { values: Float64Array.from(images), shape }, expected);
          pass.pullback(referenceLossCotangent(pass.output, [...labels]), gradients);
          return gradients;
        },
        factorOf,
      );
      const actual = await stageWeights(spec, blobs);
      within(t, `check 1, float64 reference${name}`, relativeError(actual, expected), FLOAT64_TOLERANCE);
    });
  });

/** Makes the run's steps on `weights`, in place. */
function descendOn(
  batches: readonly PlainBatch[],
  weights: ReadonlyMap<string, Float32Array | Float64Array>,
  round: (value: number) => number,
  gradientsOf: (batch: PlainBatch, step: number) => ReadonlyMap<string, ArrayLike<number>>,
  factorOf: (name: string) => number = () => 1,
): void {
  const { momentum, weight_decay: weightDecay } = tinySpec({}).optimizer;
  const velocity = restingVelocity(weights);
  for (const [step, batch] of batches.entries()) {
    descend(weights, velocity, gradientsOf(batch, step), (name) => RATE * factorOf(name), {
      momentum: momentum ?? 0,
      weightDecay,
      round,
    });
  }
}

async function stageWeights(spec_: ResolvedSpec, blobs: BlobStore) {
  const successes = await runTraining(spec_, blobs);
  return decodeState(await blobs.get(successes.get('stage-0-0')!.outputs.state!.uri)).weights;
}
