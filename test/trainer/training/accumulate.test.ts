import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Layer, parametersOf } from '../../../src/network/index.js';
import type { Batch } from '../../../src/trainer/data/index.js';
import { labelTargets } from '../../../src/trainer/objective/batch-loss.js';
import { type NamedTensors, trainPass, uploadWeights } from '../../../src/trainer/passes/index.js';
import { free, liveTensors } from '../../../src/trainer/runtime/index.js';
import { inParts, partOf } from '../../../src/trainer/training/accumulate.js';
import { classificationObjective, Stopwatch } from '../../../src/trainer/training/index.js';
import type { Features } from '../support/reference.js';
import { referenceLossCotangent, referencePass } from '../support/reference-pass.js';
import {
  CLASSES,
  IMAGE,
  LABELS,
  perturbedValues,
  randomFeatures,
  readAll,
  relativeError,
  smallNetwork,
  uploadFeatures,
  uploadLabels,
} from '../support/small-network.js';

// Oracle of optimizer.gradient_accumulation_steps: the gradients of parts in plain float64.

/** Float32 rounding (6e-8) through a few layers of sums over hundreds of values. */
const TOLERANCE = 2e-6;
const IMAGES = randomFeatures(3);

function batchOf(images: Features): Batch {
  const tensors = { images: uploadFeatures(images), labels: uploadLabels() };
  return {
    ...tensors,
    labelValues: Int32Array.from(LABELS),
    dispose: () => free(...Object.values(tensors)),
  };
}

/** Gradients and loss of the network on a batch in parts. */
function inPartsOf(layers: readonly Layer[], weights: NamedTensors, whole: Batch, parts: number) {
  const stopwatch = new Stopwatch(() => 0);
  const at = { batch: whole, step: 0, learningRate: 0.1, stopwatch, reports: true };
  const { gradients, measured } = inParts(at, parts, (passAt) => {
    const context = { weights, gradients: new Map() };
    const pass = trainPass(layers, passAt.batch.images, context, false);
    const local = classificationObjective(0)(pass.output, passAt, context);
    const { loss } = local.measure();
    local.dispose();
    pass.pullback(local.cotangent);
    free(local.cotangent);
    return { gradients: context.gradients, measured: { loss, violation: null } };
  });
  const read = readAll(gradients);
  free(...gradients.values());
  return { gradients: read, loss: measured?.loss ?? Number.NaN };
}

function rowsOf({ shape, values }: Features, start: number, count: number): Features {
  const size = values.length / shape[0];
  const [, ...image] = shape;
  return { shape: [count, ...image], values: values.slice(start * size, (start + count) * size) };
}

/** The gradients of back-propagation in float64 on some of the images. */
function referenceGradients(
  layers: readonly Layer[],
  values: ReturnType<typeof perturbedValues>,
  start: number,
  count: number,
) {
  const gradients = new Map<string, Float64Array>();
  const pass = referencePass(layers, rowsOf(IMAGES, start, count), values);
  pass.pullback(referenceLossCotangent(pass.output, LABELS.slice(start, start + count)), gradients);
  return gradients;
}

function withWeights<T>(layers: readonly Layer[], body: (weights: NamedTensors, whole: Batch) => T): T {
  const before = liveTensors();
  const weights = uploadWeights(parametersOf(layers), perturbedValues(layers));
  const whole = batchOf(IMAGES);
  const result = body(weights, whole);
  whole.dispose();
  free(...weights.values());
  assert.equal(liveTensors(), before, 'parts leave no tensor behind');
  return result;
}

/** A network whose images do not meet: no batch norm. */
const APART: readonly Layer[] = [
  {
    op: 'conv',
    name: 'a',
    size: 3,
    stride: 2,
    padding: 'same',
    input: IMAGE,
    output: { ...IMAGE, height: 4, width: 4 },
  },
  { op: 'pool', name: 'pool', input: { ...IMAGE, height: 4, width: 4 } },
  { op: 'dense', name: 'head', inputs: 2, outputs: CLASSES },
];

for (const parts of [2, 4]) {
  test(`a batch in ${parts} parts has the gradient of the whole batch in float64 where images do not meet`, () => {
    withWeights(APART, (weights, whole) => {
      const { gradients } = inPartsOf(APART, weights, whole, parts);
      const expected = referenceGradients(APART, perturbedValues(APART), 0, LABELS.length);
      assert.ok(relativeError(gradients, expected) < TOLERANCE);
    });
  });
}

test('a network with batch norms has, on two parts, the mean of the gradients of both as batches of their own', () => {
  const { layers, values } = smallNetwork('resnet');
  withWeights(layers, (weights, whole) => {
    const { gradients } = inPartsOf(layers, weights, whole, 2);
    const [first, second] = [0, 2].map((start) => referenceGradients(layers, values, start, 2));
    const mean = new Map(
      [...first!].map(([name, of]) => [
        name,
        of.map((value, index) => (value + second!.get(name)![index]!) / 2),
      ]),
    );
    // Deep enough for a few digits more of rounding.
    assert.ok(relativeError(gradients, mean) < 10 * TOLERANCE);
    const together = referenceGradients(layers, values, 0, LABELS.length);
    assert.ok(relativeError(mean, together) > 0.01, 'the statistics of a part are not those of the batch');
  });
});

test('the loss of a batch in parts is the mean of theirs', () => {
  withWeights(APART, (weights, whole) => {
    const { loss } = inPartsOf(APART, weights, whole, 1);
    assert.ok(Math.abs(inPartsOf(APART, weights, whole, 2).loss - loss) < TOLERANCE * loss);
  });
});

test('an image of one part keeps the label of its partner in another one', () => {
  const whole = { ...batchOf(IMAGES), mix: { partners: Uint32Array.of(3, 2, 1, 0), share: 0.7 } };
  const expected = labelTargets(whole, CLASSES, 0.1).targets;
  const found = [0, 1].flatMap((part) => {
    const own = partOf(whole, part, 2);
    own.dispose();
    return [...labelTargets(own, CLASSES, 0.1).targets];
  });
  whole.dispose();
  assert.deepEqual(found, [...expected]);
});
