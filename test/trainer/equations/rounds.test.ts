import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResolvedSpec } from '../../../src/contract/spec.js';
import type { BlobUri, TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { decodeState, encodeState } from '../../../src/trainer/checkpoint/index.js';
import { startingSlots, updateRuleOf } from '../../../src/trainer/optimizer/index.js';
import { describeRun, stageParameters } from '../../../src/trainer/tasks/run-description.js';
import { withBlobs } from '../support/run-plan.js';
import {
  correctionsOf,
  METHODS,
  runTrainingTask,
  storeTiny,
  TINY,
  tinySpec,
} from '../support/training-tasks.js';

// docs/method.md, check 10: what a round hands to the next is all there is. Ten steps, a checkpoint and ten more are
// bitwise twenty, across epochs of eight steps. The neighbour's messages are the same for both: in a whole run lower
// stages see the AuxNet of the end of each round, so there the length of a round is a choice of method (lag), and
// runs with other lengths differ by design.

type Method = (typeof METHODS)[number];
type Inputs = Record<string, BlobUri>;

const STEPS = 20;
const specOf = (type: Method, roundSteps: number, endToEndShare = 0): ResolvedSpec =>
  tinySpec({
    epochs: endToEndShare === 0 ? 3 : 4,
    method: {
      type,
      stages: type === 'backprop' ? 1 : 2,
      round_steps: roundSteps,
      end_to_end_share: endToEndShare,
    },
  });

for (const type of METHODS) {
  test(`${type}: rounds of 10 + 10 steps are bitwise one of 20; a cold optimiser differs`, async (t) => {
    await withBlobs(async (blobs) => {
      const dataset = (await storeTiny(blobs)).uri;
      let messages: Inputs = {};
      for (const stage of type === 'backprop' ? [0] : [1, 0]) {
        const inputs = { dataset, ...messages };
        const whole = await stageTask(blobs, specOf(type, STEPS), stage, 0, inputs);
        const first = await stageTask(blobs, specOf(type, 10), stage, 0, inputs);
        const second = await stageTask(blobs, specOf(type, 10), stage, 1, {
          ...inputs,
          state: first.outputs.state!.uri,
        });
        assert.deepEqual(second.outputs.state, whole.outputs.state, `stage ${stage}`);
        assert.deepEqual(second.outputs.auxiliary, whole.outputs.auxiliary);
        await assertSameCorrections(blobs, [first, second], whole);
        const cold = await stageTask(blobs, specOf(type, 10), stage, 1, {
          ...inputs,
          state: await withoutMomentum(blobs, specOf(type, 10), stage, first.outputs.state!.uri),
        });
        assert.notDeepEqual(cold.outputs.state, whole.outputs.state, 'momentum must matter');
        messages = messagesOf(whole);
        t.diagnostic(
          `check 10, ${type}, stage ${stage}: 10 + 10 steps bitwise equal 20; cold optimiser differs`,
        );
      }
    });
  });
}

test('end to end: rounds of 10 + 10 steps are bitwise one of 20', async (t) => {
  await withBlobs(async (blobs) => {
    const dataset = (await storeTiny(blobs)).uri;
    // 32 steps, of which 20 end to end.
    const task = (roundSteps: number, round: number, inputs: Inputs) =>
      runTrainingTask(
        { key: `end_to_end-${round}-of-${roundSteps}`, kind: 'end_to_end', stage: null, round },
        { spec: specOf('augmented-lagrangian', roundSteps, STEPS / 32), blobs, inputs },
      );
    const whole = await task(STEPS, 0, { dataset });
    const first = await task(10, 0, { dataset });
    const second = await task(10, 1, { dataset, state: first.outputs.state!.uri });
    assert.deepEqual(second.outputs.state, whole.outputs.state);
    t.diagnostic('check 10, end to end: 10 + 10 steps bitwise equal 20');
  });
});

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

/** What the stage below reads of a stage's outputs. */
function messagesOf({ outputs }: TaskSuccess): Inputs {
  const names = ['auxiliary', 'corrections'].filter((name) => outputs[name]);
  return Object.fromEntries(names.map((name) => [name, outputs[name]!.uri]));
}

async function assertSameCorrections(
  blobs: BlobStore,
  parts: readonly TaskSuccess[],
  whole: TaskSuccess,
): Promise<void> {
  const read = async ({ outputs }: TaskSuccess) =>
    outputs.corrections ? await correctionsOf(outputs.corrections.uri, blobs) : [];
  const joined = (await Promise.all(parts.map(read))).flat();
  assert.deepEqual(joined, await read(whole));
  if (whole.outputs.corrections) assert.equal(joined.length, STEPS);
}

/** The same state with its optimiser forgotten. */
async function withoutMomentum(
  blobs: BlobStore,
  spec: ResolvedSpec,
  stage: number,
  state: BlobUri,
): Promise<BlobUri> {
  const parameters = stageParameters(describeRun(spec, TINY).stages[stage]!);
  const { weights } = decodeState(await blobs.get(state));
  const slots = startingSlots(parameters, updateRuleOf(spec.optimizer));
  return (await blobs.put(encodeState(parameters, { weights, slots }))).uri;
}
