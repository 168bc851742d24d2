import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import { describeRun, stagesOfMethod } from '../../../src/method/index.js';
import { headLayers, parametersOf, type StageDescription } from '../../../src/network/index.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { decodeState } from '../../../src/trainer/checkpoint/index.js';
import { fidelities } from '../../../src/trainer/evaluation/index.js';
import { inMemory } from '../../../src/trainer/optimizer/index.js';
import { uploadWeights } from '../../../src/trainer/passes/index.js';
import { arena } from '../../../src/trainer/runtime/index.js';
import { initialState } from '../../../src/trainer/tasks/inputs/states.js';
import { joinedState } from '../../../src/trainer/tasks/inputs/states-before.js';
import { localHeads } from '../../../src/trainer/tasks/train/methods/local-heads.js';
import { Stopwatch } from '../../../src/trainer/training/index.js';
import { within } from '../support/measured.js';
import { referenceLossCotangent, referencePass } from '../support/reference-pass.js';
import { withBlobs } from '../support/run-plan.js';
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
import { contextOf, runTraining, TINY, tinySpec } from '../support/training-tasks.js';

// Oracle of method.reach.

const STAGES = 3;
/** float32 rounding, 6e-8, through a few layers and back. */
const FLOAT32_TOLERANCE = 1e-5;
const IMAGES = randomFeatures(8);

function specOf(reach: number, type: 'sgd' | 'adamw' = 'sgd') {
  return tinySpec({
    epochs: 3,
    optimizer: { type, learning_rate: 0.01 },
    method: { type: 'local-heads', stages: STAGES, reach, corrections: { precision: 'float32' } },
  });
}

async function stateOf(blobs: BlobStore, success: TaskSuccess) {
  return decodeState(await blobs.get(success.outputs.state!.uri));
}

/** The small network in three stages, and weights of all their layers. */
function smallStages(reach: number): { stages: StageDescription[]; values: Map<string, Float32Array> } {
  const { network } = smallNetwork('resnet');
  const stages = stagesOfMethod(network, { ...specOf(reach).method, split: [1, 1, 1] });
  return { stages, values: new Map(stages.flatMap((stage) => [...perturbedValues(layersOf(stage))])) };
}

const layersOf = (stage: StageDescription) => [...stage.layers, ...headLayers(stage)];

const at = () => ({
  batch: {
    images: uploadFeatures(IMAGES),
    labels: uploadLabels(),
    labelValues: Int32Array.from(LABELS),
    dispose: () => {},
  },
  ...{ step: 0, learningRate: 0.1, stopwatch: new Stopwatch(() => 0) },
});

for (const type of ['sgd', 'adamw'] as const) {
  test(`a reach of K trains bitwise as back-propagation does, ${type}`, async (t) => {
    await withBlobs(async (blobs) => {
      const serial = await runTraining(
        tinySpec({ epochs: 3, optimizer: { type, learning_rate: 0.01 }, method: { type: 'backprop' } }),
        blobs,
      );
      const expected = await stateOf(blobs, serial.get('stage-0-2')!);
      const run = await runTraining(specOf(STAGES, type), blobs);
      const { stages } = describeRun(specOf(STAGES, type), TINY);
      let compared = 0;
      for (const { index, layers } of stages) {
        const { weights, slots } = await stateOf(blobs, run.get(`stage-${index}-2`)!);
        for (const { name } of parametersOf(layers)) {
          assert.deepEqual(weights.get(name), expected.weights.get(name), name);
          for (const [slot, values] of expected.slots)
            assert.deepEqual(slots.get(slot)!.get(name), values.get(name), `${slot} of ${name}`);
          compared++;
        }
      }
      assert.equal(compared, expected.weights.size);
      t.diagnostic(`reach, K=${STAGES}, ${type}: weights and memory after 24 steps bitwise equal`);
      const shorter = await stateOf(blobs, (await runTraining(specOf(2, type), blobs)).get('stage-0-2')!);
      assert.notDeepEqual(shorter.weights.get('stem/conv/kernel'), expected.weights.get('stem/conv/kernel'));
    });
  });
}

test('a warm start hands over the weights and the memory of copies, too', async () => {
  await withBlobs(async (blobs) => {
    const warm = specOf(STAGES);
    const run = await runTraining({ ...warm, method: { ...warm.method, warm_start_epochs: 1 } }, blobs);
    const serial = await runTraining(
      tinySpec({ epochs: 3, optimizer: { learning_rate: 0.01 }, method: { type: 'backprop' } }),
      blobs,
    );
    const expected = await stateOf(blobs, serial.get('stage-0-2')!);
    const { weights } = await stateOf(blobs, run.get('stage-0-1')!);
    for (const [name, values] of expected.weights) assert.deepEqual(weights.get(name), values, name);
  });
});

