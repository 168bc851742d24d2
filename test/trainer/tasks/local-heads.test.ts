import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeManifest } from '../../../src/contract/dataset-manifest.js';
import { describeRun } from '../../../src/method/index.js';
import { type LocalHead, localHead, parametersOf } from '../../../src/network/index.js';
import { decodeState } from '../../../src/trainer/checkpoint/index.js';
import { openSplit, TrainBatches } from '../../../src/trainer/data/index.js';
import * as kernels from '../../../src/trainer/kernels/index.js';
import {
  learningRateAt,
  Optimizer,
  optimizerSettings,
  startingState,
} from '../../../src/trainer/optimizer/index.js';
import { trainPass, uploadWeights } from '../../../src/trainer/passes/index.js';
import { arena, liveTensors, read, type Tensor, upload } from '../../../src/trainer/runtime/index.js';
import { stageParameters } from '../../../src/trainer/tasks/inputs/stage-parameters.js';
import { classificationObjective, headObjective, Stopwatch } from '../../../src/trainer/training/index.js';
import { within } from '../support/measured.js';
import { referenceLoss, type Values } from '../support/reference.js';
import { referenceLossCotangent, referencePass } from '../support/reference-pass.js';
import { runPlan, withBlobs } from '../support/run-plan.js';
import {
  LABELS,
  perturbedValues,
  randomFeatures,
  readAll,
  relativeError,
  smallNetwork,
  uploadFeatures,
  uploadLabels,
} from '../support/small-network.js';
import { mnistSpec } from '../support/specs.js';
import { runTraining, storeTiny, TINY, tinySpec } from '../support/training-tasks.js';

// Oracle of method.type local-heads.

/** float32 rounding, 6e-8, through a few layers and back. */
const FLOAT32_TOLERANCE = 1e-5;
const { network } = smallNetwork('resnet');
const images = randomFeatures(3);

/** The objective of a head on `features`: its loss, and the gradients of the features and of the head. */
function objectiveOf(head: LocalHead, values: Values, features = FEATURES) {
  const layers = [...head.classifier, ...(head.decoder ?? [])];
  const before = liveTensors();
  const found = arena(() => {
    const gradients = new Map<string, Tensor>();
    const weights = uploadWeights(parametersOf(layers), values as ReadonlyMap<string, Float32Array>);
    const batch = {
      images: uploadFeatures(images),
      labels: uploadLabels(),
      labelValues: Int32Array.from(LABELS),
      dispose: () => {},
    };
    const at = { batch, step: 0, learningRate: 0.1, stopwatch: new Stopwatch(() => 0) };
    const training = { weights, gradients, draw: { seed: 1, step: 0 } };
    const stageOutput = uploadFeatures(features);
    const inputs = liveTensors();
    const local = headObjective(head, 0)(stageOutput, at, training);
    const { loss } = local.measure();
    local.dispose();
    // Remaining tensors: the cotangent and one gradient per parameter.
    const kept = liveTensors() - inputs;
    const all = readAll(new Map([...gradients, ['features', local.cotangent]]));
    return { values: { loss, all, kept } };
  }).values;
  assert.equal(liveTensors(), before);
  return found;
}

/** Features of the first block, as large as the images, so the reference need not repeat a resizing. */
const FEATURES = randomFeatures(4, network.blocks[0]!.output);

for (const hasDecoder of [false, true]) {
  test(`the head's loss and gradients, decoder ${hasDecoder}, are those of the float64 reference`, (t) => {
    const head = localHead(network, 0, 1, hasDecoder);
    const layers = [...head.classifier, ...(head.decoder ?? [])];
    const values = perturbedValues(layers);
    const gradients = new Map<string, Float64Array>();
    const classified = referencePass(head.classifier, FEATURES, values);
    let loss = referenceLoss(classified.output, LABELS);
    let cotangent = classified.pullback(referenceLossCotangent(classified.output, LABELS), gradients);
    if (head.decoder) {
      const decoded = referencePass(head.decoder, FEATURES, values);
      const norm = images.values.reduce((sum, value) => sum + value * value, 0);
      const difference = decoded.output.values.map((value, index) => value - images.values[index]!);
      loss += difference.reduce((sum, value) => sum + value * value, 0) / norm;
      const pulled = decoded.pullback(
        difference.map((value) => (2 * value) / norm),
        gradients,
      );
      cotangent = cotangent.map((value, index) => value + pulled[index]!);
    }
    const actual = objectiveOf(head, values);
    within(t, `loss, decoder ${hasDecoder}`, Math.abs(actual.loss / loss - 1), FLOAT32_TOLERANCE);
    const expected = new Map([...gradients, ['features', cotangent]]);
    within(t, `gradients, decoder ${hasDecoder}`, relativeError(actual.all, expected), FLOAT32_TOLERANCE);
    assert.equal(actual.all.size, expected.size);
    assert.equal(actual.kept, expected.size);
  });
}

