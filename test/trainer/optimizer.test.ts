import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ParameterSpec } from '../../src/network/index.js';
import { decodeState, encodeState } from '../../src/trainer/checkpoint/index.js';
import { TrainerError } from '../../src/trainer/errors.js';
import { initialValues, learningRateAt, Sgd, zeros } from '../../src/trainer/optimizer/index.js';
import { normal, randomStream } from '../../src/trainer/random.js';
import { liveTensors, type Tensor, upload } from '../../src/trainer/runtime/index.js';

const PARAMETERS: readonly ParameterSpec[] = [
  { name: 'a/kernel', shape: [2, 3], initializer: { kind: 'normal', standardDeviation: 1 } },
  { name: 'b/gamma', shape: [4], initializer: { kind: 'constant', value: 1 } },
  { name: 'c/bias', shape: [1], initializer: { kind: 'constant', value: 0 } },
];
const SETTINGS = { momentum: 0.9, weightDecay: 0.01 };

function gradientsAt(step: number, order = PARAMETERS): Map<string, Tensor> {
  return new Map(
    order.map(({ name, shape }) => {
      const random = randomStream(step, name);
      const size = shape.reduce((product, side) => product * side, 1);
      return [
        name,
        upload(
          Float32Array.from({ length: size }, () => normal(random)),
          shape,
        ),
      ];
    }),
  );
}

const startingState = () => ({ weights: initialValues(PARAMETERS, 3), momentum: zeros(PARAMETERS) });

test('ten steps equal the formula in float64', () => {
  const before = liveTensors();
  const optimizer = new Sgd(PARAMETERS, startingState(), SETTINGS);
  const expected = new Map(
    [...startingState().weights].map(([name, values]) => [name, Float64Array.from(values)]),
  );
  const velocity = new Map([...expected].map(([name, values]) => [name, new Float64Array(values.length)]));
  for (let step = 0; step < 10; step++) {
    const gradients = gradientsAt(step);
    for (const { name } of PARAMETERS) {
      const random = randomStream(step, name);
      expected.get(name)!.forEach((weight, index) => {
        const v = velocity.get(name)!;
        v[index] = SETTINGS.momentum * v[index]! + normal(random) + SETTINGS.weightDecay * weight;
        expected.get(name)![index] = weight - 0.1 * v[index]!;
      });
    }
    optimizer.step(gradients, 0.1);
  }
  const actual = optimizer.state().weights;
  optimizer.dispose();
  for (const [name, values] of expected) {
    // ten float32 roundings of values about 1
    for (const [index, value] of values.entries()) {
      assert.ok(Math.abs(value - actual.get(name)![index]!) < 2e-6, name);
    }
  }
  assert.equal(liveTensors(), before);
});

test('state belongs to names: a network joined in another order goes on alike', () => {
  const straight = new Sgd(PARAMETERS, startingState(), SETTINGS);
  const joined = new Sgd(PARAMETERS, startingState(), SETTINGS);
  straight.step(gradientsAt(0), 0.1);
  joined.step(gradientsAt(0), 0.1);
  const reversed = [...PARAMETERS].reverse();
  const resumed = new Sgd(reversed, joined.state(), SETTINGS);
  straight.step(gradientsAt(1), 0.1);
  resumed.step(gradientsAt(1, reversed), 0.1);
  const [expected, actual] = [straight.state(), resumed.state()];
  for (const { name } of PARAMETERS) {
    assert.deepEqual(actual.weights.get(name), expected.weights.get(name));
    assert.deepEqual(actual.momentum.get(name), expected.momentum.get(name));
  }
  for (const optimizer of [straight, joined, resumed]) optimizer.dispose();
});

test('a missing gradient is an error, not a step without it', () => {
  const optimizer = new Sgd(PARAMETERS, startingState(), SETTINGS);
  const gradients = gradientsAt(0);
  gradients.delete('b/gamma');
  assert.throws(() => optimizer.step(gradients, 0.1), /b\/gamma/);
  optimizer.dispose();
});

test('a checkpoint keeps weights and momentum exactly, and a cold optimiser goes elsewhere', () => {
  const optimizer = new Sgd(PARAMETERS, startingState(), SETTINGS);
  optimizer.step(gradientsAt(0), 0.1);
  const bytes = encodeState(PARAMETERS, optimizer.state());
  const warm = new Sgd(PARAMETERS, decodeState(bytes), SETTINGS);
  const cold = new Sgd(PARAMETERS, { ...decodeState(bytes), momentum: zeros(PARAMETERS) }, SETTINGS);
  for (const each of [optimizer, warm, cold]) each.step(gradientsAt(1), 0.1);
  const [expected, resumed, restarted] = [optimizer, warm, cold].map((each) => each.state().weights);
  assert.deepEqual(resumed, expected);
  assert.notDeepEqual(restarted, expected);
  for (const each of [optimizer, warm, cold]) each.dispose();
});

test('a checkpoint cut short is refused', () => {
  const bytes = encodeState(PARAMETERS, startingState());
  for (const length of [4, 40, bytes.length - 1]) {
    assert.throws(
      () => decodeState(bytes.subarray(0, length)),
      (error) => error instanceof TrainerError && error.code === 'blob_corrupt',
      `${length} bytes`,
    );
  }
});

test('schedules: cosine from the base to nearly zero, steps at their fractions', () => {
  const optimizer = (type: 'cosine' | 'step' | 'constant') => ({
    type: 'sgd' as const,
    learning_rate: 0.2,
    momentum: 0.9,
    weight_decay: 0,
    schedule: { type, milestones: [0.5, 0.75], gamma: 0.1 },
  });
  assert.equal(learningRateAt(optimizer('cosine'), 0, 100), 0.2);
  assert.ok(Math.abs(learningRateAt(optimizer('cosine'), 50, 100) - 0.1) < 1e-12);
  assert.ok(learningRateAt(optimizer('cosine'), 99, 100) < 1e-4);
  assert.deepEqual(
    [0, 49, 50, 74, 75, 99].map((step) => Number(learningRateAt(optimizer('step'), step, 100).toFixed(6))),
    [0.2, 0.2, 0.02, 0.02, 0.002, 0.002],
  );
  assert.equal(learningRateAt(optimizer('constant'), 99, 100), 0.2);
});
