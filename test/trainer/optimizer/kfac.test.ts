import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeStages, type Layer, type ParameterSpec, parametersOf } from '../../../src/network/index.js';
import { decodeState, encodeState } from '../../../src/trainer/checkpoint/index.js';
import { convolutionInputFactor } from '../../../src/trainer/kernels/index.js';
import { classificationLoss } from '../../../src/trainer/objective/index.js';
import { kfac, Optimizer, type OptimizerState, startingState } from '../../../src/trainer/optimizer/index.js';
import { trainPass, uploadWeights } from '../../../src/trainer/passes/index.js';
import { arena, liveTensors, read, type Tensor, upload } from '../../../src/trainer/runtime/index.js';
import { gradientsAt, gradientValues, PARAMETERS, SEED } from '../support/optimizer-reference.js';
import type { Features } from '../support/reference.js';
import { referenceLossCotangent, referencePass } from '../support/reference-pass.js';
import {
  CLASSES,
  LABELS,
  perturbedValues,
  randomFeatures,
  readAll,
  smallNetwork,
  uploadFeatures,
  uploadLabels,
} from '../support/small-network.js';

// Oracle of optimizer.type kfac.

const SETTINGS = {
  ...{ momentum: 0.9, nesterov: false },
  ...{ damping: 0.04, factor_decay: 0.6, factor_interval: 5 },
};
const [RATE, DECAY, STEPS] = [0.1, 0.01, 12];

type Matrix = readonly (readonly number[])[];

const matrix = (rows: number, columns: number, at: (i: number, j: number) => number): Matrix =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (__, j) => at(i, j)));
const times = (a: Matrix, b: Matrix): Matrix =>
  matrix(a.length, b[0]!.length, (i, j) => a[i]!.reduce((sum, value, k) => sum + value * b[k]![j]!, 0));
const asMatrix = (values: ArrayLike<number>, columns: number): Matrix =>
  matrix(values.length / columns, columns, (i, j) => values[i * columns + j]!);

/** Gauss-Jordan elimination of a positive definite matrix. */
function inverse(a: Matrix): Matrix {
  const n = a.length;
  const rows = a.map((row, i) => [...row, ...Array.from({ length: n }, (_, j) => (i === j ? 1 : 0))]);
  for (let pivot = 0; pivot < n; pivot++) {
    const by = rows[pivot]![pivot]!;
    rows[pivot] = rows[pivot]!.map((value) => value / by);
    for (let i = 0; i < n; i++) {
      const factor = rows[i]![pivot]!;
      if (i !== pivot) rows[i] = rows[i]!.map((value, j) => value - factor * rows[pivot]![j]!);
    }
  }
  return rows.map((row) => row.slice(n));
}

function damped(mean: Matrix): Matrix {
  const eigenvalue = mean.reduce((sum, row, i) => sum + row[i]!, 0) / mean.length;
  const ridge = Math.sqrt(SETTINGS.damping);
  return inverse(mean.map((row, i) => row.map((value, j) => value / eigenvalue + (i === j ? ridge : 0))));
}

const SIDES = ['left', 'right'] as const;

/** A factor x^T x of random numbers x, three rows more than columns. */
function factorAt(step: number, name: string, side: number): Matrix {
  const x = asMatrix(gradientValues(step, { name, shape: [side + 3, side], initializer: NOTHING }), side);
  return times(
    matrix(side, x.length, (i, j) => x[j]![i]!),
    x,
  );
}

const NOTHING = { kind: 'constant', value: 0 } as const;
const sideOf = ({ shape }: ParameterSpec, side: (typeof SIDES)[number]): number =>
  side === 'right' ? shape[1]! : shape[0]!;
const kernels = PARAMETERS.filter(({ shape }) => shape.length > 1);

/** Gradients with factors at the steps that read them. */
function gradientsWithFactors(step: number, wants: (kernel: string) => boolean): Map<string, Tensor> {
  const factors = kernels
    .filter(({ name }) => wants(name))
    .flatMap((kernel) =>
      SIDES.map((side): [string, Tensor] => {
        const name = `${kernel.name}/${side}`;
        const length = sideOf(kernel, side);
        return [name, upload(Float32Array.from(factorAt(step, name, length).flat()), [length, length])];
      }),
    );
  return new Map([...gradientsAt(step), ...factors]);
}

