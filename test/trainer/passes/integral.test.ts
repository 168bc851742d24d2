import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  describeNetwork,
  type IntegralLayer,
  type Layer,
  parametersOf,
  SOLVERS,
  type SolverName,
  solverStep,
  type Term,
} from '../../../src/network/index.js';
import * as kernels from '../../../src/trainer/kernels/index.js';
import { type NamedTensors, type Pass, trainPass, uploadWeights } from '../../../src/trainer/passes/index.js';
import { integral } from '../../../src/trainer/passes/operations/integral.js';
import { arena, liveTensors, read, scalar, type Tensor } from '../../../src/trainer/runtime/index.js';
import { within } from '../support/measured.js';
import {
  IMAGE,
  perturbedValues,
  randomFeatures,
  readAll,
  relativeError,
  uploadFeatures,
} from '../support/small-network.js';

// Oracle of model.solver euler, midpoint, rk4, implicit-midpoint.
// Oracle of model.gradient exact, phantom.
const ORDERS: Readonly<Record<SolverName, number>> = {
  euler: 1,
  midpoint: 2,
  rk4: 4,
  'implicit-midpoint': 2,
};
const NAMES = Object.keys(ORDERS) as SolverName[];

/** A linear problem that turns and shrinks: dx/dt = A x, with the solution exp(A) x(0) in closed form. */
const RATE = -0.4;
const TURN = 1.3;
const field = ([x, y]: Plane): Plane => [RATE * x - TURN * y, TURN * x + RATE * y];
type Plane = readonly [number, number];

function solved(solver: SolverName, steps: number, slope = field): Plane {
  const moved = (state: Plane, terms: readonly Term<Plane>[]): Plane =>
    terms.reduce<Plane>(([x, y], { factor, slope: [u, v] }) => [x + factor * u, y + factor * v], state);
  let state: Plane = [1, 0.5];
  for (let step = 0; step < steps; step++)
    state = solverStep(SOLVERS[solver], state, 1 / steps, { slope, moved });
  return state;
}

function errorOf(solver: SolverName, steps: number): number {
  const [growth, cos, sin] = [Math.exp(RATE), Math.cos(TURN), Math.sin(TURN)];
  const [x, y] = solved(solver, steps);
  return Math.hypot(x - growth * (cos - 0.5 * sin), y - growth * (sin + 0.5 * cos));
}

for (const solver of NAMES) {
  test(`${solver}: the error on a linear problem falls with the power of the step that is its order`, (t) => {
    // From 32 to 64 steps the next term of the error is below 3 % of the first, and rounding far below both.
    const slope = Math.log2(errorOf(solver, 32) / errorOf(solver, 64));
    within(t, `order of ${solver}`, Math.abs(slope - ORDERS[solver]), 0.05);
  });

  if (SOLVERS[solver].isImplicit) continue;
  test(`${solver}: the adjoint is bitwise the unrolled network's gradient`, () => {
    const layer = integralLayer(solver, 3);
    const values = perturbedValues([layer]);
    const input = randomFeatures(1, layer.output);
    const cotangent = randomFeatures(2, layer.output);
    const found = gradientsOf(input, cotangent, values, layer, (images, weights, gradients) =>
      trainPass([layer], images, { weights, gradients }, true),
    );
    const unrolled = gradientsOf(input, cotangent, values, layer, (images, weights, gradients) =>
      unrolledPass(layer, images, weights, gradients),
    );
    assert.deepEqual([...found.keys()].sort(), [...unrolled.keys()].sort());
    for (const [name, gradient] of unrolled) {
      assert.ok(gradient.some((value) => value !== 0) || name.startsWith('output'), `${name} is not zero`);
      assert.deepEqual(found.get(name), gradient, name);
    }
  });
}

test('implicit-midpoint keeps what a rotation keeps, to the error of its fixed point, and midpoint does not', (t) => {
  const turn = ([x, y]: Plane): Plane => [-TURN * y, TURN * x];
  const grown = (solver: SolverName) =>
    Math.abs(Math.hypot(...solved(solver, 16, turn)) / Math.hypot(1, 0.5) - 1);
  // |B| is 0.04: eight evaluations leave 1e-11 of a step.
  within(t, 'radius by implicit-midpoint', grown('implicit-midpoint'), 1e-9);
  assert.ok(grown('midpoint') > 1e-5);
});

