import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPTIMIZER_VECTORS } from '../../../src/contract/generated/defaults.js';
import type { ParameterSpec } from '../../../src/network/index.js';
import { decodeState, encodeState, mergeStates } from '../../../src/trainer/checkpoint/index.js';
import { TrainerError } from '../../../src/trainer/errors.js';
import { multiply, reshape, subtractFrom } from '../../../src/trainer/kernels/index.js';
import {
  adamw,
  lamb,
  lars,
  learningRateAt,
  Optimizer,
  type OptimizerSettings,
  type OptimizerState,
  optimizerSettings,
  sgd,
  startingSlots,
  startingState,
  type UpdateRule,
} from '../../../src/trainer/optimizer/index.js';
import { free, liveTensors, read, upload, valuesOf } from '../../../src/trainer/runtime/index.js';
import {
  eachWeight,
  gradientsAt,
  gradientValues,
  type Memory,
  PARAMETERS,
  type ParameterRule,
  referenceWeights,
  SEED,
} from '../support/optimizer-reference.js';
import { mnistSpec, type SpecChanges } from '../support/specs.js';

// Oracle of optimizer.type sgd, adamw, lars, lamb.

const STEPS = 10;
const RATE = 0.1;
const DECAY = 0.01;
const MOMENTUM = 0.9;
const ADAMW = { beta1: 0.9, beta2: 0.99, epsilon: 1e-3 };
// So that the ratio of a/kernel is below 1, and that of c/kernel is cut off at 1.
const TRUST = 1;
// Ten steps of float32 rounding (6e-8) on values about 1, a handful of operations each.
const TOLERANCE = 2e-6;

const RULES: Record<string, UpdateRule> = {
  'sgd with momentum': sgd({ momentum: MOMENTUM, nesterov: false }),
  'sgd with Nesterov momentum': sgd({ momentum: MOMENTUM, nesterov: true }),
  adamw: adamw(ADAMW),
  lars: lars({ momentum: MOMENTUM, nesterov: false, trust_coefficient: TRUST }),
  'lars with Nesterov momentum': lars({ momentum: MOMENTUM, nesterov: true, trust_coefficient: TRUST }),
  lamb: lamb(ADAMW),
};

test('plans count the vectors that an optimizer keeps of each parameter', () => {
  const [parameter] = PARAMETERS;
  assert.ok(parameter);
  const vectorsOf = (type: keyof typeof OPTIMIZER_VECTORS) =>
    optimizerSettings(mnistSpec({ optimizer: { type } }).optimizer)
      .rule.memoryOf([parameter])
      .filter(({ shape }) => sizeOf(shape) === sizeOf(parameter.shape)).length;
  const types = ['sgd', 'adamw', 'lars', 'lamb', 'kfac'] as const;
  for (const type of types) assert.equal(vectorsOf(type), OPTIMIZER_VECTORS[type], type);
  assert.deepEqual(Object.keys(OPTIMIZER_VECTORS), types, 'each optimizer is counted above');
});

/** The papers' formulas, written a second time with the settings as functions of the parameter. */
const REFERENCES: Record<string, (decayOf: (name: string) => number, rate: number) => ParameterRule> = {
  'sgd with momentum': (decayOf, rate) =>
    eachWeight((weight, gradient, memory, { parameter }) => {
      memory.v = MOMENTUM * (memory.v ?? 0) + gradient + decayOf(parameter) * weight;
      return weight - rate * memory.v;
    }),
  'sgd with Nesterov momentum': (decayOf, rate) =>
    eachWeight((weight, gradient, memory, { parameter }) => {
      const total = gradient + decayOf(parameter) * weight;
      memory.v = MOMENTUM * (memory.v ?? 0) + total;
      return weight - rate * (total + MOMENTUM * memory.v);
    }),
  adamw: (decayOf, rate) =>
    eachWeight(
      (weight, gradient, memory, { parameter, update }) =>
        weight - rate * adamOf(gradient, memory, update) - rate * decayOf(parameter) * weight,
    ),
  lars: (decayOf, rate) => larsOf(decayOf, rate, false),
  'lars with Nesterov momentum': (decayOf, rate) => larsOf(decayOf, rate, true),
  lamb:
    (decayOf, rate) =>
    (weights, gradients, memories, { parameter, update }) => {
      const direction = weights.map(
        (weight, index) => adamOf(gradients[index]!, memories[index]!, update) + decayOf(parameter) * weight,
      );
      const norm = Math.hypot(...weights);
      const ratio = isFlat(parameter) || norm === 0 ? 1 : norm / Math.hypot(...direction);
      return weights.map((weight, index) => weight - rate * ratio * direction[index]!);
    },
};

