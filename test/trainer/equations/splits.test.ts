import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  describeNetwork,
  describeStages,
  type ModelSize,
  type NetworkDescription,
  parametersOf,
  type Shape,
  type StageDescription,
  wholeNetwork,
} from '../../../src/network/index.js';
import { decodeState, encodeSafetensors, mergeStates } from '../../../src/trainer/checkpoint/index.js';
import { classificationLoss, coupling } from '../../../src/trainer/objective/index.js';
import { initialValues, type NamedValues } from '../../../src/trainer/optimizer/index.js';
import { type Pass, trainPass, uploadWeights } from '../../../src/trainer/passes/index.js';
import { normal, randomStream } from '../../../src/trainer/random.js';
import { arena, liveTensors, read, type Tensor, upload } from '../../../src/trainer/runtime/index.js';
import { stageParameters } from '../../../src/trainer/tasks/inputs/stage-parameters.js';
import { within } from '../support/measured.js';
import { readAll, relativeError } from '../support/small-network.js';

// docs/method.md, checks 9 and 2, as properties of any network, split, image shape and seed.
const CLASSES = 4;
const BATCH = 2;
/** The same float32 kernels on the same numbers; a split moves no operation. */
const TOLERANCE = 1e-6;
const RUNS = 25;

const models: fc.Arbitrary<ModelSize> = fc.oneof(
  fc.record({
    family: fc.constant('resnet' as const),
    depth: fc.constantFrom(8, 14),
    width: fc.integer({ min: 2, max: 6 }),
  }),
  fc.record({
    family: fc.constant('ode-resnet' as const),
    depth: fc.constant(12),
    width: fc.constant(2),
    solver: fc.constantFrom('euler' as const, 'midpoint' as const),
    steps: fc.integer({ min: 1, max: 2 }),
  }),
  // Dropout would need the serial network's masks: ../dropout.test.ts.
  fc.record({ family: fc.constant('wide-resnet' as const), depth: fc.constant(10), width: fc.constant(1) }),
);
const images: fc.Arbitrary<Shape> = fc.record({
  height: fc.integer({ min: 28, max: 40 }),
  width: fc.integer({ min: 28, max: 40 }),
  channels: fc.constantFrom(1, 3),
});
const paddings = fc.constantFrom('same' as const, 'symmetric' as const);
const cases = fc
  .record({
    network: fc
      .tuple(models, images, paddings)
      .map(([model, image, padding]) => describeNetwork({ ...model, padding }, image, CLASSES)),
    /** Selected cuts between blocks; more values are drawn than there are places. */
    cuts: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
    seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  })
  .map(({ network, cuts, seed }) => ({ network, seed, split: splitAt(network.blocks.length, cuts) }));

test('any split composes to the same output and has the same gradient, by states that were joined', (t) => {
  const worst = { output: 0, gradient: 0 };
  forAll((problem) => {
    const serial = serialRun(problem);
    const staged = stagedRun(problem, null);
    worst.output = Math.max(worst.output, errorOf(staged.output, serial.output));
    worst.gradient = Math.max(worst.gradient, relativeError(staged.gradients, serial.gradients));
  });
  within(t, 'check 9, output', worst.output, TOLERANCE);
  within(t, 'check 9, gradient', worst.gradient, TOLERANCE);
});

test("lambda = o and kappa = -g: every stage's gradients are finite and the serial network's", (t) => {
  let worst = 0;
  forAll((problem, beta) => {
    const serial = serialRun(problem);
    const staged = stagedRun(problem, beta);
    for (const [name, values] of staged.gradients) assert.ok(values.every(Number.isFinite), name);
    assert.deepEqual([...staged.gradients.keys()].sort(), [...serial.gradients.keys()].sort());
    worst = Math.max(worst, relativeError(staged.gradients, serial.gradients));
  });
  within(t, 'check 2, any split, shape, seed and beta', worst, TOLERANCE);
});

interface Problem {
  readonly network: NetworkDescription;
  readonly split: readonly number[];
  readonly seed: number;
}

interface Run {
  readonly output: Float32Array;
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

function forAll(body: (problem: Problem, beta: number) => void): void {
  const exponents = fc.integer({ min: -2, max: 4 });
  fc.assert(
    fc.property(cases, exponents, (problem, exponent) => {
      const before = liveTensors();
      body(problem, 10 ** exponent);
      assert.equal(liveTensors(), before);
    }),
    { numRuns: RUNS },
  );
}

/** The network as one, with the weights its stages' states add up to once they were stored and read again. */
function serialRun({ network, split, seed }: Problem): Run {
  const states = describeStages(network, split, 0.1).map((stage) => decodeState(stateFile(stage, seed)));
  return arena(() => {
    const layers = wholeNetwork(network);
    const gradients = new Map<string, Tensor>();
    const weights = uploadWeights(parametersOf(layers), mergeStates(states).weights);
    const pass = trainPass(layers, imagesOf(network.image, seed), { weights, gradients }, false);
    const output = read(pass.output);
    pass.pullback(classificationLoss(pass.output, labels()).cotangent);
    return { output, gradients: readAll(gradients) };
  });
}

/** Stage by stage; the cotangent of o_{k-1} is g_k (beta null), or the coupling's with lambda = o and g_k. */
function stagedRun({ network, split, seed }: Problem, beta: number | null): Run {
  return arena(() => {
    const gradients = new Map<string, Tensor>();
    const passes: Pass[] = [];
    let input = imagesOf(network.image, seed);
    for (const stage of describeStages(network, split, 0.1)) {
      const weights = uploadWeights(parametersOf(stage.layers), stageWeights(stage, seed));
      passes.push(trainPass(stage.layers, input, { weights, gradients }, stage.index > 0));
      input = passes.at(-1)!.output;
    }
    const output = read(input);
    let message = passes.at(-1)!.pullback(classificationLoss(input, labels()).cotangent);
    for (const pass of passes.slice(0, -1).reverse()) {
      const cotangent =
        beta === null ? message! : coupling(pass.output, pass.output, message, { beta }).cotangent;
      message = pass.pullback(cotangent);
    }
    return { output, gradients: readAll(gradients) };
  });
}

function stageWeights(stage: StageDescription, seed: number): NamedValues {
  return initialValues(stageParameters(stage), seed);
}

/** A stage's `state` as its task stores it, the weights alone. */
function stateFile(stage: StageDescription, seed: number): Uint8Array {
  const weights = stageWeights(stage, seed);
  const stored = stageParameters(stage).map(
    ({ name, shape }) => [`weights/${name}`, { shape, values: weights.get(name)! }] as const,
  );
  return encodeSafetensors(new Map(stored));
}

function imagesOf({ height, width, channels }: Shape, seed: number): Tensor {
  const random = randomStream(seed, 'images');
  const values = Float32Array.from({ length: BATCH * height * width * channels }, () => normal(random));
  return upload(values, [BATCH, height, width, channels]);
}

const labels = (): Tensor => upload(Int32Array.of(1, 3), [BATCH]);

/** Blocks per stage, cut after block i where cuts[i]. */
function splitAt(blocks: number, cuts: readonly boolean[]): number[] {
  const split = [1];
  for (let block = 1; block < blocks; block++) {
    if (cuts[block - 1]) split.push(1);
    else split[split.length - 1]!++;
  }
  return split;
}

function errorOf(a: Float32Array, b: Float32Array): number {
  return relativeError(new Map([['o', a]]), new Map([['o', b]]));
}
