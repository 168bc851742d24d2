import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResolvedSpec } from '../../../src/contract/spec.js';
import { type BlobUri, FROZEN_FEATURES } from '../../../src/contract/trainer-protocol.js';
import { describeRun, endToEndRange, parallelRange } from '../../../src/method/index.js';
import { countFrozen, parametersOf, trainedParameters, wholeNetwork } from '../../../src/network/index.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { decodeState, encodeState, mergeStates } from '../../../src/trainer/checkpoint/index.js';
import { TrainedNetwork } from '../../../src/trainer/evaluation/index.js';
import { classificationLoss } from '../../../src/trainer/objective/index.js';
import {
  initialValues,
  type NamedValues,
  type OptimizerState,
} from '../../../src/trainer/optimizer/index.js';
import { trainPass, uploadWeights } from '../../../src/trainer/passes/index.js';
import { arena, type Tensor, upload } from '../../../src/trainer/runtime/index.js';
import { withReaders } from '../../../src/trainer/tasks/inputs/readers.js';
import { runOfState } from '../../../src/trainer/tasks/inputs/stored-run.js';
import { plainBatches } from '../support/plain-batches.js';
import { withBlobs } from '../support/run-plan.js';
import { readAll } from '../support/small-network.js';
import type { SpecChanges } from '../support/specs.js';
import {
  contentsOf,
  contextOf,
  runTraining,
  runTrainingTask,
  storeTiny,
  type TaskRun,
  TINY,
  TINY_STEPS_PER_EPOCH,
  type TrainingTask,
  tinySpec,
} from '../support/training-tasks.js';

/** 48 steps of the layer-parallel phase and 8 end to end. */
const EPOCHS = 7;
type Type = ResolvedSpec['method']['type'];

function frozenSpec(
  type: Type,
  stages: number,
  norm: 'frozen' | 'estimate' = 'frozen',
  changes: SpecChanges = {},
): ResolvedSpec {
  return tinySpec({
    epochs: EPOCHS,
    seed: 5,
    model: { depth: 14, width: 2 },
    method: { type, stages, round_steps: 24, end_to_end_share: 1 / EPOCHS, end_to_end_replicas: 1 },
    freeze: { blocks: 2, norm },
    init_from: { weights: 'weights_1', head: 'keep', statistics: norm === 'frozen' ? 'keep' : 'auto' },
    ...changes,
  });
}

/** Weights as an import stores them: of another seed, with statistics that no estimate would find. */
async function storeWeights(
  blobs: BlobStore,
  spec: ResolvedSpec,
): Promise<{ uri: BlobUri; values: NamedValues }> {
  const { network } = describeRun({ ...spec, freeze: null }, TINY);
  const weights = parametersOf(wholeNetwork(network));
  const kept = parametersOf(wholeNetwork(describeRun(spec, TINY).network)).filter(
    ({ fixed }) => fixed === 'statistic',
  );
  const values = initialValues(weights, 99);
  const statistics = new Map(
    kept.map(({ name, shape: [size = 0] }) => [
      name,
      Float32Array.from({ length: size }, (_, index) => 0.5 + 0.01 * (index + name.length)),
    ]),
  );
  const { uri } = await blobs.put(
    encodeState(weights, { weights: values, slots: new Map([['statistics', statistics]]) }),
  );
  return { uri, values: new Map([...values, ...statistics]) };
}

async function trainFrom(spec: ResolvedSpec, blobs: BlobStore, initial: BlobUri): Promise<OptimizerState> {
  const successes = await runTraining(spec, blobs, runTrainingTask, { 'initial-0': initial });
  const last = [...successes].filter(([key]) => key.startsWith('end_to_end')).at(-1)!;
  const joined = decodeState(await blobs.get(last[1].outputs.state!.uri));
  const stages = [...successes.values()].flatMap(({ outputs }) =>
    Object.entries(outputs).flatMap(([name, { uri }]) => (/^state(-\d)?$/.test(name) ? [uri] : [])),
  );
  const states = await Promise.all(stages.map(async (uri) => decodeState(await blobs.get(uri))));
  // Every state that a task stored, so that a frozen value that moved and came back would be seen, too.
  for (const { weights } of states)
    for (const [name, values] of weights)
      if (joined.weights.has(name) && isFrozenIn(spec, name))
        assert.deepEqual(values, joined.weights.get(name), name);
  return mergeStates([joined]);
}

function isFrozenIn(spec: ResolvedSpec, name: string): boolean {
  const { network } = describeRun(spec, TINY);
  return parametersOf(wholeNetwork(network)).some((each) => each.name === name && each.fixed !== undefined);
}

