import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describeStages,
  type ModelFamily,
  parametersOf,
  type StageDescription,
} from '../../../src/network/index.js';
import { measureCoupling, penaltyAt } from '../../../src/trainer/objective/coupling-objective.js';
import { classificationLoss, coupling } from '../../../src/trainer/objective/index.js';
import type { NamedValues } from '../../../src/trainer/optimizer/index.js';
import { trainPass, uploadWeights } from '../../../src/trainer/passes/index.js';
import { normal, randomStream } from '../../../src/trainer/random.js';
import {
  arena,
  liveTensors,
  read,
  readScalar,
  type Tensor,
  upload,
} from '../../../src/trainer/runtime/index.js';
import {
  backPropagation,
  randomFeatures,
  readAll,
  relativeError,
  smallNetwork,
  uploadFeatures,
  uploadLabels,
} from '../support/small-network.js';

const SHAPE = [2, 3, 3, 4] as const;
const SIZE = 72;

function randomVector(label: string, scale = 1): Float32Array {
  const random = randomStream(7, label);
  return Float32Array.from({ length: SIZE }, () => scale * normal(random));
}

test('the coupling is d/do of (beta/2)|o - lambda|^2/|o|^2 + <g, o>, |o|^2 held', () => {
  const o = randomVector('o');
  const lambda = randomVector('lambda');
  const g = randomVector('g', 1e-3);
  const beta = 4;
  const norm = o.reduce((sum, value) => sum + value * value, 0);
  const before = liveTensors();
  arena(() => {
    const result = coupling(upload(o, SHAPE), upload(lambda, SHAPE), upload(g, SHAPE), { beta });
    const actual = read(result.cotangent);
    actual.forEach((value, index) => {
      const expected = g[index]! + (beta * (o[index]! - lambda[index]!)) / norm;
      // float32 rounding of three operations
      assert.ok(Math.abs(value - expected) < 1e-6 * Math.max(Math.abs(expected), 1e-2));
    });
    assert.ok(Math.abs(2 * readScalar(result.halfNorm) - norm) < 1e-5 * norm);
    const residual = o.reduce((sum, value, index) => sum + (value - lambda[index]!) ** 2, 0);
    const { loss, violation } = measureCoupling(result);
    assert.ok(Math.abs(loss - ((beta / 2) * residual) / norm) < 1e-5 * loss);
    assert.ok(Math.abs(violation - Math.sqrt(residual / norm)) < 1e-5 * violation);
  });
  assert.equal(liveTensors(), before);
});

test('an output shorter than half its target is pulled no harder than at half; zero and zero make zero', () => {
  const lambda = randomVector('lambda');
  const target = lambda.reduce((sum, value) => sum + value * value, 0);
  const pullOn = (output: Float32Array, goal: Float32Array) =>
    arena(() => {
      const result = coupling(upload(output, SHAPE), upload(goal, SHAPE), null, { beta: 4 });
      return { values: read(result.cotangent) };
    }).values;
  for (const share of [0, 1e-20, 0.1, 0.49]) {
    const o = lambda.map((value) => share * value);
    pullOn(o, lambda).forEach((value, index) => {
      const expected = (4 * (o[index]! - lambda[index]!)) / (target / 4);
      // float32 rounding of four operations
      assert.ok(Math.abs(value - expected) < 1e-6 * Math.max(Math.abs(expected), 1e-2));
    });
  }
  const nothing = new Float32Array(SIZE);
  assert.deepEqual(pullOn(nothing, nothing), nothing);
});

test('the adaptive penalty is |g||o|, kept between 3 and its upper bound', () => {
  const length = (values: Float32Array) => Math.hypot(...values);
  const o = randomVector('o');
  const betaOf = (g: Float32Array, adaptiveMax: number) =>
    arena(() => {
      const tensors = [o, o, g].map((values) => upload(values, SHAPE)) as [Tensor, Tensor, Tensor];
      return readScalar(coupling(...tensors, { adaptiveMax }).beta);
    });
  const g = randomVector('g', 0.1);
  const product = length(g) * length(o);
  assert.ok(product > 3 && product < 100, `|g||o| = ${product} lies between the bounds`);
  assert.ok(Math.abs(betaOf(g, 100) - product) < 1e-5 * product);
  assert.equal(betaOf(g, 4), 4);
  assert.equal(betaOf(randomVector('g', 1e-6), 100), 3);
  // docs/method.md: the bound keeps learning_rate x beta at 0.8 or below.
  assert.deepEqual(penaltyAt('adaptive', 0.125), { adaptiveMax: 6.4 });
});

// docs/method.md, check 2.
for (const family of ['resnet', 'wide-resnet', 'imagenet-resnet'] satisfies ModelFamily[]) {
  for (const beta of [1e-2, 1, 1e2, 1e4]) {
    test(`${family}, beta ${beta}: every stage has BP's gradient with lambda = o and kappa = -g`, () => {
      const { network, layers, values } = smallNetwork(family);
      const stages = describeStages(network, splitOf(network.blocks.length), 0.1);
      const expected = backPropagation(layers, values, randomFeatures(8, network.image));
      const actual = stagedGradients(stages, values, { beta, withMultiplier: true });
      // The same float32 kernels on the same numbers; the residual is exactly zero.
      assert.ok(relativeError(actual, expected) < 1e-6, `${relativeError(actual, expected)}`);
    });
  }

  // docs/method.md, check 3.
  test(`${family}: the lower stages have exactly no gradient with lambda = o and no multiplier`, () => {
    const { network, values } = smallNetwork(family);
    const stages = describeStages(network, splitOf(network.blocks.length), 0.1);
    const gradients = stagedGradients(stages, values, { beta: 10, withMultiplier: false });
    for (const stage of stages.slice(0, -1)) {
      for (const { name } of parametersOf(stage.layers)) {
        assert.ok(
          gradients.get(name)!.every((value) => value === 0),
          name,
        );
      }
    }
  });
}

function splitOf(blocks: number): number[] {
  return [1, 1, blocks - 2];
}

/** Gradients of every stage from its local loss, lambda_{k+1} set to o_k and g_{k+1} taken from stage k+1. */
function stagedGradients(
  stages: readonly StageDescription[],
  values: NamedValues,
  { beta, withMultiplier }: { beta: number; withMultiplier: boolean },
): Map<string, Float32Array> {
  return arena(() => {
    const gradients = new Map<string, Tensor>();
    const passes = [];
    let lambda = uploadFeatures(randomFeatures(8, stages[0]!.input));
    for (const stage of stages) {
      const weights = uploadWeights(parametersOf(stage.layers), values);
      const pass = trainPass(stage.layers, lambda, { weights, gradients }, stage.index > 0);
      passes.push(pass);
      lambda = pass.output;
    }
    let message: Tensor | null = null;
    for (const [index, pass] of [...passes.entries()].reverse()) {
      const isLast = index === passes.length - 1;
      const cotangent = isLast
        ? classificationLoss(pass.output, uploadLabels()).cotangent
        : coupling(pass.output, pass.output, withMultiplier ? message : null, { beta }).cotangent;
      message = pass.pullback(cotangent);
    }
    return readAll(gradients);
  });
}
