import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flatten, type Layer, parametersOf } from '../../../src/network/index.js';
import {
  batchStatisticsRule,
  type Draw,
  inferPass,
  trainPass,
  uploadWeights,
} from '../../../src/trainer/passes/index.js';
import { randomStream } from '../../../src/trainer/random.js';
import { arena, liveTensors, read, type Tensor, upload } from '../../../src/trainer/runtime/index.js';
import { referenceForward, referenceLoss, type Values } from '../support/reference.js';
import { type PlanRun, runPlan, withBlobs } from '../support/run-plan.js';
import {
  backPropagation,
  LABELS,
  randomFeatures,
  smallNetwork,
  uploadFeatures,
} from '../support/small-network.js';
import { mnistSpec } from '../support/specs.js';

const COUNT = 100_000;
const DRAW: Draw = { seed: 3, step: 17 };

/** The mask of a dropout layer: its output for an input of ones. */
function maskOf(shape: readonly number[], rate: number, draw: Draw, name = 'dropout'): Float32Array {
  return arena(() => {
    const ones = upload(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);
    const context = { weights: new Map(), gradients: new Map(), draw };
    return read(trainPass([{ op: 'dropout', name, rate }], ones, context, true).output);
  });
}

for (const rate of [0.05, 0.3, 0.5, 0.9]) {
  test(`rate ${rate}: this share of values is dropped, the others are divided by ${1 - rate}`, () => {
    const mask = maskOf([COUNT], rate, DRAW);
    const kept = mask.filter((value) => value > 0);
    assert.ok(kept.every((value) => value === Math.fround(1 / (1 - rate))));
    // Five standard deviations of a binomial share.
    assert.ok(Math.abs(kept.length / COUNT - (1 - rate)) < 5 * Math.sqrt((rate * (1 - rate)) / COUNT));
  });
}

test('a mask follows from seed, layer and step alone, and each of them draws another', () => {
  const mask = maskOf([COUNT], 0.5, DRAW);
  assert.deepEqual(maskOf([COUNT], 0.5, DRAW), mask);
  const others = [
    maskOf([COUNT], 0.5, { ...DRAW, seed: 4 }),
    maskOf([COUNT], 0.5, { ...DRAW, step: 18 }),
    maskOf([COUNT], 0.5, DRAW, 'block1/dropout'),
  ];
  for (const other of others) {
    const agreement = mask.filter((value, index) => value === other[index]).length / COUNT;
    // Independent masks agree on half of all values; five standard deviations.
    assert.ok(Math.abs(agreement - 0.5) < 5 * Math.sqrt(0.25 / COUNT), `${agreement}`);
  }
});

test('neighbours are independent: a mask has no pattern at short distances', () => {
  const mask = maskOf([COUNT], 0.5, DRAW);
  for (const distance of [1, 2, 3, 4, 8, 16, 64, 256]) {
    const pairs = COUNT - distance;
    const agreement = mask.subarray(distance).filter((value, index) => value === mask[index]).length / pairs;
    assert.ok(Math.abs(agreement - 0.5) < 5 * Math.sqrt(0.25 / pairs), `${distance}: ${agreement}`);
  }
});

test('a network with dropout equals the float64 reference under the same masks, gradients included', () => {
  const { layers, values } = smallNetwork('wide-resnet', { dropout: 0.3 });
  const images = randomFeatures(2);
  const masked: Values = new Map([...values, ...masksOf(layers)]);
  const gradients = backPropagation(layers, values, images, DRAW);
  const random = randomStream(3, 'probe');
  const step = 1e-5;
  for (const { name } of parametersOf(layers)) {
    const gradient = gradients.get(name)!;
    const index = Math.floor(random() * gradient.length);
    const loss = (delta: number) => {
      const moved = Float64Array.from(values.get(name)!);
      moved[index]! += delta;
      return referenceLoss(referenceForward(layers, images, new Map([...masked, [name, moved]])), LABELS);
    };
    const expected = (loss(step) - loss(-step)) / (2 * step);
    const scale = Math.max(...gradient.map(Math.abs), 1e-3);
    // The same tolerance as without dropout: float32 through the network twice.
    assert.ok(Math.abs(gradient[index]! - expected) < 1e-4 * scale, `${name}[${index}]`);
  }
});

test('a pullback frees the mask, and a pass without a draw is refused', () => {
  const { layers, values } = smallNetwork('wide-resnet', { dropout: 0.3 });
  arena(() => {
    const weights = uploadWeights(parametersOf(layers), values);
    const images = uploadFeatures(randomFeatures(5));
    const count = liveTensors();
    const gradients = new Map<string, Tensor>();
    const pass = trainPass(layers, images, { weights, gradients, draw: DRAW }, true);
    pass.pullback(upload(new Float32Array(LABELS.length * 3).fill(1), pass.output.shape));
    // The cotangent, the input gradient and one gradient a parameter.
    assert.equal(liveTensors(), count + 2 + gradients.size);
    assert.throws(
      () => trainPass(layers, images, { weights, gradients }, false),
      /block0\/dropout needs the seed and the step/,
    );
  });
});

test('a network with dropout computes bitwise the same as without, outside of training', () => {
  const images = randomFeatures(5);
  const outputOf = (dropout: number) => {
    const { layers, values } = smallNetwork('wide-resnet', { dropout });
    return arena(() => {
      const weights = uploadWeights(parametersOf(layers), values);
      return read(inferPass(layers, uploadFeatures(images), weights, batchStatisticsRule(weights)));
    });
  };
  assert.deepEqual(outputOf(0.5), outputOf(0));
});

test('a job with dropout ends in the same blobs when run again, and one stage of any method in the same weights', async () => {
  await withBlobs(async (blobs) => {
    const run = (type: 'backprop' | 'penalty' | 'augmented-lagrangian', stages: number, dropout = 0.3) =>
      runPlan(
        mnistSpec({
          max_train_samples: 128,
          model: { family: 'wide-resnet', depth: 10, width: 1, dropout },
          method: { type, stages, round_steps: 2 },
        }),
        blobs,
        () => {},
        ({ kind }) => kind !== 'evaluate' && kind !== 'finalize',
      );
    assert.deepEqual(
      statesOf(await run('augmented-lagrangian', 2)),
      statesOf(await run('augmented-lagrangian', 2)),
    );
    const serial = statesOf(await run('backprop', 1));
    assert.deepEqual(statesOf(await run('penalty', 1)), serial);
    assert.notDeepEqual(statesOf(await run('backprop', 1, 0.4)), serial);
  });
});

function masksOf(layers: readonly Layer[]): [string, Float32Array][] {
  const flat = flatten(layers);
  return flat.flatMap((layer, index) => {
    const before = flat[index - 1];
    if (layer.op !== 'dropout' || before?.op !== 'norm') return [];
    const { height, width, channels } = before.output;
    const mask = maskOf([LABELS.length, height, width, channels], layer.rate, DRAW, layer.name);
    return [[`${layer.name}/mask`, mask] as [string, Float32Array]];
  });
}

function statesOf(run: PlanRun): string[] {
  return [...run.successes.values()].flatMap(({ outputs }) => (outputs.state ? [outputs.state.uri] : []));
}