function larsOf(decayOf: (name: string) => number, rate: number, nesterov: boolean): ParameterRule {
  return (weights, gradients, memories, { parameter }) => {
    const decay = decayOf(parameter);
    const norm = Math.hypot(...weights);
    const trusted = (TRUST * norm) / (Math.hypot(...gradients) + decay * norm);
    const ratio = isFlat(parameter) || norm === 0 ? 1 : Math.min(1, trusted);
    return weights.map((weight, index) => {
      const memory = memories[index]!;
      const total = ratio * (gradients[index]! + decay * weight);
      memory.v = MOMENTUM * (memory.v ?? 0) + total;
      return weight - rate * (nesterov ? total + MOMENTUM * memory.v : memory.v);
    });
  };
}

/** Parameters with one dimension, which have no ratio of norms. */
const isFlat = (parameter: string) => PARAMETERS.find(({ name }) => name === parameter)!.shape.length < 2;

/** Adam's direction after an update of its moments. */
function adamOf(gradient: number, memory: Memory, update: number): number {
  const { beta1, beta2, epsilon } = ADAMW;
  memory.m = beta1 * (memory.m ?? 0) + (1 - beta1) * gradient;
  memory.v = beta2 * (memory.v ?? 0) + (1 - beta2) * gradient * gradient;
  const mean = memory.m / (1 - beta1 ** update);
  return mean / (Math.sqrt(memory.v / (1 - beta2 ** update)) + epsilon);
}

function settingsOf(rule: UpdateRule, changes: Partial<OptimizerSettings> = {}): OptimizerSettings {
  return { rule, weightDecayOf: () => DECAY, ...changes };
}

function trained(settings: OptimizerSettings): OptimizerState {
  const optimizer = new Optimizer(PARAMETERS, startingState(PARAMETERS, SEED, settings.rule), settings);
  for (let step = 0; step < STEPS; step++) optimizer.step(gradientsAt(step), RATE);
  const state = optimizer.state();
  optimizer.dispose();
  return state;
}

function assertClose({ weights }: OptimizerState, expected: ReadonlyMap<string, readonly number[]>): void {
  for (const [name, values] of expected) {
    values.forEach((value, index) => {
      const actual = weights.get(name)![index]!;
      assert.ok(Math.abs(value - actual) < TOLERANCE, `${name}[${index}]: ${actual} against ${value}`);
    });
  }
}