// One stage of every method trains as back-propagation does (../equations/one-stage.test.ts). Stored variables start from the
// untrained network, which takes no weights.
const CASES: readonly [Type, stages: number][] = [
  ['backprop', 1],
  ['penalty', 2],
  ['augmented-lagrangian', 3],
  ['local-heads', 2],
  ['pipeline', 3],
  ['frozen', 2],
  ['rounds', 2],
];

test('frozen blocks and their statistics are bitwise the given ones after 56 steps, in every method', async (t) => {
  for (const [type, stages] of CASES) {
    await withBlobs(async (blobs) => {
      const spec = frozenSpec(type, stages);
      const { uri, values } = await storeWeights(blobs, spec);
      const { weights, slots } = await trainFrom(spec, blobs, uri);
      const { network } = describeRun(spec, TINY);
      const where = `${type}, ${stages} stages`;
      let frozen = 0;
      for (const { name, fixed } of parametersOf(wholeNetwork(network))) {
        const found = weights.get(name);
        if (fixed === undefined) {
          assert.notDeepEqual(found, values.get(name), `${where}: ${name} is trained`);
          continue;
        }
        frozen++;
        assert.deepEqual(found, values.get(name), `${where}: ${name}`);
        for (const [slot, named] of slots)
          assert.equal(named.has(name), false, `${where}: ${slot} of ${name} is kept`);
      }
      // Stem and two blocks: five convolutions and five batch norms of four vectors.
      assert.equal(frozen, 5 + 5 * 4, where);
      t.diagnostic(`${where}: ${frozen} tensors unchanged`);
    });
  }
});

test('blocks that are frozen until an epoch are bitwise the given ones until then, and train afterwards', async (t) => {
  const cases: readonly [Type, stages: number, 'frozen' | 'estimate'][] = [
    ['backprop', 1, 'frozen'],
    ['local-heads', 2, 'frozen'],
    ['pipeline', 2, 'estimate'],
  ];
  for (const [type, stages, norm] of cases) {
    await withBlobs(async (blobs) => {
      const until = 2 * TINY_STEPS_PER_EPOCH;
      // Rounds of 12 steps are cut at step 16.
      const spec = frozenSpec(type, stages, norm, {
        epochs: 4,
        freeze: { blocks: 2, norm, until_epoch: 2 },
        optimizer: { type: 'adamw', learning_rate: 0.01 },
        method: { type, stages, round_steps: 12, end_to_end_share: 1 / 4, end_to_end_replicas: 1 },
      });
      const { uri, values } = await storeWeights(blobs, spec);
      const { rounds, network } = describeRun(spec, TINY);
      const frozen = parametersOf(wholeNetwork(network)).filter(({ fixed }) => fixed !== undefined);
      const ends: number[] = [];
      const see = async (task: TrainingTask, options: TaskRun) => {
        const success = await runTrainingTask(task, options);
        const output = success.outputs.state ?? success.outputs['state-0'];
        if (!output || (task.stage ?? 0) > 0) return success;
        const { end } = (task.kind === 'stage' ? parallelRange : endToEndRange)(rounds, task.round ?? 0);
        ends.push(end);
        const state = decodeState(await blobs.get(output.uri));
        const where = `${type}, step ${end}`;
        for (const { name, fixed } of frozen) {
          const now = state.weights.get(name);
          const memory = [...state.slots.values()].some((named) => named.has(name));
          if (end <= until) {
            assert.deepEqual(now, values.get(name), `${where}: ${name} is frozen`);
            assert.equal(memory, false, `${where}: ${name} has no memory`);
          } else if (fixed === 'statistic') assert.equal(now, undefined, `${where}: ${name} is estimated`);
          else {
            assert.notDeepEqual(now, values.get(name), `${where}: ${name} is trained`);
            assert.equal(memory, true, `${where}: ${name} has a memory`);
          }
        }
        const inputs = { dataset: options.inputs.dataset!, 'state-0': output.uri };
        const seen = await runOfState(contextOf(task, { spec, blobs, inputs }));
        const keeps = norm === 'frozen' && end <= until;
        assert.equal(countFrozen(seen.network), keeps ? 2 : 0, `${where}: the network that is evaluated`);
        return success;
      };
      await runTraining(spec, blobs, see, { 'initial-0': uri });
      assert.deepEqual(ends, [12, 16, 24, 32], type);
      t.diagnostic(`${type}, ${stages} stages: frozen for ${until} steps, trained for ${32 - until}`);
    });
  }
});

