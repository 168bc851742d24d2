import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResolvedSpec } from '../../../src/contract/spec.js';
import type { BlobUri } from '../../../src/contract/trainer-protocol.js';
import { describeRun } from '../../../src/method/index.js';
import { parametersOf, wholeNetwork } from '../../../src/network/index.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { decodeState } from '../../../src/trainer/checkpoint/index.js';
import {
  auxiliaryError,
  REFIT,
  reconstructAuxiliary,
  TrainedNetwork,
} from '../../../src/trainer/evaluation/index.js';
import { initialValues, inMemory } from '../../../src/trainer/optimizer/index.js';
import { trainBatchesOn } from '../../../src/trainer/tasks/inputs/batches.js';
import { withReaders } from '../../../src/trainer/tasks/inputs/readers.js';
import { stageParameters } from '../../../src/trainer/tasks/inputs/stage-parameters.js';
import { initialState } from '../../../src/trainer/tasks/inputs/states.js';
import { withBlobs } from '../support/run-plan.js';
import {
  contextOf,
  runTraining,
  runTrainingTask,
  storeTiny,
  TINY,
  tinySpec,
} from '../support/training-tasks.js';

const ROUND = { key: 'stage-0-0', kind: 'stage', stage: 0, round: 0 } as const;

async function stateAfterRound(spec: ResolvedSpec, blobs: BlobStore, initial: readonly BlobUri[]) {
  const inputs = Object.fromEntries(initial.map((uri, index) => [`initial-${index}`, uri]));
  const dataset = (await storeTiny(blobs)).uri;
  const { outputs } = await runTrainingTask(ROUND, { spec, blobs, inputs: { dataset, ...inputs } });
  const { uri } = outputs.state!;
  return { uri, weights: decodeState(await blobs.get(uri)).weights };
}

test('a job starts at bitwise the given weights, with a new optimiser', async () => {
  await withBlobs(async (blobs) => {
    const backprop = { type: 'backprop' } as const;
    const trained = await stateAfterRound(tinySpec({ method: backprop }), blobs, []);
    // Another seed: what it starts from is not chance.
    const spec = tinySpec({ method: backprop, seed: 5 });
    const inputs = { 'initial-0': trained.uri };
    const parameters = stageParameters(describeRun(spec, TINY).stages[0]!);
    const start = inMemory(await initialState(contextOf(ROUND, { spec, blobs, inputs }), parameters));
    assert.deepEqual(start.weights, trained.weights);
    for (const values of start.slots.get('momentum')!.values())
      assert.ok(values.every((value) => value === 0));
    // Steps too small for a float32 to show: at the round's end it still stands where it started.
    const still = { learning_rate: 1e-30, weight_decay: 0 };
    const after = await stateAfterRound({ ...spec, optimizer: { ...spec.optimizer, ...still } }, blobs, [
      trained.uri,
    ]);
    assert.deepEqual(after.weights, trained.weights);
    const chance = await stateAfterRound({ ...spec, optimizer: { ...spec.optimizer, ...still } }, blobs, []);
    assert.notDeepEqual(chance.weights, trained.weights);
  });
});

test('a job that refines a network starts each block from half the branch of one there, and new blocks from no branch', async () => {
  await withBlobs(async (blobs) => {
    const method = { type: 'backprop' } as const;
    const shallow = await stateAfterRound(tinySpec({ method, model: { depth: 8 } }), blobs, []);
    const deep = tinySpec({ method, model: { depth: 14 }, seed: 5 });
    const init = { checkpoint: 'any', refine: true, head: 'keep', statistics: 'auto' } as const;
    const spec = { ...deep, init_from: { ...init, model: null, weights: null } };
    const parameters = stageParameters(describeRun(spec, TINY).stages[0]!);
    const context = contextOf(ROUND, { spec, blobs, inputs: { 'initial-0': shallow.uri } });
    const { weights } = inMemory(await initialState(context, parameters));
    const [theirs, chance] = [shallow.weights, initialValues(parameters, 5)];
    const half = (values: Float32Array) => values.map((value) => value / 2);
    for (const name of ['stem/conv/kernel', 'head/dense/kernel'])
      assert.deepEqual(weights.get(name), theirs.get(name));
    for (const block of ['block0', 'block1']) {
      assert.deepEqual(weights.get(`${block}/conv2/kernel`), theirs.get('block0/conv2/kernel'));
      assert.deepEqual(weights.get(`${block}/norm2/gamma`), half(theirs.get('block0/norm2/gamma')!));
    }
    // A block that changes the shape is one, and the next one begins as its shortcut.
    assert.deepEqual(weights.get('block2/norm2/gamma'), theirs.get('block1/norm2/gamma'));
    assert.deepEqual(weights.get('block3/conv1/kernel'), chance.get('block3/conv1/kernel'));
    assert.ok(weights.get('block3/norm2/gamma')!.every((value) => value === 0));
  });
});

test('a job that starts from the replicas of a round starts at their mean', async () => {
  await withBlobs(async (blobs) => {
    const spec = tinySpec({ method: { type: 'backprop' } });
    const [first, second] = [
      await stateAfterRound(spec, blobs, []),
      await stateAfterRound({ ...spec, seed: 6 }, blobs, []),
    ];
    const inputs = { 'initial-0': first.uri, 'initial-1': second.uri };
    const parameters = stageParameters(describeRun(spec, TINY).stages[0]!);
    const { weights } = inMemory(await initialState(contextOf(ROUND, { spec, blobs, inputs }), parameters));
    for (const [name, values] of weights) {
      const other = second.weights.get(name)!;
      assert.deepEqual(
        values,
        first.weights.get(name)!.map((value, index) => (value + other[index]!) / 2),
        name,
      );
    }
  });
});