function trained(
  from: number,
  to: number,
  state: OptimizerState,
): { state: OptimizerState; asked: number[] } {
  const settings = { rule: kfac(SETTINGS), weightDecayOf: () => DECAY };
  const optimizer = new Optimizer(PARAMETERS, state, settings);
  const asked: number[] = [];
  for (let step = from; step < to; step++) {
    const wants = optimizer.wantsFactors!;
    if (wants('a/kernel')) asked.push(step);
    optimizer.step(gradientsWithFactors(step, wants), RATE);
  }
  const end = optimizer.state();
  optimizer.dispose();
  return { state: end, asked };
}

const start = () => startingState(PARAMETERS, SEED, kfac(SETTINGS));

/** The same in float64. */
function expectedWeights(kernel: ParameterSpec, initial: ArrayLike<number>): number[] {
  const columns = kernel.shape[1]!;
  let weights = asMatrix(initial, columns);
  let velocity = weights.map((row) => row.map(() => 0));
  const means: Matrix[] = [];
  for (let step = 0; step < STEPS; step++) {
    if (step % SETTINGS.factor_interval === 0) {
      const keep = Math.min(1 - 1 / (step / SETTINGS.factor_interval + 1), SETTINGS.factor_decay);
      SIDES.forEach((side, index) => {
        const found = factorAt(step, `${kernel.name}/${side}`, sideOf(kernel, side));
        means[index] = found.map((row, i) =>
          row.map((value, j) => keep * (means[index]?.[i]?.[j] ?? 0) + (1 - keep) * value),
        );
      });
    }
    const gradient = asMatrix(gradientValues(step, kernel), columns);
    const total = gradient.map((row, i) => row.map((value, j) => value + DECAY * weights[i]![j]!));
    const direction = times(times(damped(means[0]!), total), damped(means[1]!));
    const ratio = Math.hypot(...total.flat()) / Math.hypot(...direction.flat());
    velocity = velocity.map((row, i) =>
      row.map((value, j) => SETTINGS.momentum * value + ratio * direction[i]![j]!),
    );
    weights = weights.map((row, i) => row.map((value, j) => value - RATE * velocity[i]![j]!));
  }
  return [...weights.flat()];
}

test('the steps of K-FAC are those of a solve in float64, with the means of factors of every fifth step', () => {
  const before = liveTensors();
  const { state, asked } = trained(0, STEPS, start());
  assert.deepEqual(asked, [0, 5, 10]);
  assert.equal(liveTensors(), before);
  for (const kernel of kernels) {
    const expected = expectedWeights(kernel, start().weights.get(kernel.name)!);
    // Float32 in inverses of a condition below 100, and in twelve steps.
    state.weights
      .get(kernel.name)!
      .forEach((value, index) => void assert.ok(Math.abs(value - expected[index]!) < 2e-5, kernel.name));
  }
});

test('a stored state goes on bitwise, also between two estimates of the factors', () => {
  const whole = trained(0, STEPS, start()).state;
  const half = decodeState(encodeState(PARAMETERS, trained(0, 7, start()).state));
  assert.deepEqual(trained(7, STEPS, half).state, whole);
});

/** The gradients and factors of the loss of some images. */
function factorsOf(layers: readonly Layer[], images: Features): Map<string, Float32Array> {
  return new Map([
    ...arena(() => {
      const weights = uploadWeights(parametersOf(layers), perturbedValues(layers));
      const gradients = new Map<string, Tensor>();
      const context = { weights, gradients, wantsFactors: () => true };
      const pass = trainPass(layers, uploadFeatures(images), context, false);
      pass.pullback(classificationLoss(pass.output, uploadLabels()).cotangent);
      return readAll(gradients);
    }),
  ]);
}

/** One place of the convolution, so that its block of the Fisher matrix is one product. */
const TINY: readonly Layer[] = [
  {
    ...{ op: 'conv', name: 'a', size: 3, stride: 3, padding: 'same' },
    ...{ input: { height: 3, width: 3, channels: 2 }, output: { height: 1, width: 1, channels: 2 } },
  },
  { op: 'pool', name: 'pool', input: { height: 1, width: 1, channels: 2 } },
  { op: 'dense', name: 'head', inputs: 2, outputs: CLASSES },
];