test('the decoder resizes the features of a smaller stage, and its gradient is the adjoint of that', (t) => {
  const small = randomFeatures(5, { height: 4, width: 3, channels: 2 });
  const cotangent = randomFeatures(6, { height: 8, width: 7, channels: 2 });
  const { resized, pulled } = arena(() => {
    const features = uploadFeatures(small);
    const made = kernels.resizeBilinear(features, 8, 7);
    const back = kernels.resizeBilinearGradient(uploadFeatures(cotangent), features);
    return { values: { resized: read(made), pulled: read(back) } };
  }).values;
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Array.from(a).reduce((sum, value, index) => sum + value * b[index]!, 0);
  const [forward, backward] = [dot(resized, cotangent.values), dot(small.values, pulled)];
  within(t, '<R x, y> = <x, R* y>', Math.abs(forward / backward - 1), FLOAT32_TOLERANCE);
  // Twice the height: the second row lies a quarter of the way from the first input row to the second.
  const at = (values: ArrayLike<number>, width: number, row: number) => values[row * width * 2]!;
  const expected = 0.75 * at(small.values, 3, 0) + 0.25 * at(small.values, 3, 1);
  within(t, 'a value between two rows', Math.abs(at(resized, 7, 1) - expected), FLOAT32_TOLERANCE);
});

test('stage tasks are bitwise one loop in which each stage reads what the one before it made', async (t) => {
  await withBlobs(async (blobs) => {
    const spec = tinySpec({
      epochs: 2,
      method: {
        type: 'local-heads',
        stages: 3,
        heads: { decoder: true },
        corrections: { precision: 'float32' },
      },
    });
    const run = await runTraining(spec, blobs);
    const { stages, rounds } = describeRun(spec, TINY);
    const settings = optimizerSettings(spec.optimizer);
    const optimizers = stages.map((stage) => {
      const parameters = stageParameters(stage);
      return new Optimizer(parameters, startingState(parameters, spec.seed, settings.rule), settings);
    });
    const manifest = decodeManifest(await blobs.get((await storeTiny(blobs)).uri));
    const reader = await openSplit(manifest, 'train', blobs);
    const { seed, batch_size: batchSize, augmentation } = spec;
    const batches = new TrainBatches(reader, { seed, batchSize, samples: TINY.train_count, augmentation });
    for (let step = 0; step < rounds.totalSteps; step++) {
      const learningRate = learningRateAt(spec.optimizer, step, rounds);
      const batch = await batches.at(step);
      let input = batch.images;
      for (const [index, { layers, head }] of stages.entries()) {
        const gradients = new Map<string, Tensor>();
        const training = { weights: optimizers[index]!.weights, gradients, draw: { seed, step } };
        const pass = trainPass(layers, input, training, false);
        // The pullback frees the output.
        const output = upload(read(pass.output), pass.output.shape);
        const objective = head ? headObjective(head, 0) : classificationObjective(0);
        const at = { batch, step, learningRate, stopwatch: new Stopwatch(() => 0) };
        const local = objective(pass.output, at, training);
        pass.pullback(local.cotangent);
        optimizers[index]!.step(gradients, learningRate);
        input = output;
      }
    }
    for (const [index, optimizer] of optimizers.entries()) {
      const { uri } = run.get(`stage-${index}-1`)!.outputs.state!;
      assert.deepEqual(
        decodeState(await blobs.get(uri)).weights,
        optimizer.state().weights,
        `stage ${index}`,
      );
    }
    reader.close();
    t.diagnostic(`local heads, K=3: weights after ${rounds.totalSteps} steps bitwise equal`);
  });
});

test('local heads train on MNIST: the last stage has the exact gradient, and no AuxNet is anywhere', async () => {
  await withBlobs(async (blobs) => {
    const before = liveTensors();
    const spec = mnistSpec({
      max_train_samples: 2048,
      epochs: 2,
      exports: ['tfjs-layers'],
      method: { type: 'local-heads', stages: 3, heads: { decoder: true } },
    });
    const run = await runPlan(spec, blobs);
    assert.equal(liveTensors(), before);
    const { result, artifacts } = run.successes.get('finalize')!;
    // Three times what guessing gives among ten classes.
    assert.ok(result.test_accuracy! > 0.3, `${result.test_accuracy}`);
    assert.deepEqual(
      Object.keys(result).filter((name) => /compact|auxiliary/.test(name)),
      [],
    );
    assert.ok(artifacts.every(({ name }) => !name.startsWith('compact')));
    const fidelity = run.samples.filter(({ name }) => name === 'fidelity').map(({ value }) => value);
    assert.equal(fidelity.length, 3);
    // The last stage has true features and the network's own loss: one gradient, computed twice.
    assert.ok(Math.abs(fidelity[2]! - 1) < 1e-6, `${fidelity}`);
    for (let stage = 0; stage < 3; stage++) {
      const losses = run.samples.filter((sample) => sample.name === 'loss' && sample.stage === stage);
      assert.ok(losses.at(-1)!.value < losses[0]!.value, `stage ${stage} went up`);
    }
  });
});