for (const [name, rule] of Object.entries(RULES)) {
  const reference = REFERENCES[name]!;

  test(`${name}: ten steps equal the formula in float64 and leave no tensor`, () => {
    const before = liveTensors();
    assertClose(
      trained(settingsOf(rule)),
      referenceWeights(
        reference(() => DECAY, RATE),
        STEPS,
      ),
    );
    assert.equal(liveTensors(), before);
  });

  test(`${name}: decay on kernels alone, clipping to 0.5 and a parameter with half the rate`, () => {
    const before = liveTensors();
    const isKernel = (parameter: string) => parameter.endsWith('/kernel');
    const settings = settingsOf(rule, {
      weightDecayOf: (parameter) => (isKernel(parameter.name) ? DECAY : 0),
      rateFactorOf: (parameter) => (isKernel(parameter.name) ? 1 : 0.5),
      clipNorm: 0.5,
    });
    const decayOf = (parameter: string) => (isKernel(parameter) ? DECAY : 0);
    const [full, half] = [RATE, RATE / 2].map((rate) => reference(decayOf, rate));
    const expected = referenceWeights(
      (weights, gradients, memories, at) =>
        (isKernel(at.parameter) ? full! : half!)(weights, gradients, memories, at),
      STEPS,
      0.5,
    );
    assertClose(trained(settings), expected);
    assert.equal(liveTensors(), before);
  });

  test(`${name}: state belongs to names, so a network joined in another order goes on alike`, () => {
    const settings = settingsOf(rule);
    const open = (parameters: readonly ParameterSpec[], state: OptimizerState) =>
      new Optimizer(parameters, state, settings);
    const straight = open(PARAMETERS, startingState(PARAMETERS, SEED, rule));
    straight.step(gradientsAt(0), RATE);
    // Two stages, trained apart, joined the other way round.
    const parts = [PARAMETERS.slice(0, 2), PARAMETERS.slice(2)].map((parameters) => {
      const part = open(parameters, startingState(parameters, SEED, rule));
      part.step(gradientsAt(0, parameters), RATE);
      const state = part.state();
      part.dispose();
      return state;
    });
    const reversed = [...PARAMETERS].reverse();
    const joined = open(reversed, mergeStates(parts.reverse()));
    straight.step(gradientsAt(1), RATE);
    joined.step(gradientsAt(1, reversed), RATE);
    const [expected, actual] = [straight.state(), joined.state()];
    for (const { name: parameter } of PARAMETERS) {
      assert.deepEqual(actual.weights.get(parameter), expected.weights.get(parameter));
      for (const [slot, values] of expected.slots) {
        assert.deepEqual(actual.slots.get(slot)!.get(parameter), values.get(parameter), slot);
      }
    }
    for (const optimizer of [straight, joined]) optimizer.dispose();
  });

  test(`${name}: a checkpoint keeps every slot exactly, and a cold optimiser goes elsewhere`, () => {
    const settings = settingsOf(rule);
    const optimizer = new Optimizer(PARAMETERS, startingState(PARAMETERS, SEED, rule), settings);
    optimizer.step(gradientsAt(0), RATE);
    const state = decodeState(encodeState(PARAMETERS, optimizer.state()));
    assert.deepEqual([...state.slots.keys()], [...startingSlots(PARAMETERS, rule).keys()]);
    const warm = new Optimizer(PARAMETERS, state, settings);
    const cold = new Optimizer(PARAMETERS, { ...state, slots: startingSlots(PARAMETERS, rule) }, settings);
    for (const each of [optimizer, warm, cold]) each.step(gradientsAt(1), RATE);
    const [expected, resumed, restarted] = [optimizer, warm, cold].map((each) => each.state().weights);
    assert.deepEqual(resumed, expected);
    assert.notDeepEqual(restarted, expected);
    for (const each of [optimizer, warm, cold]) each.dispose();
  });
}

/** A parameter as the optimizer has it. */
interface Remembered {
  readonly parameter: string;
  readonly weights: Float32Array;
  readonly slotOf: (slot: string) => Float32Array;
}

const velocity = ({ slotOf }: Remembered) => [...slotOf('momentum')];
function adamWay({ slotOf }: Remembered): number[] {
  const second = slotOf('second_moment');
  return [...slotOf('first_moment')].map((first, at) => {
    const mean = first / (1 - ADAMW.beta1 ** STEPS);
    return mean / (Math.sqrt(second[at]! / (1 - ADAMW.beta2 ** STEPS)) + ADAMW.epsilon);
  });
}

/** The way of the weights in an update like the last ones, for a rate of 1: the papers' formulas in float64. */
const WAYS: Record<string, (remembered: Remembered) => number[]> = {
  'sgd with momentum': velocity,
  'sgd with Nesterov momentum': velocity,
  adamw: adamWay,
  lars: velocity,
  'lars with Nesterov momentum': velocity,
  lamb: (remembered) => {
    const way = adamWay(remembered);
    const ratio = Math.hypot(...remembered.weights) / Math.hypot(...way);
    return isFlat(remembered.parameter) ? way : way.map((part) => part * ratio);
  },
};