test('where all images are alike, the factors multiply to the dense Fisher matrix of each kernel in float64', () => {
  const one = randomFeatures(4, { height: 3, width: 3, channels: 2 });
  const size = one.values.length / LABELS.length;
  const values = Float64Array.from(one.values, (_, index) => one.values[index % size]!);
  const found = factorsOf(TINY, { ...one, values });
  const perImage = LABELS.map((label) => {
    const gradients = new Map<string, Float64Array>();
    const pass = referencePass(
      TINY,
      { shape: [1, 3, 3, 2], values: values.slice(0, size) },
      perturbedValues(TINY),
    );
    pass.pullback(referenceLossCotangent(pass.output, [label]), gradients);
    return gradients;
  });
  for (const [kernel, columns] of [
    ['a/kernel', 2],
    ['head/kernel', CLASSES],
  ] as const) {
    const gradients = perImage.map((of) => of.get(kernel)!);
    const [left, right] = [found.get(`${kernel}/left`)!, found.get(`${kernel}/right`)!];
    const rows = gradients[0]!.length / columns;
    const largest = Math.max(...gradients.flatMap((of) => [...of].map((value) => value * value)));
    gradients[0]!.forEach((_, p) => {
      gradients[0]!.forEach((__, q) => {
        const fisher = gradients.reduce((sum, of) => sum + of[p]! * of[q]!, 0) / gradients.length;
        const product =
          left[Math.floor(p / columns) * rows + Math.floor(q / columns)]! *
          right[(p % columns) * columns + (q % columns)]!;
        assert.ok(Math.abs(product - fisher) < 1e-5 * largest, `${kernel} ${p} ${q}`);
      });
    });
  }
});

test('the factor of the inputs of a convolution is a sum over all that its kernel sees, at any stride and padding', () => {
  const images = randomFeatures(6, { height: 4, width: 4, channels: 1 });
  const at = (b: number, y: number, x: number) =>
    y < 0 || y > 3 || x < 0 || x > 3 ? 0 : images.values[(b * 4 + y) * 4 + x]!;
  // Padding of `same` lies at the end where it is odd: stride 2 on four rows has one row of it.
  for (const [stride, padding, before] of [
    [1, 'same', 1],
    [2, 'same', 0],
    [2, 'symmetric', 1],
  ] as const) {
    const expected = new Float64Array(81);
    for (let place = 0; place < (4 / stride) ** 2 * LABELS.length; place++) {
      const side = 4 / stride;
      const [x, y, b] = [place % side, Math.floor(place / side) % side, Math.floor(place / side ** 2)];
      const seen = Array.from({ length: 9 }, (_, i) =>
        at(b, y * stride + Math.floor(i / 3) - before, x * stride + (i % 3) - before),
      );
      expected.forEach((_, index) => {
        expected[index]! += (seen[Math.floor(index / 9)]! * seen[index % 9]!) / LABELS.length;
      });
    }
    const found = read(arena(() => convolutionInputFactor(uploadFeatures(images), 3, { stride, padding })));
    found.forEach(
      (value, index) =>
        void assert.ok(Math.abs(value - expected[index]!) < 1e-5, `${stride} ${padding} ${index}`),
    );
  }
});

test('factors are bitwise the same in two stages as in one', () => {
  const { network, layers, values } = smallNetwork('resnet');
  const whole = factorsOf(layers, randomFeatures(1));
  const [first, last] = describeStages(network, [1, 2], 0.1);
  const staged = new Map([
    ...arena(() => {
      const weights = uploadWeights(parametersOf(layers), values);
      const gradients = new Map<string, Tensor>();
      const context = { weights, gradients, wantsFactors: () => true };
      const lower = trainPass(first!.layers, uploadFeatures(randomFeatures(1)), context, false);
      const upper = trainPass(last!.layers, lower.output, context, true);
      lower.pullback(upper.pullback(classificationLoss(upper.output, uploadLabels()).cotangent)!);
      return readAll(gradients);
    }),
  ]);
  const kernelsOf = parametersOf(layers).filter(({ shape }) => shape.length > 1);
  assert.equal(whole.size, parametersOf(layers).length + 2 * kernelsOf.length);
  for (const [name, of] of whole) assert.deepEqual(staged.get(name), of, name);
});
