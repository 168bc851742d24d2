import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ResolvedSpec } from '../../../src/contract/spec.js';
import type { TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import { describeRun } from '../../../src/method/index.js';
import { parametersOf } from '../../../src/network/index.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { decodeState } from '../../../src/trainer/checkpoint/index.js';
import type { TrainBatches } from '../../../src/trainer/data/index.js';
import { TrainerError } from '../../../src/trainer/errors.js';
import { InitialFeatures } from '../../../src/trainer/evaluation/index.js';
import { initialValues } from '../../../src/trainer/optimizer/index.js';
import { liveTensors, read } from '../../../src/trainer/runtime/index.js';
import { SampleRows, updateVariables } from '../../../src/trainer/stored-variables/index.js';
import type { TaskContext } from '../../../src/trainer/tasks/context.js';
import { trainBatchesOn } from '../../../src/trainer/tasks/inputs/batches.js';
import { type Readers, withReaders } from '../../../src/trainer/tasks/inputs/readers.js';
import { within } from '../support/measured.js';
import type { Features } from '../support/reference.js';
import { referenceLossCotangent, referencePass } from '../support/reference-pass.js';
import { runPlan, withBlobs, withFolder } from '../support/run-plan.js';
import { relativeError } from '../support/small-network.js';
import { mnistSpec, type SpecChanges } from '../support/specs.js';
import { dot, plus } from '../support/stage-chain.js';
import { contextOf, runTraining, storeTiny, TINY, tinySpec } from '../support/training-tasks.js';

// Oracle of method.type stored.
// Oracle of method.stored.coupling penalty, augmented-lagrangian.

type Coupling = NonNullable<NonNullable<NonNullable<SpecChanges['method']>['stored']>['coupling']>;
const COUPLINGS: readonly Coupling[] = ['penalty', 'augmented-lagrangian'];

const ROUNDS = 3;
const SAMPLES = 16;
const BETA = 4;
const RATE = 0.02;
const MOMENTUM = 0.9;
/** Float32 passes and stores of three rounds against float64. */
const TOLERANCE = 1e-4;

/** One step an epoch, so that a round is a step, and all of it fits into a float64 loop. */
const stepSpec = (coupling: Coupling): ResolvedSpec =>
  tinySpec({
    epochs: ROUNDS,
    max_train_samples: SAMPLES,
    batch_size: SAMPLES,
    optimizer: {
      learning_rate: RATE,
      momentum: MOMENTUM,
      weight_decay: 0,
      schedule: { ...tinySpec({}).optimizer.schedule, type: 'constant' },
    },
    method: { type: 'stored', stages: 2, penalty: BETA, round_steps: 1, stored: { coupling } },
  });

for (const coupling of COUPLINGS) {
  test(`${coupling}: three rounds of two stages follow the formulas in float64`, async (t) => {
    await withBlobs(async (blobs) => {
      const spec = stepSpec(coupling);
      const before = liveTensors();
      const tasks = await runTraining(spec, blobs);
      assert.equal(liveTensors(), before);
      const expected = await reference(spec, blobs, coupling === 'augmented-lagrangian');
      for (const stage of [0, 1]) {
        const state = decodeState(await blobs.get(outputOf(tasks, stage, 'state')));
        const error = relativeError(state.weights, expected.weights[stage]!);
        within(t, `stored, ${coupling}, weights of stage ${stage}`, error, TOLERANCE);
      }
      const parts = partsOf(await rowsOf(blobs, spec, outputOf(tasks, 1, 'variables'), coupling), coupling);
      for (const name of ['lambda', 'kappa'] as const) {
        const error = difference(parts[name], expected[name]);
        within(t, `stored, ${coupling}, ${name}`, error, TOLERANCE);
      }
      const moved = difference(expected.lambda, expected.start);
      assert.ok(moved > 0.01, `variables that never moved would pass: ${moved}`);
      assert.equal(dot(expected.kappa, expected.kappa) > 0, coupling === 'augmented-lagrangian');
    });
  });
}

/** |a - b| / |b|, and |a - b| where b is zero. */
function difference(a: ArrayLike<number>, b: Float64Array): number {
  const residual = b.map((value, index) => a[index]! - value);
  return Math.sqrt(dot(residual, residual) / (dot(b, b) || 1));
}

/** Rows hold lambda, then kappa. */
function partsOf(rows: Float32Array, coupling: Coupling): Record<'lambda' | 'kappa', Float32Array> {
  if (coupling === 'penalty') return { lambda: rows, kappa: new Float32Array(rows.length) };
  const length = rows.length / SAMPLES / 2;
  const isLambda = (index: number) => index % (2 * length) < length;
  return {
    lambda: rows.filter((_, index) => isLambda(index)),
    kappa: rows.filter((_, index) => !isLambda(index)),
  };
}

const outputOf = (tasks: ReadonlyMap<string, TaskSuccess>, stage: number, output: string) =>
  tasks.get(`stage-${stage}-${ROUNDS - 1}`)!.outputs[output]!.uri;

async function rowsOf(
  blobs: BlobStore,
  spec: ResolvedSpec,
  uri: Parameters<BlobStore['get']>[0],
  coupling: Coupling,
): Promise<Float32Array> {
  const { height, width, channels } = describeRun(spec, TINY).stages[1]!.input;
  const rowLength = height * width * channels * (coupling === 'penalty' ? 1 : 2);
  const rows = SampleRows.open(await blobs.localPath(uri), { samples: SAMPLES, rowLength });
  const values = rows.read(Uint32Array.from({ length: SAMPLES }, (_, sample) => sample));
  rows.close();
  return values;
}

/** The method for two stages in float64; arrays by sample are kept as one array, row after row. */
async function reference(spec: ResolvedSpec, blobs: BlobStore, multiplies: boolean) {
  const inputs = { dataset: (await storeTiny(blobs)).uri };
  const context = contextOf({ key: 'probe', kind: 'stage', stage: 0, round: 0 }, { spec, blobs, inputs });
  return withReaders(context, (readers) => referenceOn(context, readers, spec, multiplies));
}

async function referenceOn(
  context: TaskContext,
  { train }: Readers,
  spec: ResolvedSpec,
  multiplies: boolean,
) {
  const [first, last] = describeRun(spec, TINY).stages as [Stage, Stage];
  const batches = trainBatchesOn(train, context);
  const untrained = new InitialFeatures(first.layers, train, spec.seed);
  const weights = [first, last].map(({ layers }) => {
    const values = initialValues(parametersOf(layers), spec.seed);
    return new Map([...values].map(([name, each]) => [name, Float64Array.from(each)]));
  }) as [Weights, Weights];
  const velocity: Weights = new Map();
  let stored: Stored | null = null;
  let start: Float64Array | null = null;
  for (let step = 0; step < ROUNDS; step++) {
    const { images, labels, initial } = await plainBatch(batches, untrained, step);
    const order = batches.samplesAt(step);
    const known: Stored | null = stored && {
      lambda: gather(stored.lambda, order),
      kappa: gather(stored.kappa, order),
      features: stored.features && gather(stored.features, order),
    };
    start ??= scatter(initial, order);
    const current: Stored = known ?? {
      lambda: initial,
      kappa: new Float64Array(initial.length),
      features: null,
    };
    const { lambda, kappa } = current;
    const features: Float64Array | null = current.features;
    const lower = referencePass(first.layers, images, weights[0]);
    const o = lower.output.values;
    const upper = referencePass(last.layers, { ...lower.output, values: lambda }, weights[1]);
    const gradients = new Map<string, Float64Array>();
    const g = upper.pullback(referenceLossCotangent(upper.output, labels), gradients);
    const size = dot(o, o);
    lower.pullback(
      o.map((value, i) => (BETA * (value - lambda[i]!)) / size - kappa[i]!),
      gradients,
    );
    descend(weights, velocity, gradients);
    const norm = dot(lambda, lambda);
    const total = lambda.map(
      (value, i) => norm * (g[i]! + kappa[i]!) + (features ? BETA * (value - features[i]!) : 0),
    );
    const moved = plus(lambda, total, -RATE);
    const raised: Float64Array =
      multiplies && features ? kappa.map((k, i) => k + (BETA * (moved[i]! - features[i]!)) / norm) : kappa;
    stored = { lambda: scatter(moved, order), kappa: scatter(raised, order), features: scatter(o, order) };
  }
  untrained.dispose();
  return { weights, ...stored!, start: start! };
}

type Stage = ReturnType<typeof describeRun>['stages'][number];
type Weights = Map<string, Float64Array>;
interface Stored {
  readonly lambda: Float64Array;
  readonly kappa: Float64Array;
  readonly features: Float64Array | null;
}

async function plainBatch(batches: TrainBatches, start: InitialFeatures, step: number) {
  await start.prepare();
  const batch = await batches.at(step);
  const images: Features = {
    shape: batch.images.shape as Features['shape'],
    values: Float64Array.from(read(batch.images)),
  };
  const result = { images, labels: [...batch.labelValues], initial: Float64Array.from(start.of(batch)) };
  batch.dispose();
  return result;
}

function descend(
  weights: readonly Weights[],
  velocity: Weights,
  gradients: ReadonlyMap<string, Float64Array>,
) {
  for (const part of weights) {
    for (const [name, values] of part) {
      const v = plus(gradients.get(name)!, velocity.get(name) ?? new Float64Array(values.length), MOMENTUM);
      velocity.set(name, v);
      part.set(name, plus(values, v, -RATE));
    }
  }
}

/** Rows in the order of a batch, of an array in the order of samples; and back. */
function gather(values: Float64Array, order: Uint32Array): Float64Array {
  const length = values.length / SAMPLES;
  const result = new Float64Array(values.length);
  for (const [at, sample] of order.entries()) {
    result.set(values.subarray(sample * length, (sample + 1) * length), at * length);
  }
  return result;
}
function scatter(values: Float64Array, order: Uint32Array): Float64Array {
  const length = values.length / SAMPLES;
  const result = new Float64Array(values.length);
  for (const [at, sample] of order.entries()) {
    result.set(values.subarray(at * length, (at + 1) * length), sample * length);
  }
  return result;
}
test('lambda = o with kappa = -g does not move, and without g the residual shrinks by 1 - eta beta', () => {
  const features = Float32Array.of(1, -2, 0.5, 4);
  const gradient = Float32Array.of(0.25, 0.5, -1, 2);
  const hasFeatures = [true, true];
  const solved = { lambda: features, multiplier: gradient.map((g) => -g), gradient, features, hasFeatures };
  assert.deepEqual(updateVariables(solved, 0.1, 4), { lambda: features, multiplier: solved.multiplier });
  const lambda = features.map((o) => o + 1);
  const free = { lambda, multiplier: null, gradient: new Float32Array(4), features, hasFeatures };
  updateVariables(free, 0.1, 4).lambda.forEach((value, index) => {
    // Float32: the values are rounded once.
    assert.ok(Math.abs(value - features[index]! - 0.6) < 1e-6);
  });
});

test('a sample without features keeps to its gradient, and its multiplier stays', () => {
  const lambda = Float32Array.of(1, 1);
  const multiplier = Float32Array.of(0, 0.5);
  const gradient = Float32Array.of(0.25, -0.25);
  const features = new Float32Array(2);
  const batch = { lambda, multiplier, gradient, features, hasFeatures: [true, false] };
  const next = updateVariables(batch, 0.5, 1);
  // N = 2: 1 - 0.5 (2 x 0.25 + 1), and 1 - 0.5 x 2 x (-0.25 + 0.5).
  assert.deepEqual([...next.lambda], [0.25, 0.75]);
  assert.deepEqual([...next.multiplier!], [0.125, 0.5]);
});

test('rows of samples: kept by index, copied with those before, and refused where the file is cut short', async () => {
  await withFolder(async ({ folder }) => {
    const shape = { samples: 5, rowLength: 2 };
    const [one, two] = [join(folder, 'one'), join(folder, 'two')];
    const rows = SampleRows.create(one, shape, null);
    rows.write(Uint32Array.of(4, 1), Float32Array.of(1, 2, 3, 4));
    rows.flush();
    rows.close();
    const copy = SampleRows.create(two, shape, one);
    copy.write(Uint32Array.of(0), Float32Array.of(5, 6));
    copy.flush();
    copy.close();
    const [before, after] = [SampleRows.open(one, shape), SampleRows.open(two, shape)];
    assert.deepEqual([...after.read(Uint32Array.of(1, 0, 2, 4))], [3, 4, 5, 6, 0, 0, 1, 2]);
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((sample) => [before.has(sample), after.has(sample)]),
      [
        [false, true],
        [true, true],
        [false, false],
        [false, false],
        [true, true],
      ],
    );
    for (const each of [before, after]) each.close();
    const isCorrupt = (error: unknown) => error instanceof TrainerError && error.code === 'blob_corrupt';
    truncateSync(two, 20);
    const cut = SampleRows.open(two, shape);
    assert.throws(() => cut.read(Uint32Array.of(4)), isCorrupt);
    cut.close();
    truncateSync(two, 4);
    assert.throws(() => SampleRows.open(two, shape), isCorrupt);
  });
});

for (const coupling of COUPLINGS) {
  test(`${coupling}: a job trains, its figures are the network's own, and no tensor is left`, async (t) => {
    await withBlobs(async (blobs) => {
      const before = liveTensors();
      const method = { type: 'stored', stages: 2, stored: { coupling } } as const;
      const run = await runPlan(mnistSpec({ max_train_samples: 1024, epochs: 4, method }), blobs);
      assert.equal(liveTensors(), before);
      const { result } = run.successes.get('finalize')!;
      t.diagnostic(`stored, ${coupling}: accuracy ${result.test_accuracy}`);
      // Three times what guessing gives among ten classes.
      assert.ok(result.test_accuracy! > 0.3, `${result.test_accuracy}`);
      assert.equal(result.compact_accuracy, undefined, 'there is no compact network');
      const losses = run.samples.filter((sample) => sample.name === 'loss' && sample.stage === 1);
      assert.ok(losses.at(-1)!.value < losses[0]!.value, 'the last stage learns');
      const violations = run.samples.filter(({ name }) => name === 'violation').map(({ value }) => value);
      assert.ok(violations.length > 0 && violations.every(Number.isFinite));
    });
  });
}