for (const [name, rule] of Object.entries(RULES)) {
  test(`${name}: weights ahead by three updates follow what the optimizer remembers, and at the start nothing`, () => {
    const before = liveTensors();
    const settings = settingsOf(rule, { rateFactorOf: ({ name }) => (name === 'a/kernel' ? 0.5 : 1) });
    const optimizer = new Optimizer(PARAMETERS, startingState(PARAMETERS, SEED, rule), settings);
    const ahead = () => {
      const tensors = optimizer.ahead(3, RATE);
      const values = new Map([...tensors].map(([parameter, tensor]) => [parameter, read(tensor)]));
      free(...tensors.values());
      return values;
    };
    assert.deepEqual(ahead(), optimizer.state().weights);
    for (let step = 0; step < STEPS; step++) optimizer.step(gradientsAt(step), RATE);
    const { weights, slots } = optimizer.state();
    for (const [parameter, values] of ahead()) {
      const own = weights.get(parameter)!;
      const way = WAYS[name]!({
        parameter,
        weights: own,
        slotOf: (slot) => slots.get(slot)!.get(parameter)!,
      });
      values.forEach((value, at) => {
        const expected = own[at]! - 3 * RATE * (parameter === 'a/kernel' ? 0.5 : 1) * way[at]!;
        assert.ok(Math.abs(value - expected) < TOLERANCE, `${parameter}[${at}]: ${value}, not ${expected}`);
      });
    }
    optimizer.dispose();
    assert.equal(liveTensors(), before);
  });
}

test('sgd with momentum and decay rounds like its formula, operation by operation: bitwise', () => {
  // More than a vector register holds, and no multiple of one.
  const parameter: ParameterSpec = {
    name: 'wide/kernel',
    shape: [37, 29],
    initializer: { kind: 'normal', standardDeviation: 1 },
  };
  const rule = RULES['sgd with momentum']!;
  const start = startingState([parameter], SEED, rule);
  const { fround } = Math;
  const [rate, momentum, decay] = [RATE, MOMENTUM, DECAY].map(fround) as [number, number, number];
  const weights = start.weights.get(parameter.name)!.slice();
  const velocity = new Float32Array(weights.length);
  const optimizer = new Optimizer([parameter], start, settingsOf(rule));
  for (let step = 0; step < STEPS; step++) {
    optimizer.step(gradientsAt(step, [parameter]), RATE);
    Float32Array.from(gradientValues(step, parameter)).forEach((gradient, at) => {
      const total = fround(gradient + fround(weights[at]! * decay));
      velocity[at] = fround(fround(momentum * velocity[at]!) + total);
      weights[at] = fround(weights[at]! - fround(rate * velocity[at]!));
    });
  }
  const state = optimizer.state();
  assert.deepEqual(state.weights.get(parameter.name), weights);
  assert.deepEqual(state.slots.get('momentum')!.get(parameter.name), velocity);
  optimizer.dispose();
});

test('updates in place change neither the given numbers nor a tensor that is still in use', () => {
  const rule = RULES['sgd with momentum']!;
  const { slots } = startingState(PARAMETERS, SEED, rule);
  const settings = settingsOf(rule);
  // A typed array at each distance from a multiple of 64 bytes: TensorFlow shares the memory of those at none.
  for (let offset = 0; offset < 16; offset++) {
    const buffer = new Float32Array(64).fill(1);
    const given = () =>
      new Map(PARAMETERS.map(({ name, shape }) => [name, buffer.subarray(offset, offset + sizeOf(shape))]));
    const optimizer = new Optimizer(PARAMETERS, { weights: given(), slots }, settings);
    const held = viewOf(optimizer);
    optimizer.step(gradientsAt(0), RATE);
    assert.ok(buffer.every((value) => value === 1));
    assert.ok(read(held).every((value) => value === 1));
    assert.ok(
      optimizer
        .state()
        .weights.get('a/kernel')!
        .every((value) => value !== 1),
    );
    free(held);
    optimizer.dispose();
  }
});

/** A tensor of the first weights that is not the optimiser's. */
const viewOf = (optimizer: Optimizer) => reshape(optimizer.weights.get('a/kernel')!, [-1]);
const sizeOf = (shape: readonly number[]) => shape.reduce((product, side) => product * side, 1);

test('clipping leaves a shorter gradient bitwise as it is', () => {
  const rule = RULES['sgd with momentum']!;
  assert.deepEqual(trained(settingsOf(rule, { clipNorm: 1e3 })), trained(settingsOf(rule)));
});