test('a reach of 2: the gradient of stage 0 is that of the loss of the head of stage 1, in float64', (t) => {
  const { stages, values } = smallStages(2);
  const [first, second] = stages as [StageDescription, StageDescription];
  const chain = [...first.layers, ...second.layers, ...first.head!.classifier];
  assert.deepEqual(first.head!.copies, second.layers);
  assert.ok(first.head!.classifier.every(({ name }) => name.startsWith('head1/')));
  assert.deepEqual(second.head!.classifier, [], 'the last stage has the head of the network');
  const reference = new Map<string, Float64Array>();
  const passed = referencePass(chain, IMAGES, values);
  passed.pullback(referenceLossCotangent(passed.output, LABELS), reference);
  const actual = new Map([
    ...arena(() => {
      const weights = uploadWeights(parametersOf(stages.flatMap(layersOf)), values);
      const method = { type: 'local-heads', penalty: 'auto' } as const;
      const options = { stages, method, labelSmoothing: 0, at: at() };
      return readAll(localHeads.gradients!(options, weights, { seed: 1, step: 0 }));
    }),
  ]);
  const own = new Map(parametersOf(first.layers).map(({ name }) => [name, reference.get(name)!]));
  within(t, 'gradient of stage 0, reach 2', relativeError(actual, own), FLOAT32_TOLERANCE);
  // Stage 1 reaches the network's own loss.
  const serial = backPropagation(
    stages.flatMap(({ layers }) => layers),
    values,
    IMAGES,
  );
  const ofSecond = new Map(parametersOf(second.layers).map(({ name }) => [name, serial.get(name)!]));
  within(t, 'gradient of stage 1, reach 2', relativeError(actual, ofSecond), FLOAT32_TOLERANCE);
});

test('fidelity is 1 in each stage that reaches the loss of the network', () => {
  const fidelityOf = (reach: number) => {
    const { stages, values } = smallStages(reach);
    return arena(() =>
      fidelities({
        ...{
          stages,
          weights: values,
          gradients: localHeads.gradients!,
          labelSmoothing: 0,
          seed: 1,
          at: at(),
        },
        method: { type: 'local-heads', penalty: 'auto' },
      }),
    ).map((value) => value ?? Number.NaN);
  };
  // The same float32 kernels on the same numbers.
  const exact = (value: number) => Math.abs(value - 1) < 1e-6;
  assert.deepEqual(fidelityOf(1).map(exact), [false, false, true]);
  assert.deepEqual(fidelityOf(2).map(exact), [false, true, true]);
  assert.deepEqual(fidelityOf(3).map(exact), [true, true, true]);
});

test('the joined network, and a job that starts from stages, have no copies', async () => {
  await withBlobs(async (blobs) => {
    const spec = specOf(2);
    const run = await runTraining(spec, blobs);
    const described = describeRun(spec, TINY);
    const uris = described.stages.map(({ index }) => run.get(`stage-${index}-2`)!.outputs.state!.uri);
    const states = await Promise.all(uris.map(async (uri) => decodeState(await blobs.get(uri))));
    const parameters = described.stages.flatMap(({ layers }) => parametersOf(layers));
    const task = { key: 'evaluate-2', kind: 'evaluate', stage: null, round: 2 } as const;
    const given = (name: string) =>
      contextOf(task, {
        ...{ spec, blobs },
        inputs: Object.fromEntries(uris.map((uri, index) => [`${name}-${index}`, uri])),
      });
    const joined = inMemory(await joinedState(given('state'), described, parameters));
    const started = inMemory(await initialState(given('initial'), parameters));
    for (const { index, layers } of described.stages) {
      for (const { name } of parametersOf(layers)) {
        assert.deepEqual(joined.weights.get(name), states[index]!.weights.get(name), name);
        assert.deepEqual(
          joined.slots.get('momentum')!.get(name),
          states[index]!.slots.get('momentum')!.get(name),
        );
        assert.deepEqual(started.weights.get(name), states[index]!.weights.get(name), `${name} at a start`);
      }
    }
    // The copy of stage 1 in stage 0 learns from another head than stage 1 itself.
    const ofSecond = parametersOf(described.stages[1]!.layers)[0]!.name;
    assert.notDeepEqual(states[0]!.weights.get(ofSecond), states[1]!.weights.get(ofSecond));
  });
});