test('the network is evaluated with the statistics that its frozen blocks keep, and with its own behind them', async () => {
  await withBlobs(async (blobs) => {
    const spec = frozenSpec('backprop', 1);
    const { uri, values } = await storeWeights(blobs, spec);
    const { weights } = await trainFrom(spec, blobs, uri);
    const inputs = { dataset: (await storeTiny(blobs)).uri };
    const task = { key: 'finalize', kind: 'finalize', stage: null, round: null } as const;
    const layers = wholeNetwork(describeRun(spec, TINY).network);
    await withReaders(contextOf(task, { spec, blobs, inputs }), async ({ train }) => {
      const network = await TrainedNetwork.calibrate(layers, weights, train, spec.seed);
      network.dispose();
      assert.deepEqual(network.statistics.get('block1/norm2')!.mean, values.get('block1/norm2/mean'));
      assert.deepEqual(network.statistics.get('stem/norm')!.variance, values.get('stem/norm/variance'));
      assert.equal(network.statistics.has('block2/norm1'), true);
    });
  });
});

test('gradients behind frozen blocks are bitwise those of the whole network where both normalize by the batch', async () => {
  await withBlobs(async (blobs) => {
    const spec = frozenSpec('backprop', 1, 'estimate');
    const [batch] = await plainBatches(spec, blobs, 1);
    const gradientsOf = (freeze: ResolvedSpec['freeze']) => {
      const layers = wholeNetwork(describeRun({ ...spec, freeze }, TINY).network);
      const parameters = parametersOf(layers);
      const values = initialValues(parameters, 99);
      return arena(() => {
        const gradients = new Map<string, Tensor>();
        const context = { weights: uploadWeights(parameters, values), gradients };
        const pass = trainPass(layers, upload(batch!.images, batch!.shape), context, false);
        const labels = upload(batch!.labels, [batch!.labels.length]);
        pass.pullback(classificationLoss(pass.output, labels).cotangent);
        return { values: readAll(gradients) };
      }).values;
    };
    const [frozen, whole] = [gradientsOf(spec.freeze), gradientsOf(null)];
    const trained = trainedParameters(parametersOf(wholeNetwork(describeRun(spec, TINY).network)));
    assert.deepEqual([...frozen.keys()].toSorted(), trained.map(({ name }) => name).toSorted());
    for (const [name, values] of frozen) assert.deepEqual(values, whole.get(name), name);
  });
});

/** Images as they are, in batches that do not divide them evenly. */
const STORING: SpecChanges = {
  augmentation: { crop_padding: 0, horizontal_flip: false },
  max_train_samples: 30,
};

test('the weights of a job that stores the features of its frozen blocks are bitwise those of one that computes them in every step', async (t) => {
  const cases: readonly [Type, stages: number, SpecChanges][] = [
    ['backprop', 1, {}],
    ['backprop', 1, { freeze: { blocks: 6, norm: 'frozen' }, sampling: 'balanced' }],
    ['backprop', 1, { freeze: { blocks: 2, norm: 'frozen', until_epoch: 2 }, epochs: 3 }],
    ['augmented-lagrangian', 2, { init_from: { weights: 'weights_1', head: 'new', statistics: 'estimate' } }],
    ['local-heads', 2, {}],
    ['pipeline', 2, {}],
  ];
  for (const [type, stages, changes] of cases) {
    await withBlobs(async (blobs) => {
      const resolved = frozenSpec(type, stages, 'frozen', { ...STORING, epochs: 2, ...changes });
      // Frozen layers compute in float32 in both.
      const spec: ResolvedSpec = changes.sampling ? { ...resolved, precision: 'bfloat16' } : resolved;
      const { uri } = await storeWeights(blobs, spec);
      const trained = async (isStored: boolean) => {
        let reading = 0;
        const successes = await runTraining(
          spec,
          blobs,
          (task, options) => {
            const { [FROZEN_FEATURES]: features, ...inputs } = options.inputs;
            if (features) reading++;
            return runTrainingTask(task, { ...options, ...(!isStored && { inputs }), bfloat16: true });
          },
          { 'initial-0': uri },
        );
        const contents: Record<string, unknown> = {};
        for (const [key, success] of successes)
          if (key !== 'prepare') contents[key] = await contentsOf(success, blobs);
        return { contents, reading };
      };
      const [stored, computed] = [await trained(true), await trained(false)];
      assert.ok(stored.reading > 0, `${type}: tasks read features`);
      assert.deepEqual(stored.contents, computed.contents, type);
      t.diagnostic(`${type}, ${stages} stages: ${stored.reading} tasks trained on stored features, bitwise`);
    });
  }
});
