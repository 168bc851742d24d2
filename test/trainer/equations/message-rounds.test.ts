import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import {
  describeStages,
  parametersOf,
  type StageDescription,
  wholeNetwork,
} from '../../../src/network/index.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { decodeState, mergeStates } from '../../../src/trainer/checkpoint/index.js';
import { uploadWeights } from '../../../src/trainer/passes/index.js';
import { arena, liveTensors } from '../../../src/trainer/runtime/index.js';
import { exchangeMessages, Stopwatch } from '../../../src/trainer/training/index.js';
import { within } from '../support/measured.js';
import type { Features, Values } from '../support/reference.js';
import { referenceLossCotangent, referencePass } from '../support/reference-pass.js';
import { runPlan, withBlobs } from '../support/run-plan.js';
import {
  backPropagation,
  LABELS,
  perturbedValues,
  randomFeatures,
  readAll,
  relativeError,
  smallNetwork,
  uploadFeatures,
  uploadLabels,
} from '../support/small-network.js';
import { mnistSpec } from '../support/specs.js';
import { dot } from '../support/stage-chain.js';
import { runTraining, tinySpec } from '../support/training-tasks.js';

// Oracle of method.type rounds.

// docs/method.md, "Rounds of messages": the rungs between the penalty method and back-propagation.

const BETA = 4;
/** Float32 gradients of small networks against float64 (reference-gradients.test.ts). */
const FLOAT32 = 1e-5;
const IMAGES = randomFeatures(4);

for (const stages of [2, 3]) {
  for (const type of ['sgd', 'adamw'] as const) {
    test(`K=${stages}, ${type}: 2K-1 rounds of messages train bitwise as back-propagation does`, async (t) => {
      await withBlobs(async (blobs) => {
        const specOf = (method: NonNullable<Parameters<typeof tinySpec>[0]['method']>) =>
          tinySpec({ epochs: 3, optimizer: { type, learning_rate: 0.01 }, method });
        const serial = await runTraining(specOf({ type: 'backprop', stages: 1 }), blobs);
        const exact = await runTraining(specOf({ type: 'rounds', stages }), blobs);
        const joined = mergeStates(
          await Promise.all(
            Array.from({ length: stages }, (_, k) => stateOf(blobs, exact.get('stage-2')!, `state-${k}`)),
          ),
        );
        const expected = await stateOf(blobs, serial.get('stage-0-2')!, 'state');
        for (const [name, values] of expected.weights) {
          assert.deepEqual(joined.weights.get(name), values, name);
        }
        for (const [slot, values] of expected.slots) {
          for (const [name, memory] of values) {
            assert.deepEqual(joined.slots.get(slot)!.get(name), memory, `${slot} of ${name}`);
          }
        }
        t.diagnostic(`rounds, K=${stages}, ${type}: weights and memory after 24 steps bitwise equal`);
        const below = specOf({ type: 'rounds', stages, message_rounds: 2 * stages - 2 });
        const other = await stateOf(blobs, (await runTraining(below, blobs)).get('stage-2')!, 'state-0');
        const kernel = [...other.weights.keys()].find((name) => name.endsWith('/kernel'))!;
        assert.notDeepEqual(other.weights.get(kernel), expected.weights.get(kernel), 'a rung lower differs');
      });
    });
  }
}

async function stateOf(blobs: BlobStore, success: TaskSuccess, output: string) {
  return decodeState(await blobs.get(success.outputs[output]!.uri));
}

test("a job of rounds is evaluated and joined as any other, its gradient back-propagation's", async () => {
  await withBlobs(async (blobs) => {
    const before = liveTensors();
    const run = await runPlan(
      mnistSpec({ max_train_samples: 256, epochs: 2, method: { type: 'rounds' } }),
      blobs,
    );
    assert.equal(liveTensors(), before);
    const fidelities = run.samples.filter(({ name }) => name === 'fidelity').map(({ value }) => value);
    // The cosine of a vector with itself, of float64 sums.
    assert.ok(fidelities.length === 2 && fidelities.every((value) => Math.abs(value - 1) < 1e-12));
    const { result } = run.successes.get('finalize')!;
    assert.ok(Number.isFinite(result.test_accuracy) && Number.isFinite(result.compact_accuracy));
    assert.ok(result.auxiliary_error_1! < result.auxiliary_error_before_1!);
    const losses = run.samples.filter(({ name, stage }) => name === 'loss' && stage === 1);
    assert.ok(losses.at(-1)!.value < losses[0]!.value);
    const violations = run.samples.filter(({ name }) => name === 'violation').map(({ value }) => value);
    assert.ok(violations.length > 0 && violations.every((value) => value === 0), 'no residual is left');
  });
});