test('the gradient of an implicit step is the damped sum of powers, term by term', (t) => {
  for (const gradient of ['exact', 'phantom'] as const) {
    const layer = { ...integralLayer('implicit-midpoint', 2), steps: 1, gradient };
    const values = perturbedValues([layer]);
    const input = randomFeatures(1, layer.output);
    const cotangent = randomFeatures(2, layer.output);
    const found = gradientsOf(input, cotangent, values, layer, (images, weights, gradients) =>
      trainPass([layer], images, { weights, gradients }, true),
    );
    const expected = gradientsOf(input, cotangent, values, layer, (images, weights, gradients) =>
      powersPass(layer, images, weights, gradients),
    );
    // Both add the same products in another order.
    within(t, `${gradient} gradient`, relativeError(found, expected), 1e-5);
  }
});

test('an implicit step has one slope and one state at a time, however many evaluations it makes', () => {
  const layer = { ...integralLayer('implicit-midpoint', 2), steps: 1 };
  const counts: number[] = [];
  arena(() => {
    const weights = uploadWeights(parametersOf([layer]), perturbedValues([layer]));
    const context = { weights, gradients: new Map<string, Tensor>() };
    const input = uploadFeatures(randomFeatures(1, layer.output));
    integral.train(layer, input, {
      context,
      wantsInputGradient: true,
      path: (layers, at) => {
        counts.push(liveTensors());
        const pass = trainPass(layers, at, context, true);
        return { output: pass.output, pullback: (cotangent) => pass.pullback(cotangent) };
      },
    });
  });
  // The first evaluation is that of the input, the second the first of a sum.
  const [, , ...later] = counts;
  assert.equal(counts.length, 8);
  assert.deepEqual(new Set(later), new Set([counts[2]]), `${counts}`);
});

/** Damping and number of terms. */
const SERIES = { exact: [1, 8], phantom: [0.5, 5] } as const;

/** The damped series of arXiv:2111.05177 as it stands: each power of damping B + 1 - damping by itself, then their sum. */
function powersPass(
  layer: IntegralLayer,
  images: Tensor,
  weights: NamedTensors,
  gradients: Map<string, Tensor>,
): Pass {
  const times = (tensor: Tensor, factor: number) => kernels.multiply(tensor, scalar(factor));
  const field = (at: Tensor, into: Map<string, Tensor>) =>
    trainPass(layer.field, at, { weights, gradients: into }, true);
  let slope = field(images, new Map()).output;
  let solution = images;
  for (let evaluation = 1; evaluation < 8; evaluation++) {
    solution = kernels.add(images, times(slope, 1 / 2));
    slope = field(solution, new Map()).output;
  }
  return {
    output: kernels.add(images, slope),
    pullback: (cotangent) => {
      const [damping, terms] = SERIES[layer.gradient];
      let power = cotangent;
      let sum = times(power, damping);
      for (let term = 1; term < terms; term++) {
        const pulled = field(solution, new Map()).pullback(power)!;
        power = kernels.add(times(pulled, damping / 2), times(power, 1 - damping));
        sum = kernels.add(sum, times(power, damping));
      }
      return kernels.add(cotangent, field(solution, gradients).pullback(sum)!);
    },
  };
}

test('a learned time starts at 1, where the network is bitwise that of the fixed one', () => {
  for (const solver of NAMES) {
    const fixed = integralLayer(solver, 2);
    const learned = { ...fixed, learnsTime: true };
    const values = perturbedValues([fixed]);
    const own = new Map([...values, ['block0/time', Float32Array.of(1)]]);
    const [input, cotangent] = [randomFeatures(1, fixed.output), randomFeatures(2, fixed.output)];
    const run = (layer: IntegralLayer, from: typeof values) =>
      gradientsOf(input, cotangent, from, layer, (images, weights, gradients) =>
        trainPass([layer], images, { weights, gradients }, true),
      );
    const found = run(learned, own);
    assert.ok(Math.abs(found.get('block0/time')![0]!) > 0);
    found.delete('block0/time');
    assert.deepEqual(found, run(fixed, values), solver);
  }
});

