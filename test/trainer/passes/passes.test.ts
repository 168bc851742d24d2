import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ModelFamily,
  type PaddingRule,
  parametersOf,
  type SolverName,
} from '../../../src/network/index.js';
import {
  batchStatisticsRule,
  inferenceRule,
  inferPass,
  StatisticsEstimate,
  trainPass,
  uploadWeights,
} from '../../../src/trainer/passes/index.js';
import { randomStream } from '../../../src/trainer/random.js';
import { arena, liveTensors, read, type Tensor, upload } from '../../../src/trainer/runtime/index.js';
import { within } from '../support/measured.js';
import { type Features, referenceForward, referenceLoss, type Values } from '../support/reference.js';
import {
  backPropagation,
  LABELS,
  randomFeatures,
  smallNetwork,
  uploadFeatures,
} from '../support/small-network.js';

/** With a solver, of a few steps: with eight, the implicit one has solved them to the digits of these tolerances. */
const NETWORKS: readonly [ModelFamily, PaddingRule, SolverName?][] = [
  ['resnet', 'same'],
  ['resnet', 'symmetric'],
  ['wide-resnet', 'same'],
  ['wide-resnet', 'symmetric'],
  ['imagenet-resnet', 'same'],
  ['imagenet-resnet', 'symmetric'],
  ['ode-resnet', 'same', 'euler'],
  ['ode-resnet', 'same', 'midpoint'],
  ['ode-resnet', 'symmetric', 'rk4'],
  ['ode-resnet', 'same', 'implicit-midpoint'],
];
// float32 has 2^-24 relative rounding. Largest errors of 16 seeds and oneDNN's kernels for AVX2 and AVX-512: 1.6e-6, but
// 1.5e-5 for imagenet-resnet, whose last batch norms divide by the deviation of few values.
const FORWARD_TOLERANCE: Readonly<Record<ModelFamily, number>> = {
  resnet: 5e-6,
  'wide-resnet': 5e-6,
  'imagenet-resnet': 4e-5,
  'ode-resnet': 5e-6,
};
// Gradients pass the network twice. The largest error seen is 1.0e-4, with one of two orders of summation.
const GRADIENT_TOLERANCE = 2e-4;
// Central differences in float64: truncation h^2 and rounding 1e-16/h are both below 1e-9 here.
const DIFFERENCE_STEP = 1e-5;

for (const [family, padding, solver] of NETWORKS) {
  const changes = solver
    ? { padding, solver, steps: solver.startsWith('implicit') ? 8 : 2, learned_time: true }
    : { padding };
  const name = `${family}${solver ? ` by ${solver}` : ''}, ${padding} padding`;
  test(`${name}: the forward pass equals the float64 reference`, () => {
    const { network, layers, values } = smallNetwork(family, changes);
    const images = randomFeatures(1, network.image);
    const expected = referenceForward(layers, images, values).values;
    const actual = arena(() => {
      const weights = uploadWeights(parametersOf(layers), values);
      return read(trainPass(layers, uploadFeatures(images), { weights, gradients: new Map() }, false).output);
    });
    expected.forEach((value, index) => {
      assert.ok(
        Math.abs(value - actual[index]!) < FORWARD_TOLERANCE[family] * Math.max(1, Math.abs(value)),
        `[${index}]: ${actual[index]} against ${value}`,
      );
    });
  });

  test(`${name}: every parameter's gradient equals finite differences of the float64 reference`, () => {
    const { network, layers, values } = smallNetwork(family, changes);
    const images = randomFeatures(2, network.image);
    const gradients = backPropagation(layers, values, images);
    const random = randomStream(3, 'probe');
    for (const { name } of parametersOf(layers)) {
      const gradient = gradients.get(name)!;
      const scale = Math.max(...gradient.map(Math.abs));
      const index = Math.floor(random() * gradient.length);
      const expected = centralDifference(layers, values, images, name, index);
      assert.ok(
        Math.abs(gradient[index]! - expected) < GRADIENT_TOLERANCE * Math.max(scale, 1e-3),
        `${name}[${index}]: ${gradient[index]} against ${expected}`,
      );
    }
  });

  test(`${name}: the input's gradient equals finite differences of the float64 reference`, () => {
    const { network, layers, values } = smallNetwork(family, changes);
    const images = randomFeatures(4, network.image);
    const logits = referenceForward(layers, images, values);
    const cotangent = logits.values.map((_, index) => Math.sin(index + 1));
    const gradient = inputGradient(layers, values, images, cotangent);
    for (const share of [0, 0.034, 0.2, 0.5, 0.999]) {
      const index = Math.floor(share * images.values.length);
      const loss = (delta: number) => {
        const moved = { ...images, values: images.values.slice() };
        moved.values[index]! += delta;
        return referenceForward(layers, moved, values).values.reduce(
          (sum, v, i) => sum + v * cotangent[i]!,
          0,
        );
      };
      const expected = (loss(DIFFERENCE_STEP) - loss(-DIFFERENCE_STEP)) / (2 * DIFFERENCE_STEP);
      const scale = Math.max(...gradient.map(Math.abs));
      assert.ok(Math.abs(gradient[index]! - expected) < GRADIENT_TOLERANCE * scale);
    }
  });

  test(`${name}: a pass without gradients computes the same, and neither leaves a tensor behind`, () => {
    const { network, layers, values } = smallNetwork(family, changes);
    const before = liveTensors();
    arena(() => {
      const weights = uploadWeights(parametersOf(layers), values);
      const images = uploadFeatures(randomFeatures(5, network.image));
      const count = liveTensors();
      const gradients = new Map<string, Tensor>();
      const training = trainPass(layers, images, { weights, gradients }, true);
      const expected = read(training.output);
      const inference = inferPass(layers, images, weights, batchStatisticsRule(weights));
      assert.deepEqual(read(inference), expected);
      assert.ok(training.pullback(inference));
      // Remaining tensors: the inference output, the input gradient and one gradient per parameter.
      assert.equal(liveTensors(), count + 2 + gradients.size);
      assert.equal(gradients.size, parametersOf(layers).length);
    });
    assert.equal(liveTensors(), before);
  });
}

