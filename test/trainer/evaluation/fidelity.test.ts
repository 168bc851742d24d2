import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describeStages,
  type Layer,
  parametersOf,
  type StageDescription,
} from '../../../src/network/index.js';
import {
  earlierFidelities,
  type FidelityOptions,
  fidelities,
  lowFidelityWarnings,
} from '../../../src/trainer/evaluation/index.js';
import type { NamedValues } from '../../../src/trainer/optimizer/index.js';
import { arena, liveTensors } from '../../../src/trainer/runtime/index.js';
import { METHOD_TRAINERS } from '../../../src/trainer/tasks/train/methods/index.js';
import { Stopwatch } from '../../../src/trainer/training/index.js';
import { type Features, referenceForward, referenceLoss } from '../support/reference.js';
import {
  LABELS,
  perturbedValues,
  randomFeatures,
  smallNetwork,
  uploadFeatures,
  uploadLabels,
} from '../support/small-network.js';

const BETA = 4;
const IMAGES = randomFeatures(8);
// Central differences in float64, as in passes.test.ts.
const DIFFERENCE_STEP = 1e-5;

type Method = FidelityOptions['method']['type'];

function fidelitiesOf(stages: readonly StageDescription[], weights: NamedValues, type: Method): number[] {
  const found = arena(() =>
    fidelities({
      stages,
      gradients: METHOD_TRAINERS[type].gradients!,
      weights,
      method: { type, penalty: BETA },
      labelSmoothing: 0,
      seed: 1,
      at: {
        batch: {
          images: uploadFeatures(IMAGES),
          labels: uploadLabels(),
          labelValues: Int32Array.from(LABELS),
          dispose: () => {},
        },
        step: 0,
        learningRate: 0.1,
        stopwatch: new Stopwatch(() => 0),
      },
    }),
  );
  return found.map((value) => value ?? Number.NaN);
}

test('AuxNets that equal their stages give fidelity 1 with multipliers, and none without', () => {
  const { network, values } = smallNetwork('resnet');
  const stages = describeStages(network, [1, 1, 1], 0.1).map((stage, index, all) => ({
    ...stage,
    auxiliary: index === 0 ? null : all.slice(0, index).flatMap(({ layers }) => layers),
  }));
  const before = liveTensors();
  for (const value of fidelitiesOf(stages, values, 'augmented-lagrangian')) {
    // The same float32 kernels on the same numbers (docs/method.md, check 2).
    assert.ok(Math.abs(value - 1) < 1e-6, `${value}`);
  }
  const [first, second, last] = fidelitiesOf(stages, values, 'penalty');
  assert.deepEqual([first, second], [0, 0]);
  assert.ok(Math.abs(last! - 1) < 1e-6);
  assert.equal(liveTensors(), before);
});

test('a stage that its method leaves untrained has no fidelity', () => {
  const { network } = smallNetwork('resnet');
  const stages = describeStages(network, [1, 2], 0.3);
  const values = perturbedValues(stages.flatMap((stage) => [...stage.layers, ...(stage.auxiliary ?? [])]));
  const [first, last] = fidelitiesOf(stages, values, 'frozen');
  assert.equal(first, Number.NaN);
  assert.equal(last, fidelitiesOf(stages, values, 'penalty')[1]);
});

test('the probe draws the dropout masks of its step, so that two probes give the same figures', () => {
  const { network } = smallNetwork('wide-resnet', { dropout: 0.3 });
  const stages = describeStages(network, [1, 2], 0.3);
  const values = perturbedValues(stages.flatMap((stage) => [...stage.layers, ...(stage.auxiliary ?? [])]));
  const probe = () => fidelitiesOf(stages, values, 'augmented-lagrangian');
  assert.deepEqual(probe(), probe());
  for (const value of probe()) assert.ok(value !== 0 && Math.abs(value) < 1, `${value}`);
});

const sample = (name: string, stage: number, value: number, step = 99) => ({ name, stage, step, value });

test('a fidelity below 0.1 warns once for its stage, with place, figure and remedy', () => {
  const diagnostics = [
    sample('fidelity', 0, 0.0999),
    sample('fidelity', 1, 0.1),
    sample('fidelity', 2, -0.5),
    sample('auxiliary_error', 1, 0.01),
  ];
  const method = { type: 'penalty', penalty: 0.5 } as const;
  const warnings = lowFidelityWarnings(diagnostics, new Map(), true, method);
  assert.deepEqual(
    warnings.map(({ code, stage, step, value }) => [code, stage, step, value]),
    [
      ['low_fidelity', 0, 99, 0.0999],
      ['low_fidelity', 2, 99, -0.5],
    ],
  );
  assert.match(warnings[1]!.message, /stage 2 at step 99 .* -0\.500.*or method\.type augmented-lagrangian$/);
});