test('stage k is exact from round 2K-1-k on, the last stage from round K', (t) => {
  const { network, values } = smallNetwork('resnet');
  const stages = describeStages(network, [1, 1, 1], 0.3);
  const weights = new Map([
    ...perturbedValues(stages.flatMap(({ auxiliary }) => auxiliary ?? [])),
    ...values,
  ]);
  const exact = backPropagation(wholeNetwork(network), weights, IMAGES);
  const before = liveTensors();
  for (let rounds = 1; rounds <= 5; rounds++) {
    const gradients = messageRoundGradients(stages, weights, rounds);
    const errors = stages.map(({ index, layers }) => {
      const of = (all: ReadonlyMap<string, Float32Array>) =>
        new Map(parametersOf(layers).map(({ name }) => [name, all.get(name)!]));
      const error = relativeError(of(gradients), of(exact));
      assert.equal(error === 0, rounds >= 5 - index, `stage ${index} after ${rounds} rounds: ${error}`);
      return error;
    });
    const shown = errors.map((error) => error.toPrecision(2)).join(', ');
    t.diagnostic(`relative gradient error of stages 0, 1, 2 after ${rounds} of 5 rounds: ${shown}`);
  }
  assert.equal(liveTensors(), before);
});

for (const rounds of [1, 2, 3]) {
  test(`K=2, ${rounds} of 3 rounds: gradients of stages and AuxNet are the formula's in float64`, (t) => {
    const { network } = smallNetwork('resnet');
    const stages = describeStages(network, [1, 2], 0.3);
    const weights = perturbedValues(
      stages.flatMap(({ layers, auxiliary }) => [...layers, ...(auxiliary ?? [])]),
    );
    const expected = referenceRounds(stages, weights, rounds);
    const actual = messageRoundGradients(stages, weights, rounds);
    assert.deepEqual([...actual.keys()].sort(), [...expected.keys()].sort());
    within(t, `rounds, n=${rounds}, against float64`, relativeError(actual, expected), FLOAT32);
  });
}

function messageRoundGradients(
  stages: readonly StageDescription[],
  values: ReadonlyMap<string, Float32Array>,
  messageRounds: number,
): Map<string, Float32Array> {
  return arena(() => {
    const weights = uploadWeights(
      stages.flatMap(({ layers, auxiliary }) => parametersOf([...layers, ...(auxiliary ?? [])])),
      values,
    );
    const batch = {
      images: uploadFeatures(IMAGES),
      labels: uploadLabels(),
      labelValues: Int32Array.from(LABELS),
      dispose: () => {},
    };
    const { gradients, losses } = exchangeMessages(
      { stages, weights, messageRounds, beta: BETA, labelSmoothing: 0, draw: { seed: 1, step: 0 } },
      { batch, step: 0, learningRate: 0.1, stopwatch: new Stopwatch(() => 0) },
    );
    for (const loss of losses) loss.dispose();
    return { values: readAll(gradients) };
  }).values;
}

/** The ladder for two stages, written out in float64. */
function referenceRounds(
  stages: readonly StageDescription[],
  values: Values,
  rounds: number,
): Map<string, Float64Array> {
  const [first, last] = stages as [StageDescription, StageDescription];
  const generator = referencePass(last.auxiliary!, IMAGES, values);
  let lambda: Features = generator.output;
  let g: Float64Array = new Float64Array(lambda.values.length);
  let gradients = new Map<string, Float64Array>();
  for (let round = 1; round <= rounds; round++) {
    gradients = new Map();
    const [upper, lower] = [
      referencePass(last.layers, lambda, values),
      referencePass(first.layers, IMAGES, values),
    ];
    const o = lower.output;
    const [seen, heard] = [lambda, g];
    g = upper.pullback(referenceLossCotangent(upper.output, LABELS), gradients);
    lower.pullback(
      pullOf(o, seen).map((pull, index) => pull + heard[index]!),
      gradients,
    );
    lambda = o;
  }
  generator.pullback(pullOf(generator.output, lambda), gradients);
  return gradients;
}

/** beta (o - lambda) / |o|^2 */
function pullOf({ values }: Features, lambda: Features): Float64Array {
  const norm = dot(values, values);
  return values.map((o, index) => (BETA * (o - lambda.values[index]!)) / norm);
}
