import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describeStages,
  type Layer,
  parametersOf,
  type StageDescription,
} from '../../../src/network/index.js';
import { type FidelityOptions, fidelities } from '../../../src/trainer/evaluation/index.js';
import { COUPLING_FORMULAS } from '../../../src/trainer/objective/coupling-losses.js';
import { measureCoupling } from '../../../src/trainer/objective/coupling-objective.js';
import { uploadWeights } from '../../../src/trainer/passes/index.js';
import { normal, randomStream } from '../../../src/trainer/random.js';
import { arena, liveTensors, read, upload } from '../../../src/trainer/runtime/index.js';
import { coupledGradients } from '../../../src/trainer/tasks/train/methods/coupled.js';
import { Stopwatch } from '../../../src/trainer/training/index.js';
import { within } from '../support/measured.js';
import { referencePass } from '../support/reference-pass.js';
import { withBlobs } from '../support/run-plan.js';
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
import { contentsOf, runTraining, tinySpec } from '../support/training-tasks.js';

// Oracle of method.coupling squared, bregman-relu.

const SHAPE = [2, 3, 3, 4] as const;
const SIZE = 72;
const BETA = 4;
/** Central differences in float64, of a function that is quadratic on either side of 0. */
const DIFFERENCE_STEP = 1e-6;
/** float32 rounding of a few operations. */
const FLOAT32_TOLERANCE = 1e-5;

function randomVector(label: string, scale = 1): Float32Array {
  const random = randomStream(7, label);
  return Float32Array.from({ length: SIZE }, () => scale * normal(random));
}

const relu = (values: Float32Array): Float32Array => values.map((value) => Math.max(value, 0));
const squares = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value * value, 0);

/** Values of either sign, an input that an AuxNet's last ReLU made, and a gradient. */
const Z = randomVector('z');
const LAMBDA = relu(randomVector('lambda'));
const G = randomVector('g', 0.01);

function coupled(name: 'squared' | 'bregman-relu', output: Float32Array, g: Float32Array | null) {
  const before = liveTensors();
  const found = arena(() => {
    const tensors = [upload(output, SHAPE), upload(LAMBDA, SHAPE)] as const;
    const made = COUPLING_FORMULAS[name](...tensors, g && upload(g, SHAPE), { beta: BETA });
    return { values: { cotangent: read(made.cotangent), ...measureCoupling(made) } };
  }).values;
  assert.equal(liveTensors(), before);
  return found;
}

/** B(lambda, z) of one value, as the source has it, in float64. */
const bregman = (lambda: number, z: number): number => lambda ** 2 / 2 + Math.max(z, 0) ** 2 / 2 - lambda * z;

test('the gradient of the Bregman loss is relu(z) - lambda, below 0 too, and no derivative of the ReLU', (t) => {
  let below = 0;
  const differences = Array.from(Z, (z, index) => {
    const lambda = LAMBDA[index]!;
    const slope =
      (bregman(lambda, z + DIFFERENCE_STEP) - bregman(lambda, z - DIFFERENCE_STEP)) / (2 * DIFFERENCE_STEP);
    if (z < 0 && lambda > 0) below++;
    return slope;
  });
  assert.ok(below > 10, 'there are values below 0 that the next stage wants above it');
  const identity = Math.max(
    ...differences.map((slope, index) => Math.abs(slope - (Math.max(Z[index]!, 0) - LAMBDA[index]!))),
  );
  // A difference of two values of the size 1 that are rounded to 1e-16, divided by the step.
  within(t, 'relu(z) - lambda against differences of B', identity, 1e-9);
  const norm = squares(relu(Z));
  const expected = differences.map((slope) => (BETA * slope) / norm);
  const { cotangent, loss, violation } = coupled('bregman-relu', Z, null);
  const error = relativeError(new Map([['z', cotangent]]), new Map([['z', expected]]));
  within(t, 'its cotangent in float32', error, FLOAT32_TOLERANCE);
  const sum = Z.reduce((all, z, index) => all + bregman(LAMBDA[index]!, z), 0);
  within(t, 'beta B / N', Math.abs(loss / ((BETA * sum) / norm) - 1), FLOAT32_TOLERANCE);
  const residual = squares(relu(Z).map((value, index) => value - LAMBDA[index]!));
  within(t, 'violation', Math.abs(violation / Math.sqrt(residual / norm) - 1), FLOAT32_TOLERANCE);
});

test('the multiplier goes through the ReLU, and the distance does not', () => {
  const [plain, multiplied] = [coupled('bregman-relu', Z, null), coupled('bregman-relu', Z, G)];
  multiplied.cotangent.forEach((value, index) => {
    const expected = plain.cotangent[index]! + (Z[index]! > 0 ? G[index]! : 0);
    assert.ok(Math.abs(value - expected) < 1e-7, `${index}`);
  });
});

