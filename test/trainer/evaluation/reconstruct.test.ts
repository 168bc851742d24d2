import { test } from 'node:test';
import { decodeManifest } from '../../../src/contract/dataset-manifest.js';
import { describeRun } from '../../../src/method/index.js';
import { type Layer, parametersOf } from '../../../src/network/index.js';
import { openSplit, TrainBatches } from '../../../src/trainer/data/index.js';
import { REFIT, reconstructAuxiliary, TrainedNetwork } from '../../../src/trainer/evaluation/index.js';
import type { NamedValues } from '../../../src/trainer/optimizer/index.js';
import { trainPass, uploadWeights } from '../../../src/trainer/passes/index.js';
import { arena, read, type Tensor, upload } from '../../../src/trainer/runtime/index.js';
import { within } from '../support/measured.js';
import { type PlainBatch, plainBatches } from '../support/plain-batches.js';
import { descend, movesFrom, restingVelocity } from '../support/plain-descent.js';
import { withBlobs } from '../support/run-plan.js';
import { perturbedValues, readAll, relativeError } from '../support/small-network.js';
import { storeTiny, TINY, tinySpec } from '../support/training-tasks.js';

// docs/method.md, "AuxNets".
const STEPS = 200;
const BETA = 4;
const MOMENTUM = 0.9;
const RATE = 0.1;
/** The formula rounds in another order than the kernels: float32's 6e-8, some hundred times. */
const TOLERANCE = 1e-5;

const SPEC = tinySpec({ method: { type: 'augmented-lagrangian', stages: 2 } });
const [first, second] = describeRun(SPEC, TINY).stages;
const auxiliary = second!.auxiliary!;

test('an AuxNet is fitted by momentum descent on its distance from the true stage input', async (t) => {
  await withBlobs(async (blobs) => {
    const manifest = decodeManifest(await blobs.get((await storeTiny(blobs)).uri));
    const train = await openSplit(manifest, 'train', blobs);
    const { seed, batch_size: batchSize, augmentation } = SPEC;
    const batches = new TrainBatches(train, { seed, batchSize, samples: TINY.train_count, augmentation });
    const prefix = await TrainedNetwork.calibrate(first!.layers, perturbedValues(first!.layers), train, seed);
    const start = perturbedValues(auxiliary);
    const betweenSteps = async () => {};
    const fitted = await reconstructAuxiliary({
      prefix,
      auxiliary,
      weights: start,
      batches,
      fit: REFIT,
      betweenSteps,
    });
    const expected = fit(prefix, start, await plainBatches(SPEC, blobs, STEPS));
    const [a, b] = [fitted, expected].map((weights) => movesFrom(start, weights));
    within(t, 'way of the AuxNet', relativeError(a!, b!), TOLERANCE);
    prefix.dispose();
    train.close();
  });
});

/** The same in plain JavaScript but for the passes. */
function fit(prefix: TrainedNetwork, start: NamedValues, batches: readonly PlainBatch[]): NamedValues {
  const weights = new Map([...start].map(([name, values]) => [name, values.slice()]));
  const velocity = restingVelocity(weights);
  for (const [step, batch] of batches.entries()) {
    const rate = RATE * (1 - step / STEPS);
    descend(weights, velocity, gradientsOf(auxiliary, weights, prefix, batch), () => rate, {
      momentum: MOMENTUM,
      weightDecay: 0,
      round: Math.fround,
    });
  }
  return weights;
}

function gradientsOf(
  layers: readonly Layer[],
  values: NamedValues,
  prefix: TrainedNetwork,
  { images, shape }: PlainBatch,
): NamedValues {
  return arena(() => {
    const input = upload(images, shape);
    const target = read(prefix.infer(input));
    const gradients = new Map<string, Tensor>();
    const weights = uploadWeights(parametersOf(layers), values);
    const pass = trainPass(layers, input, { weights, gradients }, false);
    const made = read(pass.output);
    const norm = Math.max(squared(made), squared(target) / 4);
    const pull = made.map((value, i) => (BETA * (value - target[i]!)) / norm);
    pass.pullback(upload(pull, pass.output.shape));
    return { values: readAll(gradients) };
  }).values;
}

const squared = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0);