test('norms are those of the gradient before clipping and of the weights after the step', () => {
  const rule = RULES['sgd with momentum']!;
  const settings = settingsOf(rule, { clipNorm: 0.5 });
  const optimizer = new Optimizer(PARAMETERS, startingState(PARAMETERS, SEED, rule), settings);
  assert.equal(optimizer.step(gradientsAt(0), RATE), null);
  const norms = optimizer.step(gradientsAt(1), RATE, true)!;
  const gradient = Math.hypot(...PARAMETERS.flatMap((parameter) => gradientValues(1, parameter)));
  const weights = Math.hypot(...[...optimizer.state().weights.values()].flatMap((values) => [...values]));
  assert.ok(Math.abs(norms.gradient / gradient - 1) < 1e-6);
  assert.ok(Math.abs(norms.weights / weights - 1) < 1e-6);
  optimizer.dispose();
});

test('a state of another optimiser is refused', () => {
  const state = startingState(PARAMETERS, SEED, RULES['sgd with momentum']!);
  assert.throws(() => new Optimizer(PARAMETERS, state, settingsOf(RULES.adamw!)), /no first_moment/);
});

test('adamw: parameters that had unequal updates are each corrected for their own', () => {
  const settings = settingsOf(RULES.adamw!);
  const before = liveTensors();
  const [warm, cold] = [PARAMETERS.slice(0, 2), PARAMETERS.slice(2)] as const;
  const states = [trained(settings), startingState(cold, SEED, settings.rule)];
  const after = (parameters: readonly ParameterSpec[]) => {
    const optimizer = new Optimizer(parameters, mergeStates(states), settings);
    optimizer.step(gradientsAt(STEPS, parameters), RATE);
    const state = optimizer.state();
    optimizer.dispose();
    return state;
  };
  // A scale shared by all weights and one for each multiply the same numbers.
  assert.deepEqual(after(PARAMETERS), mergeStates([after(warm), after(cold)]));
  const counts = after(PARAMETERS).slots.get('steps')!;
  assert.deepEqual(
    PARAMETERS.map(({ name }) => counts.get(name)![0]),
    [STEPS + 1, STEPS + 1, 1, 1],
  );
  assert.equal(liveTensors(), before);
});

test('a missing gradient is an error', () => {
  const rule = RULES['sgd with momentum']!;
  const optimizer = new Optimizer(PARAMETERS, startingState(PARAMETERS, SEED, rule), settingsOf(rule));
  const gradients = gradientsAt(0);
  gradients.delete('b/gamma');
  assert.throws(() => optimizer.step(gradients, RATE), /b\/gamma/);
  optimizer.dispose();
});

test('a checkpoint cut short is refused', () => {
  const rule = RULES['sgd with momentum']!;
  const bytes = encodeState(PARAMETERS, startingState(PARAMETERS, SEED, rule));
  for (const length of [4, 40, bytes.length - 1]) {
    assert.throws(
      () => decodeState(bytes.subarray(0, length)),
      (error) => error instanceof TrainerError && error.code === 'blob_corrupt',
      `${length} bytes`,
    );
  }
});

/** Layer-wise rates as in LARS (You et al., arXiv:1708.03888), with a matrix of G G^T per kernel beside them as K-FAC has. */
const LAYERWISE: UpdateRule = {
  countsSteps: false,
  memoryOf: (layer) =>
    layer
      .filter(({ name }) => name.endsWith('/kernel'))
      .map(({ name, shape }) => ({
        slot: 'left',
        name: name.replace('kernel', 'left'),
        shape: [shape[0]!, shape[0]!],
      })),
  apply: ({ parameters, memory, scalarOf }) => {
    const norm = Math.hypot(...parameters.flatMap(({ gradient }) => [...read(gradient)]));
    for (const { name, weights, gradient, learningRate } of parameters) {
      const step = multiply(gradient, scalarOf(learningRate / norm));
      subtractFrom(weights, step);
      free(step);
      if (!name.endsWith('/kernel')) continue;
      const left = memory('left', name.replace('kernel', 'left'));
      const side = gradient.shape[0]!;
      const ones = upload(new Float32Array(side * side).fill(-1), [side, side]);
      subtractFrom(left, ones);
      free(ones);
    }
  },
  ahead: ({ weights }) => valuesOf(weights),
};