test('a new head: the layers that tell classes apart start from random weights, and only those', async () => {
  await withBlobs(async (blobs) => {
    const method = { type: 'local-heads', stages: 2 } as const;
    const trained = await runTraining(tinySpec({ method }), blobs);
    const inputs = Object.fromEntries(
      [0, 1].map((stage) => [`initial-${stage}`, trained.get(`stage-${stage}-0`)!.outputs.state!.uri]),
    );
    const specOf = (head: 'keep' | 'new') =>
      tinySpec({ method, seed: 5, init_from: { checkpoint: 'job_1-round-0', head } });
    const parameters = describeRun(specOf('new'), TINY).stages.flatMap(stageParameters);
    const startOf = async (spec: ResolvedSpec, from: Record<string, BlobUri>) =>
      inMemory(await initialState(contextOf(ROUND, { spec, blobs, inputs: from }), parameters)).weights;
    const [kept, fresh, chance] = [
      await startOf(specOf('keep'), inputs),
      await startOf(specOf('new'), inputs),
      await startOf(specOf('new'), {}),
    ];
    const ofClasses = [...kept.keys()].filter((name) => name.includes('dense/'));
    assert.deepEqual(ofClasses.toSorted(), [
      'head/dense/bias',
      'head/dense/kernel',
      'head0/dense/bias',
      'head0/dense/kernel',
    ]);
    for (const [name, values] of fresh)
      assert.deepEqual(values, ofClasses.includes(name) ? chance.get(name) : kept.get(name), name);
    assert.notDeepEqual(fresh.get('head/dense/kernel'), kept.get('head/dense/kernel'));
  });
});

test('AuxNets of a job are fitted to the network that it starts from before a stage trains', async (t) => {
  await withBlobs(async (blobs) => {
    const trained = await stateAfterRound(
      tinySpec({ epochs: 3, method: { type: 'backprop', round_steps: 24 } }),
      blobs,
      [],
    );
    const method = { type: 'augmented-lagrangian', stages: 2 } as const;
    const spec = tinySpec({ method, seed: 5, init_from: { checkpoint: 'job_1-final', head: 'keep' } });
    const inputs = { dataset: (await storeTiny(blobs)).uri, 'initial-0': trained.uri };
    const fit = { key: 'end_to_end-0', kind: 'end_to_end', stage: null, round: 0 } as const;
    const { outputs } = await runTrainingTask(fit, { spec, blobs, inputs });
    const run = describeRun(spec, TINY);
    const states = await Promise.all(
      run.stages.map(async ({ index }) => decodeState(await blobs.get(outputs[`state-${index}`]!.uri))),
    );
    const weights = new Map(states.flatMap((state) => [...state.weights]));
    for (const [name, values] of trained.weights)
      assert.deepEqual(weights.get(name), values, `${name} is the loaded one, bitwise`);
    const auxiliary = run.stages[1]!.auxiliary!;
    await withReaders(contextOf(fit, { spec, blobs, inputs }), async (readers) => {
      const full = await TrainedNetwork.calibrate(
        wholeNetwork(run.network),
        weights,
        readers.train,
        spec.seed,
      );
      const prefix = full.part(run.stages[0]!.layers);
      const errorOf = async (values: ReadonlyMap<string, Float32Array>) =>
        (await auxiliaryError(prefix, auxiliary, values, readers, spec.seed)) ?? Number.NaN;
      const start = initialValues(parametersOf(auxiliary), spec.seed);
      const batches = trainBatchesOn(readers.train, contextOf(fit, { spec, blobs, inputs }));
      const betweenSteps = async () => {};
      const refit = { prefix, auxiliary, weights: start, batches, fit: REFIT, betweenSteps };
      const [fitted, chance, shorter] = [
        await errorOf(weights),
        await errorOf(start),
        await errorOf(await reconstructAuxiliary(refit)),
      ];
      const errors = [chance, shorter, fitted].map((error) => error.toFixed(3));
      t.diagnostic(`relative error of chance ${errors[0]}, refitted ${errors[1]}, fitted ${errors[2]}`);
      assert.ok(fitted < 0.8 * chance, `${chance} -> ${fitted}`);
      assert.ok(fitted < 0.97 * shorter, 'a fit as after training would be too short for loaded stages');
      prefix.dispose();
      full.dispose();
    });
  });
});

test('two, three and four stages load bitwise the same tensors; missing parts start from random weights', async () => {
  await withBlobs(async (blobs) => {
    const model = { depth: 14, width: 2 };
    const trained = await stateAfterRound(tinySpec({ model, method: { type: 'backprop' } }), blobs, []);
    for (const stages of [2, 3, 4]) {
      const spec = tinySpec({ model, method: { type: 'penalty', stages }, seed: 5 });
      const run = describeRun(spec, TINY);
      const context = (inputs: Record<string, BlobUri>) => contextOf(ROUND, { spec, blobs, inputs });
      const loaded: string[] = [];
      for (const stage of run.stages) {
        const parameters = stageParameters(stage);
        const start = inMemory(await initialState(context({ 'initial-0': trained.uri }), parameters));
        const chance = inMemory(await initialState(context({}), parameters));
        for (const { name } of parameters) {
          const given = trained.weights.get(name);
          assert.deepEqual(start.weights.get(name), given ?? chance.weights.get(name), name);
          if (given) loaded.push(name);
        }
        // Later stages have an AuxNet, which the other job had not.
        assert.equal(
          parameters.some(({ name }) => !trained.weights.has(name)),
          stage.index > 0,
        );
      }
      assert.deepEqual(loaded.toSorted(), [...trained.weights.keys()].toSorted(), 'each tensor by one stage');
    }
  });
});
