import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResolvedSpec } from '../../../src/contract/spec.js';
import type { BlobUri, TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import { isPipelined, stageOrder, trainsJointly } from '../../../src/method/index.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { decodeSafetensors, encodeSafetensors } from '../../../src/trainer/checkpoint/index.js';
import { withBlobs } from '../support/run-plan.js';
import type { SpecChanges } from '../support/specs.js';
import { correctionsOf, METHODS, runTrainingTask, storeTiny, tinySpec } from '../support/training-tasks.js';

// docs/method.md, check 10: what a round hands to the next is all there is. Ten steps, a checkpoint and ten more are
// bitwise twenty, across epochs of eight steps. The neighbour's messages are the same for both: in a whole run lower
// stages see the AuxNet of the end of each round, so there the length of a round is a choice of method (lag), and
// runs with other lengths differ by design.

type Method = (typeof METHODS)[number];
type Inputs = Record<string, BlobUri>;

const STEPS = 20;

interface Case {
  readonly name: string;
  readonly type: Method;
  readonly changes: SpecChanges;
}

/** Two moments and a count of updates to keep, and a rate of the AuxNets' own. */
const ADAMW: Case = {
  name: 'augmented-lagrangian by AdamW',
  type: 'augmented-lagrangian',
  changes: {
    optimizer: { type: 'adamw', learning_rate: 0.01 },
    method: { auxiliary: { learning_rate: 0.003 } },
  },
};
/** Methods whose stages have tasks of their own. Those of `stored` move their neighbours' inputs once a round. */
const STAGED = METHODS.filter((type) => !trainsJointly({ type, stages: 2 }) && type !== 'stored');
const CASES: readonly Case[] = [...STAGED.map((type): Case => ({ name: type, type, changes: {} })), ADAMW];

const specOf = ({ type, changes }: Case, roundSteps: number, endToEndShare = 0): ResolvedSpec =>
  tinySpec({
    epochs: endToEndShare === 0 ? 3 : 4,
    ...changes,
    method: {
      type,
      stages: type === 'backprop' ? 1 : 2,
      round_steps: roundSteps,
      end_to_end_share: endToEndShare,
      ...changes.method,
    },
  });

for (const each of CASES) {
  const { name } = each;
  test(`${name}: rounds of 10 + 10 steps are bitwise one of 20; a cold optimiser differs`, async (t) => {
    await withBlobs(async (blobs) => {
      const dataset = (await storeTiny(blobs)).uri;
      let messages: Inputs = {};
      for (const stage of stageOrder(specOf(each, STEPS).method)) {
        const inputs = { dataset, ...messages };
        const whole = await stageTask(blobs, specOf(each, STEPS), stage, 0, inputs);
        const first = await stageTask(blobs, specOf(each, 10), stage, 0, inputs);
        const second = await stageTask(blobs, specOf(each, 10), stage, 1, {
          ...inputs,
          state: first.outputs.state!.uri,
        });
        assert.deepEqual(second.outputs.state, whole.outputs.state, `stage ${stage}`);
        assert.deepEqual(second.outputs.auxiliary, whole.outputs.auxiliary);
        await assertSameSpools(blobs, [first, second], whole);
        for (const slot of await slotsOf(blobs, first.outputs.state!.uri)) {
          const cold = await stageTask(blobs, specOf(each, 10), stage, 1, {
            ...inputs,
            state: await withColdSlot(blobs, first.outputs.state!.uri, slot),
          });
          assert.notDeepEqual(cold.outputs.state, whole.outputs.state, `${slot} must matter`);
        }
        messages = messagesOf(whole);
        t.diagnostic(
          `check 10, ${name}, stage ${stage}: 10 + 10 steps bitwise equal 20; cold optimiser differs`,
        );
      }
    });
  });
}

for (const each of CASES.filter(({ type }) => type === 'augmented-lagrangian')) {
  test(`end to end, ${each.name}: rounds of 10 + 10 steps are bitwise one of 20`, async (t) => {
    await withBlobs(async (blobs) => {
      const dataset = (await storeTiny(blobs)).uri;
      // 32 steps, of which 20 end to end.
      const task = (roundSteps: number, round: number, inputs: Inputs) =>
        runTrainingTask(
          { key: `end_to_end-${round}-of-${roundSteps}`, kind: 'end_to_end', stage: null, round },
          { spec: specOf(each, roundSteps, STEPS / 32), blobs, inputs },
        );
      const whole = await task(STEPS, 0, { dataset });
      const first = await task(10, 0, { dataset });
      const second = await task(10, 1, { dataset, state: first.outputs.state!.uri });
      assert.deepEqual(second.outputs.state, whole.outputs.state);
      t.diagnostic(`check 10, end to end, ${each.name}: 10 + 10 steps bitwise equal 20`);
    });
  });
}

// A pipeline drains at the end of each round, so that its rounds are part of its result.
const UNDRAINED = METHODS.map((type) => ({ type, stages: 2 })).filter(
  (method) => trainsJointly(method) && !isPipelined(method),
);
for (const { type } of UNDRAINED) {
  test(`${type}, all stages in one task: rounds of 10 + 10 steps are bitwise one of 20`, async (t) => {
    await withBlobs(async (blobs) => {
      const dataset = (await storeTiny(blobs)).uri;
      const task = (roundSteps: number, round: number, inputs: Inputs) =>
        runTrainingTask(
          { key: `stage-${round}-of-${roundSteps}`, kind: 'stage', stage: null, round },
          { spec: specOf({ name: type, type, changes: {} }, roundSteps), blobs, inputs },
        );
      const whole = await task(STEPS, 0, { dataset });
      const first = await task(10, 0, { dataset });
      const states = Object.entries(first.outputs).filter(([name]) => name.startsWith('state-'));
      const inputs = Object.fromEntries(states.map(([name, { uri }]) => [name, uri]));
      assert.deepEqual((await task(10, 1, { ...inputs, dataset })).outputs, whole.outputs);
      t.diagnostic(`check 10, ${type}: 10 + 10 steps bitwise equal 20`);
    });
  });
}

function stageTask(
  blobs: BlobStore,
  spec: ResolvedSpec,
  stage: number,
  round: number,
  inputs: Inputs,
): Promise<TaskSuccess> {
  // The key names the spool file: one for every run of the test.
  const key = `stage-${stage}-${round}-of-${spec.method.round_steps}${inputs.state?.slice(-8) ?? ''}`;
  return runTrainingTask({ key, kind: 'stage', stage, round }, { spec, blobs, inputs });
}

/** Outputs of a stage that a neighbor reads. */
function messagesOf({ outputs }: TaskSuccess): Inputs {
  const names = ['auxiliary', 'corrections', 'features'].filter((name) => outputs[name]);
  return Object.fromEntries(names.map((name) => [name, outputs[name]!.uri]));
}

/** A tensor a step: corrections up, or features down. */
async function assertSameSpools(
  blobs: BlobStore,
  parts: readonly TaskSuccess[],
  whole: TaskSuccess,
): Promise<void> {
  const spoolOf = ({ outputs }: TaskSuccess) => outputs.corrections ?? outputs.features;
  const read = async (success: TaskSuccess) => {
    const spool = spoolOf(success);
    return spool ? await correctionsOf(spool.uri, blobs) : [];
  };
  const joined = (await Promise.all(parts.map(read))).flat();
  assert.deepEqual(joined, await read(whole));
  if (spoolOf(whole)) assert.equal(joined.length, STEPS);
}

/** Names of the optimizer state beside the weights: `momentum`, or `first_moment`, `second_moment` and `steps`. */
async function slotsOf(blobs: BlobStore, state: BlobUri): Promise<string[]> {
  const { tensors } = decodeSafetensors(await blobs.get(state));
  const slots = new Set([...tensors.keys()].map((name) => name.slice(0, name.indexOf('/'))));
  slots.delete('weights');
  assert.ok(slots.size > 0);
  return [...slots];
}

/** The same state, but for zero in all that `slot` holds. */
async function withColdSlot(blobs: BlobStore, state: BlobUri, slot: string): Promise<BlobUri> {
  const { tensors } = decodeSafetensors(await blobs.get(state));
  for (const [name, { values }] of tensors) if (name.startsWith(`${slot}/`)) values.fill(0);
  return (await blobs.put(encodeSafetensors(tensors))).uri;
}
