import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlobUri, TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import { describeRun } from '../../../src/method/index.js';
import { type ParameterSpec, parametersOf, wholeNetwork } from '../../../src/network/index.js';
import { type PlannedTask, planTasks } from '../../../src/planning/tasks/task-graph.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { decodeState, encodeState } from '../../../src/trainer/checkpoint/index.js';
import { TrainerError } from '../../../src/trainer/errors.js';
import { withBlobs } from '../support/run-plan.js';
import { runTraining, runTrainingTask, TINY, tinySpec } from '../support/training-tasks.js';

const SPEC = tinySpec({ epochs: 1, exports: [], method: { type: 'augmented-lagrangian', stages: 2 } });
const NETWORK = parametersOf(wholeNetwork(describeRun(SPEC, TINY).network));

/** The figures of `finalize`, and the metrics it reported, for a network some of whose weights a test has set. */
async function finalized(
  blobs: BlobStore,
  stage: number,
  setTo: (parameter: ParameterSpec) => number | null,
): Promise<TaskSuccess> {
  const successes = await runTraining(SPEC, blobs);
  const task = planTasks(SPEC, TINY).find(({ key }) => key === 'finalize') as PlannedTask;
  const inputs: Record<string, BlobUri> = {};
  for (const [name, { task: producer, output }] of Object.entries(task.inputs))
    inputs[name] = successes.get(producer)!.outputs[output]!.uri;
  const state = decodeState(await blobs.get(inputs[`state-${stage}`]!));
  const own = NETWORK.filter(({ name }) => state.weights.has(name));
  const weights = new Map(
    own.map((parameter) => {
      const value = setTo(parameter);
      const values = state.weights.get(parameter.name)!;
      return [parameter.name, value === null ? values : values.map(() => value)];
    }),
  );
  const stored = await blobs.put(encodeState(own, { weights, slots: new Map() }));
  return runTrainingTask(task, { spec: SPEC, blobs, inputs: { ...inputs, [`state-${stage}`]: stored.uri } });
}

test('a job with a dead stage succeeds without the error of its AuxNet', async () => {
  await withBlobs(async (blobs) => {
    const dead = await finalized(blobs, 0, ({ name }) => (/norm2\/beta$/.test(name) ? -1e6 : null));
    assert.ok(!Object.keys(dead.result).some((name) => name.startsWith('auxiliary_error')));
    assert.ok(Object.values(dead.result).every(Number.isFinite), JSON.stringify(dead.result));
    const living = await finalized(blobs, 0, () => null);
    assert.ok(living.result.auxiliary_error_1! > 0);
  });
});

test('a test loss that is not finite fails the task with its code', async () => {
  await withBlobs(async (blobs) => {
    await assert.rejects(
      finalized(blobs, 1, ({ name }) => (/dense\/kernel$/.test(name) ? 3e38 : null)),
      (error) => error instanceof TrainerError && error.code === 'non_finite_loss',
    );
  });
});
