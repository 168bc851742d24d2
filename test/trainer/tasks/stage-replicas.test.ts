import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlobUri, TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import { INITIAL_INPUT } from '../../../src/contract/trainer-protocol.js';
import { describeRun } from '../../../src/method/index.js';
import { parametersOf, wholeNetwork } from '../../../src/network/index.js';
import { planTasks } from '../../../src/planning/tasks/task-graph.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { decodeState, decodeWeights } from '../../../src/trainer/checkpoint/index.js';
import { inMemory, type NamedValues } from '../../../src/trainer/optimizer/index.js';
import { initialWeights, readWeights } from '../../../src/trainer/tasks/inputs/states.js';
import { joinedState, stageState } from '../../../src/trainer/tasks/inputs/states-before.js';
import { plainMean } from '../support/plain-mean.js';
import { withBlobs } from '../support/run-plan.js';
import { contextOf, runTraining, runTrainingTask, TINY, tinySpec } from '../support/training-tasks.js';

// Oracle of method.replicas.
// docs/method.md, "Replicas of a stage".

const REPLICAS = 4;

/** Two stages of eight steps at one rate throughout, in rounds of so many steps. */
const specOf = (
  type: 'penalty' | 'augmented-lagrangian' | 'local-heads',
  replicas: number,
  roundSteps: number,
) =>
  tinySpec({
    epochs: 1,
    optimizer: { learning_rate: 0.05, momentum: 0.9, schedule: { type: 'constant' } },
    method: { type, stages: 2, replicas, round_steps: roundSteps },
  });

type Inputs = Readonly<Record<string, BlobUri>>;

/** The training of a job, with the inputs of each of its tasks. */
async function trained(spec: ReturnType<typeof specOf>, blobs: BlobStore) {
  const inputs = new Map<string, Inputs>();
  const successes = await runTraining(spec, blobs, async (task, options) => {
    inputs.set(task.key, options.inputs);
    return await runTrainingTask(task, options);
  });
  return { successes, inputs };
}

const stateOf = async (blobs: BlobStore, success: TaskSuccess) =>
  decodeState(await blobs.get(success.outputs.state!.uri));

for (const type of ['penalty', 'augmented-lagrangian', 'local-heads'] as const) {
  test(`${type}: a replica makes the step of its own batch, with the message about it, as a task of that step alone does`, async () => {
    await withBlobs(async (blobs) => {
      const { successes, inputs } = await trained(specOf(type, REPLICAS, REPLICAS), blobs);
      const alone = specOf(type, 1, 1);
      // Stage by stage in the order of their messages; each task reads what a task of the same step alone sent.
      const order = planTasks(alone, TINY).filter(({ kind }) => kind === 'stage');
      for (let replica = 0; replica < REPLICAS; replica++) {
        const sent: Record<string, BlobUri> = {};
        for (const { stage } of order.slice(0, 2)) {
          const key = `stage-${stage}-0-${replica}`;
          const own = inputs.get(key)!;
          // Weights of the neighbor's AuxNet are those that all replicas read.
          const given = {
            ...own,
            ...Object.fromEntries(
              Object.keys(own).flatMap((name) => (sent[name] ? [[name, sent[name]]] : [])),
            ),
          };
          const task = { key: `alone-${stage}-${replica}`, kind: 'stage', stage, round: replica } as const;
          const success = await runTrainingTask(task, { spec: alone, blobs, inputs: given });
          for (const [name, { uri }] of Object.entries(success.outputs))
            if (name === 'corrections' || name === 'features') sent[name] = uri;
          assert.deepEqual(await stateOf(blobs, successes.get(key)!), await stateOf(blobs, success), key);
        }
        assert.equal(Object.keys(sent).length, type === 'penalty' ? 0 : 1, 'what the method sends a batch');
      }
    });
  });

  test(`${type}: each reader of a round takes the plain mean of its replicas`, async () => {
    await withBlobs(async (blobs) => {
      const spec = specOf(type, 2, 4);
      const { successes, inputs } = await trained(spec, blobs);
      const run = describeRun(spec, TINY);
      const meanOf = async (output: string, stage: number, round: number): Promise<NamedValues> =>
        plainMean(
          await Promise.all(
            [0, 1].map(async (replica) => {
              const bytes = await blobs.get(
                successes.get(`stage-${stage}-${round}-${replica}`)!.outputs[output]!.uri,
              );
              return output === 'state' ? decodeState(bytes).weights : decodeWeights(bytes);
            }),
          ),
        );
      for (const stage of [0, 1]) {
        for (const replica of [0, 1]) {
          const key = `stage-${stage}-1-${replica}`;
          const context = contextOf(
            { key, kind: 'stage', stage, round: 1, replica },
            { spec, blobs, inputs: inputs.get(key)! },
          );
          const before = await stageState(context, run.stages[stage]!);
          assert.deepEqual(inMemory(before).weights, await meanOf('state', stage, 0), key);
          if (stage === 1 || type === 'local-heads') continue;
          const sentIn = type === 'penalty' ? 0 : 1;
          assert.deepEqual(
            await readWeights(context, 'auxiliary'),
            await meanOf('auxiliary', 1, sentIn),
            `${key} reads the AuxNet`,
          );
        }
      }
      const finalize = planTasks(spec, TINY).at(-1)!;
      const last = Object.fromEntries(
        Object.entries(finalize.inputs).map(([name, { task, output }]) => [
          name,
          successes.get(task)!.outputs[output]!.uri,
        ]),
      );
      const whole = parametersOf(wholeNetwork(run.network));
      const atEnd = contextOf(
        { key: 'finalize', kind: 'finalize', stage: null, round: null },
        { spec, blobs, inputs: last },
      );
      const joined = inMemory(await joinedState(atEnd, run, whole)).weights;
      const expected = new Map([...(await meanOf('state', 0, 1)), ...(await meanOf('state', 1, 1))]);
      for (const { name } of whole) assert.deepEqual(joined.get(name), expected.get(name), name);
      // A job that starts from this round finds the states of stage 0 first, each with its replicas.
      const parts = [0, 1].flatMap((stage) =>
        [0, 1].map((replica) => successes.get(`stage-${stage}-1-${replica}`)!),
      );
      const initial = Object.fromEntries(
        parts.map(({ outputs }, index) => [`${INITIAL_INPUT}${index}`, outputs.state!.uri]),
      );
      const next = tinySpec({
        method: { type, stages: 2 },
        seed: 5,
        init_from: { checkpoint: 'job_1-round-1', head: 'keep' },
      });
      const task = { key: 'stage-0-0', kind: 'stage', stage: 0, round: 0 } as const;
      const started = contextOf(task, { spec: next, blobs, inputs: initial });
      const weights = await initialWeights(started, whole);
      for (const { name } of whole)
        assert.deepEqual(weights.get(name), expected.get(name), `${name} of the next job`);
    });
  });
}