/** Rounds whose evaluations warn of a stage with these fidelities, one an evaluation. */
function warnedRounds(values: readonly number[]): number[] {
  const points = values.map((value, round) => [round, value, ''] as const);
  const history = { at: '', series: [{ name: 'fidelity', stage: 0, points }] };
  return values.flatMap((value, round) => {
    const isLast = round === values.length - 1;
    const earlier = earlierFidelities(history, round);
    const method = { type: 'augmented-lagrangian', penalty: 4 } as const;
    return lowFidelityWarnings([sample('fidelity', 0, value, round)], earlier, isLast, method).map(
      () => round,
    );
  });
}

test('a stage is warned of where its fidelity stays low, not where one batch is', () => {
  // The quickstart's stages, evaluated after each round.
  const first = [0.698, 0.496, 0.781, 0.797, 0.844, 0.795, 0.809, 0.739, 0.889, 0.635];
  const second = [0.766, 0.866, 0.856, 0.904, 0.933, 0.945, 0.901, 0.942, 0.943, 0.929];
  assert.deepEqual([warnedRounds(first), warnedRounds(second)], [[], []]);
  assert.deepEqual(warnedRounds([0.7, 0.05, 0.6, 0.02]), [], 'single low batches');
  assert.deepEqual(warnedRounds([0.05, 0.6, 0.7]), [], 'a low start');
  assert.deepEqual(warnedRounds([0.4, 0.09, 0.05, 0.03, 0.2]), [2, 3], 'it stays low');
  assert.deepEqual(warnedRounds([0.05]), [0], 'the only evaluation');
});

for (const type of ['augmented-lagrangian', 'penalty'] as const) {
  test(`${type}: the first stage's fidelity equals its formula, differentiated in float64`, () => {
    const { network } = smallNetwork('resnet');
    const stages = describeStages(network, [1, 2], 0.3);
    const values = perturbedValues(
      stages.flatMap(({ layers, auxiliary }) => [...layers, ...(auxiliary ?? [])]),
    );
    const expected = cosine(localGradient(stages, values, type), composedGradient(stages, values));
    const actual = fidelitiesOf(stages, values, type)[0]!;
    assert.ok(Math.abs(expected) < 0.999, 'the two directions differ');
    // The tolerance of a float32 gradient (passes.test.ts).
    assert.ok(Math.abs(actual - expected) < 1e-4, `${actual} against ${expected}`);
  });
}

/** d CE(F_1(F_0(x))) / d theta_0 */
function composedGradient(stages: readonly StageDescription[], values: NamedValues): number[] {
  const layers = stages.flatMap((stage) => stage.layers);
  return differentiate(stages[0]!.layers, values, (moved) =>
    referenceLoss(referenceForward(layers, IMAGES, moved), LABELS),
  );
}

/** d/d theta_0 of (beta/2)|o - lambda|^2/|o|^2 + <g, o>, |o|^2 and g held. */
function localGradient(stages: readonly StageDescription[], values: NamedValues, type: Method): number[] {
  const [first, last] = stages as [StageDescription, StageDescription];
  const lambda = referenceForward(last.auxiliary!, IMAGES, values);
  const g = type === 'penalty' ? null : inputGradient(last.layers, lambda, values);
  const norm = referenceForward(first.layers, IMAGES, values).values.reduce((sum, o) => sum + o * o, 0);
  return differentiate(first.layers, values, (moved) =>
    referenceForward(first.layers, IMAGES, moved).values.reduce(
      (sum, o, index) =>
        sum + ((BETA / 2) * (o - lambda.values[index]!) ** 2) / norm + (g ? g[index]! * o : 0),
      0,
    ),
  );
}

function inputGradient(layers: readonly Layer[], input: Features, values: NamedValues): number[] {
  return [...input.values.keys()].map((index) =>
    centralDifference((delta) => {
      const moved = input.values.slice();
      moved[index]! += delta;
      return referenceLoss(referenceForward(layers, { ...input, values: moved }, values), LABELS);
    }),
  );
}

function differentiate(
  layers: readonly Layer[],
  values: NamedValues,
  loss: (moved: ReadonlyMap<string, ArrayLike<number>>) => number,
): number[] {
  return parametersOf(layers).flatMap(({ name }) =>
    [...values.get(name)!.keys()].map((index) =>
      centralDifference((delta) => {
        const moved = Float64Array.from(values.get(name)!);
        moved[index]! += delta;
        return loss(new Map<string, ArrayLike<number>>([...values, [name, moved]]));
      }),
    ),
  );
}

function centralDifference(loss: (delta: number) => number): number {
  return (loss(DIFFERENCE_STEP) - loss(-DIFFERENCE_STEP)) / (2 * DIFFERENCE_STEP);
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const product = a.reduce((sum, value, index) => sum + value * b[index]!, 0);
  return product / (Math.hypot(...a) * Math.hypot(...b));
}