function integralLayer(solver: SolverName, steps: number): IntegralLayer {
  const model = { family: 'ode-resnet', depth: 12, width: 3, solver, steps } as const;
  const [layer] = describeNetwork(model, IMAGE, 3).blocks[0]!.layers;
  assert.equal(layer?.op, 'integral');
  return layer as IntegralLayer;
}

type MakePass = (images: Tensor, weights: NamedTensors, gradients: Map<string, Tensor>) => Pass;

/** Output, and gradients of the input and of all parameters. */
function gradientsOf(
  input: ReturnType<typeof randomFeatures>,
  cotangent: ReturnType<typeof randomFeatures>,
  values: ReturnType<typeof perturbedValues>,
  layer: Layer,
  make: MakePass,
): Map<string, Float32Array> {
  let found = new Map<string, Float32Array>();
  arena(() => {
    const weights = uploadWeights(parametersOf([layer]), values);
    const gradients = new Map<string, Tensor>();
    const pass = make(uploadFeatures(input), weights, gradients);
    const output = read(pass.output);
    const atInput = read(pass.pullback(uploadFeatures(cotangent))!);
    found = new Map([...readAll(gradients), ['output', output], ['input', atInput]]);
  });
  return found;
}

/** A value of the unrolled network: it collects its cotangent, and hands it to what it was made of. */
interface Value {
  readonly tensor: Tensor;
  cotangent: Tensor | null;
  readonly back: (cotangent: Tensor) => void;
}

/** Every evaluation as a layer of its own, all kept, walked back by a tape: no step knows that it is one. */
function unrolledPass(
  layer: IntegralLayer,
  images: Tensor,
  weights: NamedTensors,
  gradients: Map<string, Tensor>,
): Pass {
  const tape: Value[] = [];
  const put = (tensor: Tensor, back: Value['back']): Value => {
    const value = { tensor, cotangent: null, back };
    tape.push(value);
    return value;
  };
  const give = (value: Value, part: Tensor) => {
    value.cotangent = value.cotangent ? kernels.add(value.cotangent, part) : part;
  };
  const evaluate = (state: Value): Value => {
    const own = new Map<string, Tensor>();
    const pass = trainPass(layer.field, state.tensor, { weights, gradients: own }, true);
    // The pullback frees its output, which the tape still reads.
    return put(kernels.add(pass.output, zeroOf(pass.output)), (cotangent) => {
      give(state, pass.pullback(cotangent)!);
      for (const [name, gradient] of own) {
        const before = gradients.get(name);
        gradients.set(name, before ? kernels.add(before, gradient) : gradient);
      }
    });
  };
  const times = (value: Value, factor: number): Value =>
    put(kernels.multiply(value.tensor, scalar(factor)), (cotangent) =>
      give(value, kernels.multiply(cotangent, scalar(factor))),
    );
  const plus = (a: Value, b: Value): Value =>
    put(kernels.add(a.tensor, b.tensor), (cotangent) => {
      give(a, cotangent);
      give(b, cotangent);
    });
  const input = put(images, () => {});
  const output = formulas(layer, input, evaluate, times, plus);
  return {
    output: output.tensor,
    pullback: (cotangent) => {
      give(output, cotangent);
      for (const value of tape.toReversed()) if (value.cotangent) value.back(value.cotangent);
      return input.cotangent;
    },
  };
}

const zeroOf = (tensor: Tensor): Tensor => kernels.multiply(tensor, scalar(0));

/** The textbook's formulas. */
function formulas(
  { solver, steps }: IntegralLayer,
  input: Value,
  f: (state: Value) => Value,
  times: (value: Value, factor: number) => Value,
  plus: (a: Value, b: Value) => Value,
): Value {
  const h = 1 / steps;
  let x = input;
  for (let step = 0; step < steps; step++) {
    const k1 = f(x);
    if (solver === 'euler') x = plus(x, times(k1, h));
    else if (solver === 'midpoint') x = plus(x, times(f(plus(x, times(k1, h / 2))), h));
    else {
      const k2 = f(plus(x, times(k1, h / 2)));
      const k3 = f(plus(x, times(k2, h / 2)));
      const k4 = f(plus(x, times(k3, h)));
      x = plus(plus(plus(plus(x, times(k1, h / 6)), times(k2, h / 3)), times(k3, h / 3)), times(k4, h / 6));
    }
  }
  return x;
}