test('a rule sees the gradients of a whole layer and keeps state of a shape of its own, checkpoints included', () => {
  const before = liveTensors();
  const settings = settingsOf(LAYERWISE);
  const start = startingState(PARAMETERS, SEED, LAYERWISE);
  const optimizer = new Optimizer(PARAMETERS, start, settings);
  optimizer.step(gradientsAt(0), RATE);
  const state = decodeState(encodeState(PARAMETERS, optimizer.state()));
  optimizer.dispose();
  for (const layer of ['a', 'b', 'c']) {
    const own = PARAMETERS.filter(({ name }) => name.startsWith(`${layer}/`));
    const norm = Math.hypot(...own.flatMap((parameter) => gradientValues(0, parameter)));
    for (const parameter of own) {
      const wanted = gradientValues(0, parameter).map(
        (gradient, at) => start.weights.get(parameter.name)![at]! - (RATE * gradient) / norm,
      );
      wanted.forEach((value, at) => {
        assert.ok(Math.abs(value - state.weights.get(parameter.name)![at]!) < TOLERANCE, parameter.name);
      });
    }
  }
  const kernel = PARAMETERS.find(({ name }) => name === 'a/kernel')!;
  assert.deepEqual(state.slots.get('left')!.get('a/left'), new Float32Array(kernel.shape[0]! ** 2).fill(1));
  const resumed = new Optimizer(PARAMETERS, state, settings);
  resumed.step(gradientsAt(1), RATE);
  assert.equal(resumed.state().slots.get('left')!.get('a/left')![0], 2);
  resumed.dispose();
  assert.equal(liveTensors(), before);
});

const optimizerOf = (optimizer: NonNullable<SpecChanges['optimizer']>) => mnistSpec({ optimizer }).optimizer;

test('decay_norm_and_bias: false spares scales, shifts and biases', () => {
  const decays = (decay_norm_and_bias: boolean) =>
    PARAMETERS.map(optimizerSettings(optimizerOf({ decay_norm_and_bias })).weightDecayOf);
  assert.deepEqual(decays(true), [1e-4, 1e-4, 1e-4, 1e-4]);
  assert.deepEqual(decays(false), [1e-4, 0, 1e-4, 0]);
});

function ratesAt(
  schedule: Partial<ReturnType<typeof optimizerOf>['schedule']>,
  steps: readonly number[],
  run = { totalSteps: 100, stepsPerEpoch: 10 },
): number[] {
  const base = mnistSpec().optimizer;
  const optimizer = { ...base, learning_rate: 0.2, schedule: { ...base.schedule, ...schedule } };
  return steps.map((step) => Number(learningRateAt(optimizer, step, run).toFixed(6)));
}

test('schedules: cosine from the base to nearly zero, steps at their fractions', () => {
  assert.deepEqual(ratesAt({ type: 'cosine' }, [0, 50, 99]), [0.2, 0.1, 0.000049]);
  assert.deepEqual(ratesAt({ type: 'step' }, [0, 49, 50, 74, 75, 99]), [0.2, 0.2, 0.02, 0.02, 0.002, 0.002]);
  assert.deepEqual(ratesAt({ type: 'constant' }, [0, 99]), [0.2, 0.2]);
});

// Oracle of optimizer.schedule.type cosine, linear, polynomial, step, constant.
test('schedules that fall end at the minimum rate, half way between where they are linear', () => {
  const from = { minimum_rate: 0.04 };
  assert.deepEqual(ratesAt({ type: 'cosine', ...from }, [0, 50, 100]), [0.2, 0.12, 0.04]);
  assert.deepEqual(ratesAt({ type: 'linear', ...from }, [0, 25, 50, 100]), [0.2, 0.16, 0.12, 0.04]);
  assert.deepEqual(ratesAt({ type: 'polynomial', ...from, power: 2 }, [0, 50, 100]), [0.2, 0.08, 0.04]);
  assert.deepEqual(ratesAt({ type: 'linear' }, [0, 99]), [0.2, 0.002]);
  assert.deepEqual(
    ratesAt({ type: 'polynomial', power: 1 }, [10, 60]),
    ratesAt({ type: 'linear' }, [10, 60]),
    'a power of 1 is linear',
  );
  // 90 steps are left after the warm-up.
  assert.deepEqual(ratesAt({ type: 'linear', warmup_epochs: 1 }, [9, 10, 55]), [0.2, 0.2, 0.1]);
});