test('above 0 both couplings have bitwise the same gradient, and below it only one has any', () => {
  const above = Z.map((value) => Math.abs(value) + 0.1);
  for (const g of [null, G]) {
    const [lifted, squared] = [coupled('bregman-relu', above, g), coupled('squared', above, g)];
    assert.deepEqual(lifted, squared);
  }
  const below = Z.map((value) => -Math.abs(value) - 0.1);
  const { cotangent } = coupled('bregman-relu', below, G);
  cotangent.forEach((value, index) => {
    assert.equal(value < 0, LAMBDA[index]! > 0, 'it is pulled up where the next stage wants a value above 0');
  });
});

const IMAGES = randomFeatures(8);

const optionsOf = (
  stages: readonly StageDescription[],
  method: FidelityOptions['method'],
): Omit<FidelityOptions, 'gradients' | 'weights' | 'seed'> => ({
  ...{ stages, method, labelSmoothing: 0 },
  at: {
    batch: {
      images: uploadFeatures(IMAGES),
      labels: uploadLabels(),
      labelValues: Int32Array.from(LABELS),
      dispose: () => {},
    },
    ...{ step: 0, learningRate: 0.1, stopwatch: new Stopwatch(() => 0) },
  },
});

test("each stage has back-propagation's gradient with lambda = o and the multiplier", () => {
  const { network, values } = smallNetwork('resnet');
  const stages = describeStages(network, [1, 1, 1], 0.1).map((stage, index, all) => ({
    ...stage,
    auxiliary: index === 0 ? null : all.slice(0, index).flatMap(({ layers }) => layers),
  }));
  const method = { type: 'augmented-lagrangian', penalty: BETA, coupling: 'bregman-relu' } as const;
  const found = arena(() =>
    fidelities({ ...optionsOf(stages, method), gradients: coupledGradients, weights: values, seed: 1 }),
  );
  // The same float32 kernels on the same numbers; the residual is exactly zero.
  for (const value of found) assert.ok(Math.abs(value! - 1) < 1e-6, `${value}`);
});

test('the gradient of a stage is that of the pre-activation form in float64', (t) => {
  const { network } = smallNetwork('resnet');
  const stages = describeStages(network, [1, 1, 1], 0.3);
  const [first, second] = stages as [StageDescription, StageDescription];
  const all = stages.flatMap((stage) => [...stage.layers, ...(stage.auxiliary ?? [])]);
  const values = perturbedValues(all);
  const last = first.layers.at(-1)!;
  assert.ok(last.op === 'residual' && last.relu);
  const unrectified: Layer[] = [...first.layers.slice(0, -1), { ...last, relu: false }];
  const passed = referencePass(unrectified, IMAGES, values);
  const lambda = referencePass(second.auxiliary!, IMAGES, values).output.values;
  const z = passed.output.values;
  const o = z.map((value) => Math.max(value, 0));
  const norm = Math.max(squares(o), squares(lambda) / 4);
  const expected = new Map<string, Float64Array>();
  passed.pullback(
    z.map((_, index) => (BETA * (o[index]! - lambda[index]!)) / norm),
    expected,
  );
  const gradientsWith = (coupling: 'squared' | 'bregman-relu') =>
    new Map([
      ...arena(() => {
        const weights = uploadWeights(parametersOf(all), values);
        const options = optionsOf(stages, { type: 'penalty', penalty: BETA, coupling });
        return readAll(coupledGradients(options, weights, { seed: 1, step: 0 }));
      }),
    ]);
  within(t, 'gradient of stage 0', relativeError(gradientsWith('bregman-relu'), expected), FLOAT32_TOLERANCE);
  assert.ok(relativeError(gradientsWith('squared'), expected) > 0.01, 'the squared coupling has another one');
});

test('a job has the squared coupling unless it asks for the other one, which changes what stages store', async () => {
  await withBlobs(async (blobs) => {
    for (const type of ['penalty', 'augmented-lagrangian'] as const) {
      const storedWith = async (coupling?: 'squared' | 'bregman-relu') => {
        const spec = tinySpec({ method: { type, stages: 2, ...(coupling && { coupling }) } });
        const run = await runTraining(spec, blobs);
        return await Promise.all([1, 0].map((stage) => contentsOf(run.get(`stage-${stage}-0`)!, blobs)));
      };
      const [last, first] = await storedWith('squared');
      assert.deepEqual(await storedWith(), [last, first]);
      const [lastToo, other] = await storedWith('bregman-relu');
      assert.deepEqual(lastToo, last, 'the last stage has no coupling');
      assert.notDeepEqual(other, first);
    }
  });
});
