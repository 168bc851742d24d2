import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlobUri, TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import { describeRun } from '../../../src/method/index.js';
import { parametersOf, wholeNetwork } from '../../../src/network/index.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { decodeState, decodeWeights } from '../../../src/trainer/checkpoint/index.js';
import { auxiliaryError, TrainedNetwork } from '../../../src/trainer/evaluation/index.js';
import { initialValues, type OptimizerState } from '../../../src/trainer/optimizer/index.js';
import { liveTensors } from '../../../src/trainer/runtime/index.js';
import { withReaders } from '../../../src/trainer/tasks/inputs/readers.js';
import { withBlobs } from '../support/run-plan.js';
import type { SpecChanges } from '../support/specs.js';
import {
  contextOf,
  runTraining,
  storeTiny,
  TINY,
  TINY_STEPS_PER_EPOCH,
  tinySpec,
} from '../support/training-tasks.js';

type Method = NonNullable<SpecChanges['method']>;
const WARM: Method = { type: 'augmented-lagrangian', stages: 3, warm_start_epochs: 1 };
const OPTIMIZERS: Record<string, NonNullable<SpecChanges['optimizer']>> = {
  sgd: { learning_rate: 0.05 },
  adamw: { type: 'adamw', learning_rate: 0.01 },
};

const stateOf = async (blobs: BlobStore, success: TaskSuccess | undefined, output: string) =>
  decodeState(await blobs.get(success!.outputs[output]!.uri));

/** Values of the network's own parameters, of the weights and of every slot. */
function networkPart({ weights, slots }: OptimizerState, names: ReadonlySet<string>) {
  const own = (values: OptimizerState['weights']) => [...values].filter(([name]) => names.has(name));
  return { weights: own(weights), slots: [...slots].map(([slot, values]) => [slot, own(values)]) };
}

for (const [name, optimizer] of Object.entries(OPTIMIZERS)) {
  test(`${name}: stages start from back-propagation's weights and memory, bitwise, and go on from there`, async () => {
    await withBlobs(async (blobs) => {
      const before = liveTensors();
      const specOf = (method: Method) =>
        tinySpec({
          epochs: 4,
          optimizer,
          method: { ...method, end_to_end_share: 0.25, end_to_end_replicas: 1 },
        });
      const warm = await runTraining(specOf(WARM), blobs);
      const serial = await runTraining(specOf({ type: 'backprop', stages: 1, warm_start_epochs: 0 }), blobs);
      const expected = await stateOf(blobs, serial.get('stage-0-0'), 'state');
      const run = describeRun(specOf(WARM), TINY);
      for (const { index, layers, auxiliary } of run.stages) {
        const state = await stateOf(blobs, warm.get('end_to_end-0'), `state-${index}`);
        const names = new Set(parametersOf(layers).map((parameter) => parameter.name));
        assert.deepEqual(networkPart(state, names), networkPart(expected, names), `stage ${index}`);
        for (const parameter of auxiliary ? parametersOf(auxiliary) : []) {
          for (const values of state.slots.values()) {
            assert.ok(
              values.get(parameter.name)!.every((value) => value === 0),
              'its AuxNet has no memory yet',
            );
          }
        }
      }
      await assertUpdates(blobs, warm, name === 'adamw');
      assert.equal(liveTensors(), before);
    });
  });
}

/** Every step of the run updated the network once; AdamW's own count says so. */
async function assertUpdates(
  blobs: BlobStore,
  tasks: ReadonlyMap<string, TaskSuccess>,
  counts: boolean,
): Promise<void> {
  const { slots } = await stateOf(blobs, tasks.get('end_to_end-1'), 'state');
  if (!counts) return;
  for (const [name, values] of slots.get('steps')!) {
    if (!name.startsWith('aux')) assert.equal(values[0], 4 * TINY_STEPS_PER_EPOCH, name);
  }
}

test('each AuxNet is fitted to the inputs its stage has in the warm network', async (t) => {
  await withBlobs(async (blobs) => {
    const spec = tinySpec({ epochs: 2, method: WARM });
    const outputs = (await runTraining(spec, blobs)).get('end_to_end-0')!.outputs;
    const run = describeRun(spec, TINY);
    const states = await Promise.all(
      run.stages.map(async ({ index }) => decodeState(await blobs.get(outputs[`state-${index}`]!.uri))),
    );
    const weights = new Map(states.flatMap((state) => [...state.weights]));
    const inputs: Record<string, BlobUri> = { dataset: (await storeTiny(blobs)).uri };
    const task = { key: 'probe', kind: 'evaluate', stage: null, round: 0 } as const;
    await withReaders(contextOf(task, { spec, blobs, inputs }), async (readers) => {
      const full = await TrainedNetwork.calibrate(
        wholeNetwork(run.network),
        weights,
        readers.train,
        spec.seed,
      );
      for (const { index, auxiliary } of run.stages.slice(1)) {
        const prefix = full.part(run.stages.slice(0, index).flatMap(({ layers }) => layers));
        const errorOf = async (values: OptimizerState['weights']) =>
          (await auxiliaryError(prefix, auxiliary!, values, readers, spec.seed)) ?? Number.NaN;
        const sent = decodeWeights(await blobs.get(outputs[`auxiliary-${index}`]!.uri));
        const start = await errorOf(initialValues(parametersOf(auxiliary!), spec.seed));
        const fitted = await errorOf(sent);
        for (const [name, values] of sent)
          assert.deepEqual(weights.get(name), values, 'state and message agree');
        // Making nothing but zeros has the error 1; noise images leave a fit far from perfect.
        assert.ok(fitted < 0.8 * start && start > 0.9, `stage ${index}: ${start} -> ${fitted}`);
        t.diagnostic(`AuxNet ${index}: relative error ${start.toFixed(3)} -> ${fitted.toFixed(3)}`);
        prefix.dispose();
      }
      full.dispose();
    });
  });
});