function centralDifference(
  layers: ReturnType<typeof smallNetwork>['layers'],
  values: Values,
  images: Features,
  name: string,
  index: number,
): number {
  const loss = (delta: number) => {
    const moved = Float64Array.from(values.get(name)!);
    moved[index]! += delta;
    return referenceLoss(referenceForward(layers, images, new Map([...values, [name, moved]])), LABELS);
  };
  return (loss(DIFFERENCE_STEP) - loss(-DIFFERENCE_STEP)) / (2 * DIFFERENCE_STEP);
}

function inputGradient(
  layers: ReturnType<typeof smallNetwork>['layers'],
  values: ReturnType<typeof smallNetwork>['values'],
  images: Features,
  cotangent: Float64Array,
): Float32Array {
  return arena(() => {
    const weights = uploadWeights(parametersOf(layers), values);
    const pass = trainPass(layers, uploadFeatures(images), { weights, gradients: new Map() }, true);
    return read(pass.pullback(upload(Float32Array.from(cotangent), pass.output.shape))!);
  });
}

test('statistics are mean and variance of all images together, not means over batches', (t) => {
  const norm = { op: 'norm', name: 'n', relu: true, output: { height: 3, width: 3, channels: 4 } } as const;
  // Batches that differ much: a mean of their variances lacks what lies between them.
  const batches = [1, 2, 3].map((seed) => {
    const features = randomFeatures(seed, norm.output);
    return { ...features, values: features.values.map((value) => Math.fround(value * seed + 2 * seed)) };
  });
  const layers = [{ ...norm, input: norm.output }];
  const found = arena(() => {
    const ones = (value: number) => upload(new Float32Array(4).fill(value), [4]);
    const estimate = new StatisticsEstimate(
      layers,
      new Map([
        ['n/gamma', ones(1)],
        ['n/beta', ones(0)],
      ]),
    );
    for (const batch of batches) estimate.add(uploadFeatures(batch));
    return { statistics: estimate.statistics().get('n')! };
  }).statistics;
  for (let channel = 0; channel < 4; channel++) {
    const values = batches.flatMap((batch) => [...batch.values].filter((_, index) => index % 4 === channel));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    // The kernel gives means and variances of batches in float32.
    within(t, `statistics, mean of channel ${channel}`, Math.abs(found.mean[channel]! / mean - 1), 1e-6);
    within(
      t,
      `statistics, variance of channel ${channel}`,
      Math.abs(found.variance[channel]! / variance - 1),
      1e-5,
    );
  }
});

test('fixed statistics are not those of another batch', () => {
  const { layers, values } = smallNetwork('resnet');
  arena(() => {
    const weights = uploadWeights(parametersOf(layers), values);
    const estimate = new StatisticsEstimate(layers, weights);
    estimate.add(uploadFeatures(randomFeatures(3)));
    const { rule } = inferenceRule(layers, weights, estimate.statistics());
    const others = uploadFeatures(randomFeatures(9));
    const fixed = read(inferPass(layers, others, weights, rule));
    assert.notDeepEqual(fixed, read(inferPass(layers, others, weights, batchStatisticsRule(weights))));
  });
});
