import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeRun } from '../../../src/method/index.js';
import { parametersOf, wholeNetwork } from '../../../src/network/index.js';
import { decodeState } from '../../../src/trainer/checkpoint/index.js';
import { initialValues, inMemory } from '../../../src/trainer/optimizer/index.js';
import { joinedState } from '../../../src/trainer/tasks/inputs/states-before.js';
import { withBlobs } from '../support/run-plan.js';
import { contextOf, runTraining, storeTiny, TINY, tinySpec } from '../support/training-tasks.js';

// Oracle of method.type frozen.

for (const type of ['sgd', 'adamw'] as const) {
  test(`frozen, ${type}: lower stages are joined as they started, the last as it was trained`, async () => {
    await withBlobs(async (blobs) => {
      const spec = tinySpec({
        epochs: 2,
        optimizer: { type },
        method: { type: 'frozen', stages: 3, end_to_end_share: 0.5, end_to_end_replicas: 1 },
      });
      const run = await runTraining(spec, blobs);
      assert.deepEqual([...run.keys()], ['prepare', 'stage-2-0', 'end_to_end-0']);
      const { uri } = run.get('stage-2-0')!.outputs.state!;
      const inputs = { dataset: (await storeTiny(blobs)).uri, 'state-2': uri };
      const task = { key: 'end_to_end-0', kind: 'end_to_end', stage: null, round: 0 } as const;
      const description = describeRun(spec, TINY);
      const parameters = parametersOf(wholeNetwork(description.network));
      const context = contextOf(task, { spec, blobs, inputs });
      const joined = inMemory(await joinedState(context, description, parameters));
      const trained = decodeState(await blobs.get(uri)).weights;
      const start = initialValues(parameters, spec.seed);
      const last = new Set(parametersOf(description.stages[2]!.layers).map(({ name }) => name));
      let moved = 0;
      for (const { name } of parameters) {
        assert.deepEqual(joined.weights.get(name), (last.has(name) ? trained : start).get(name), name);
        if (joined.weights.get(name)!.some((value, index) => value !== start.get(name)![index])) moved++;
      }
      assert.equal(moved, last.size, 'the last stage trained, the others did not');
      const ended = decodeState(await blobs.get(run.get('end_to_end-0')!.outputs.state!.uri)).weights;
      for (const { name } of parameters) assert.notDeepEqual(ended.get(name), joined.weights.get(name), name);
    });
  });
}
