import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResolvedSpec } from '../../../src/contract/spec.js';
import type { TaskOutput, TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import { roundsOf } from '../../../src/method/rounds.js';
import {
  carriedOutputs,
  endOfTraining,
  extendedSpec,
  planExtension,
} from '../../../src/planning/tasks/extension.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { createFolderStore } from '../../../src/storage/folder-store.js';
import { temporaryFolder } from '../../provision/temporary.js';

import { runTraining, runTrainingTask, storeTiny, TINY, tinySpec } from '../support/training-tasks.js';

/** The states in which these tasks end, by the names under which finalize reads them. */
function statesOf(spec: ResolvedSpec, done: ReadonlyMap<string, TaskSuccess>): Map<string, TaskOutput> {
  return new Map(
    [...endOfTraining(spec, TINY, null)].map(([name, { task, output }]) => {
      return [name, done.get(task)?.outputs[output] ?? assert.fail(`${task} has no ${output}`)];
    }),
  );
}

/** Trains `spec`, and then the epochs that `added` adds. */
async function trainedAndExtended(
  blobs: BlobStore,
  spec: ResolvedSpec,
  added: { epochs: number; rewarm: boolean },
) {
  const before = statesOf(spec, await runTraining(spec, blobs));
  const extended = extendedSpec(spec, TINY, added);
  const outputs = carriedOutputs(spec, extended, TINY, before) ?? assert.fail('it can be extended');
  const steps = roundsOf(spec, TINY).totalSteps;
  const done = new Map<string, TaskSuccess>();
  const success = (made: Readonly<Record<string, TaskOutput>>) => ({
    ...{ outputs: made, seconds: {}, artifacts: [], result: {} },
  });
  let trained = 0;
  for (const task of planExtension(extended, TINY, { steps, outputs })) {
    if ('made' in task) done.set(task.key, success(task.made));
    else if (task.kind === 'prepare') done.set(task.key, success({ dataset: await storeTiny(blobs) }));
    else if (task.kind === 'stage' || task.kind === 'end_to_end') {
      const inputs = Object.entries(task.inputs).map(([name, { task: key, output }]) => {
        return [
          name,
          done.get(key)?.outputs[output]?.uri ?? assert.fail(`${task.key} lacks ${name}`),
        ] as const;
      });
      const run = { spec: extended, blobs, inputs: Object.fromEntries(inputs) };
      done.set(task.key, await runTrainingTask(task, run));
      trained += 1;
    }
  }
  return { extended, states: statesOf(extended, done), trained };
}

const uris = (states: ReadonlyMap<string, TaskOutput>) =>
  Object.fromEntries([...states].map(([name, { uri }]) => [name, uri]));

const schedule = { type: 'constant' } as const;
/** Adam's memory counts steps: one that begins anew would make other weights. */
const optimizer = { type: 'adamw', learning_rate: 0.01, momentum: null, schedule } as const;
const JOBS = {
  'backprop in one stage': { method: { type: 'backprop', stages: 1 } },
  'pipeline of two stages': { method: { type: 'pipeline', stages: 2 } },
  'augmented Lagrangian without an end-to-end phase': {
    method: { type: 'augmented-lagrangian', stages: 2 },
  },
  'augmented Lagrangian, whose end-to-end phase goes on': {
    method: { type: 'augmented-lagrangian', stages: 2, end_to_end_share: 0.5 },
  },
  'penalty, whose stages read AuxNets of the round before': { method: { type: 'penalty', stages: 2 } },
  'a last round that is shorter than the others': { method: { type: 'backprop', stages: 1, round_steps: 5 } },
} as const;

for (const [name, changes] of Object.entries(JOBS)) {
  test(`2 epochs and 2 more are bitwise 4: ${name}`, async (t) => {
    const blobs = createFolderStore(await temporaryFolder(t));
    const spec = tinySpec({ ...changes, epochs: 2, optimizer });
    const { extended, states, trained } = await trainedAndExtended(blobs, spec, { epochs: 2, rewarm: false });
    const { stages, end_to_end_share: share } = spec.method;
    // The job that somebody would have submitted for all epochs, with the same phases.
    const whole = tinySpec({
      ...changes,
      epochs: 4,
      optimizer,
      method: { ...changes.method, end_to_end_share: share === 0 ? 0 : 0.75 },
    });
    assert.equal(extended.method.end_to_end_share, whole.method.end_to_end_share);
    assert.deepEqual(uris(states), uris(statesOf(whole, await runTraining(whole, blobs))));
    assert.ok(trained > 0 && trained <= 2 * stages * 2, `${trained} tasks for the added epochs only`);
  });
}

test('a schedule that begins again: an extension is bitwise a run with restart_epochs', async (t) => {
  const blobs = createFolderStore(await temporaryFolder(t));
  const cosine = { ...optimizer, schedule: { type: 'cosine', warmup_epochs: 0.5 } } as const;
  const method = { type: 'backprop', stages: 1 } as const;
  const spec = tinySpec({ method, epochs: 2, optimizer: cosine });
  const { states } = await trainedAndExtended(blobs, spec, { epochs: 1, rewarm: true });
  const restarted = { ...cosine, schedule: { ...cosine.schedule, restart_epochs: [2] } };
  const whole = tinySpec({ method, epochs: 3, optimizer: restarted });
  assert.deepEqual(uris(states), uris(statesOf(whole, await runTraining(whole, blobs))));
  const plain = tinySpec({ method, epochs: 3, optimizer: cosine });
  assert.notDeepEqual(uris(states), uris(statesOf(plain, await runTraining(plain, blobs))));
});

test('an extension needs every state that its tasks read, and variables of samples are none', async () => {
  const spec = tinySpec({ method: { type: 'stored', stages: 2 }, epochs: 2, optimizer });
  const extended = extendedSpec(spec, TINY, { epochs: 1, rewarm: false });
  const state = { uri: `sha256:${'0'.repeat(64)}`, size_bytes: 1 } as const;
  const states = new Map([...endOfTraining(spec, TINY, null).keys()].map((name) => [name, state]));
  assert.equal(carriedOutputs(spec, extended, TINY, states), null);
  assert.equal(carriedOutputs(spec, extended, TINY, new Map()), null);
});

test('milestones of a step schedule stay at their step when the run gets longer', () => {
  const steps = { ...optimizer, schedule: { type: 'step' as const, milestones: [0.5, 0.75] } };
  const spec = tinySpec({ method: { type: 'backprop', stages: 1 }, epochs: 4, optimizer: steps });
  const extended = extendedSpec(spec, TINY, { epochs: 4, rewarm: false });
  assert.deepEqual(extended.optimizer.schedule.milestones, [0.25, 0.375]);
  const cosine = tinySpec({ method: { type: 'backprop', stages: 1 }, epochs: 4 });
  const without = extendedSpec(cosine, TINY, { epochs: 4, rewarm: false });
  assert.deepEqual(without.optimizer.schedule.milestones, [0.5, 0.75], 'another schedule has none to move');
});