test('a warm-up rises from its own rate, and a cool-down stays at the minimum', () => {
  const ends = { warmup_epochs: 1, warmup_rate: 0.1, minimum_rate: 0.04, cooldown_epochs: 2 };
  for (const type of ['cosine', 'linear', 'polynomial'] as const) {
    assert.deepEqual(ratesAt({ type, ...ends }, [0, 4, 9, 10]), [0.11, 0.15, 0.2, 0.2], type);
    assert.deepEqual(ratesAt({ type, ...ends }, [80, 90, 99]), [0.04, 0.04, 0.04], type);
  }
  // Half way of the 70 steps between them.
  assert.deepEqual(ratesAt({ type: 'linear', ...ends }, [45]), [0.12]);
});

test('a cool-down may take all steps that a cycle has after its warm-up, by rounding of epochs to steps', () => {
  const ends = { minimum_rate: 0.04, cooldown_epochs: 0.5 };
  for (const type of ['cosine', 'linear', 'polynomial'] as const) {
    // Cycles of two steps and of one.
    const few = { totalSteps: 3, stepsPerEpoch: 1 };
    assert.deepEqual(
      ratesAt({ type, ...ends, restart_epochs: [2] }, [0, 1, 2], few),
      [0.2, 0.04, 0.04],
      type,
    );
    // Half an epoch of three steps is two.
    const odd = { totalSteps: 3, stepsPerEpoch: 3 };
    assert.deepEqual(ratesAt({ type, ...ends, warmup_epochs: 0.4 }, [0, 1, 2], odd), [0.2, 0.04, 0.04], type);
    assert.deepEqual(
      ratesAt({ type, ...ends, warmup_epochs: 0.45 }, [0, 1, 2], { totalSteps: 2, stepsPerEpoch: 2 })[1],
      0.04,
    );
  }
});

test('a cosine to 0 is bitwise the formula without a minimum', () => {
  const optimizer = mnistSpec().optimizer;
  for (let step = 0; step < 97; step++) {
    const expected = (optimizer.learning_rate / 2) * (1 + Math.cos(Math.PI * (step / 97)));
    assert.equal(learningRateAt(optimizer, step, { totalSteps: 97, stepsPerEpoch: 10 }), expected);
  }
});

test('a warm-up rises in equal increments to the base rate, then the schedule runs unchanged', () => {
  const rising = [0.02, 0.04, 0.1, 0.2];
  const steps = [0, 1, 4, 9];
  for (const type of ['cosine', 'step', 'constant'] as const) {
    assert.deepEqual(ratesAt({ type, warmup_epochs: 1 }, steps), rising, type);
  }
  // A cosine spans the 90 steps that are left: half way at step 10 + 45.
  assert.deepEqual(ratesAt({ type: 'cosine', warmup_epochs: 1 }, [10, 55]), [0.2, 0.1]);
  assert.deepEqual(ratesAt({ type: 'step', warmup_epochs: 1 }, [49, 50]), [0.2, 0.02]);
  assert.deepEqual(ratesAt({ type: 'constant', warmup_epochs: 0.5 }, [4, 5]), [0.2, 0.2]);
});

test('weights that are all zero leave zero under lars and lamb, whose ratio of norms would be 0', () => {
  const parameter: ParameterSpec = {
    name: 'a/kernel',
    shape: [2, 3],
    initializer: { kind: 'constant', value: 0 },
  };
  for (const name of ['lars', 'lamb']) {
    const rule = RULES[name]!;
    const optimizer = new Optimizer([parameter], startingState([parameter], SEED, rule), settingsOf(rule));
    optimizer.step(gradientsAt(0, [parameter]), RATE);
    const weights = optimizer.state().weights.get(parameter.name)!;
    assert.ok(
      weights.every((weight) => Number.isFinite(weight) && weight !== 0),
      name,
    );
    optimizer.dispose();
  }
});
