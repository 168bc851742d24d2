import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlobUri } from '../../../src/contract/trainer-protocol.js';
import { BlobMissingError } from '../../../src/storage/errors.js';
import { CarriedState } from '../../../src/trainer/tasks/carried-state.js';
import { withBlobs } from '../support/run-plan.js';
import type { SpecChanges } from '../support/specs.js';
import { contentsOf, runTraining, runTrainingTask, tinySpec } from '../support/training-tasks.js';

const JOBS: readonly SpecChanges[] = [
  { epochs: 3, method: { type: 'backprop', stages: 1, end_to_end_share: 0.34 } },
  { epochs: 3, method: { type: 'augmented-lagrangian', stages: 2, end_to_end_share: 0.34 } },
  { epochs: 3, optimizer: { type: 'adamw' }, method: { type: 'local-heads', stages: 2 } },
];

test('a trainer that carries its state over makes the same blobs as those that read it', async () => {
  await withBlobs(async (blobs) => {
    for (const changes of JOBS) {
      const spec = tinySpec(changes);
      // A stage a trainer, as where each has a slot.
      const trainers = new Map<number | null, CarriedState>();
      const carrying = await runTraining(spec, blobs, (task, options) => {
        const carried = trainers.get(task.stage) ?? new CarriedState();
        trainers.set(task.stage, carried);
        return runTrainingTask(task, { ...options, carried });
      });
      const reading = await runTraining(spec, blobs);
      for (const [key, success] of reading)
        assert.deepEqual(await contentsOf(carrying.get(key)!, blobs), await contentsOf(success, blobs), key);
    }
  });
});

test('a carried state is not read, and serves one attempt: the next attempt reads the blob', async () => {
  await withBlobs(async (blobs) => {
    const carried = new CarriedState();
    const spec = tinySpec({ epochs: 2, method: { type: 'backprop', stages: 1 } });
    const contents: unknown[] = [];
    await runTraining(spec, blobs, async (task, options) => {
      const state = options.inputs.state;
      const read: BlobUri[] = [];
      const watched = {
        ...blobs,
        get: (uri: BlobUri) => {
          read.push(uri);
          return blobs.get(uri);
        },
        localPath: (uri: BlobUri) => {
          read.push(uri);
          return blobs.localPath(uri);
        },
      };
      const success = await runTrainingTask(task, { ...options, blobs: watched, carried });
      if (state === undefined) return success;
      assert.ok(!read.includes(state));
      // Keeps another state now: this attempt finds what the first one found.
      const again = await runTrainingTask(task, { ...options, blobs: watched, attempt: 2, carried });
      assert.ok(read.includes(state));
      contents.push(await contentsOf(success, blobs), await contentsOf(again, blobs));
      return again;
    });
    assert.equal(contents.length, 2);
    assert.deepEqual(contents[0], contents[1]);
  });
});

test('a state other than the carried one is read, or reported as missing', async () => {
  await withBlobs(async (blobs) => {
    const carried = new CarriedState();
    const spec = tinySpec({ epochs: 2, method: { type: 'backprop', stages: 1 } });
    const gone = `sha256:${'0'.repeat(64)}` as const;
    await runTraining(spec, blobs, async (task, options) => {
      const { state } = options.inputs;
      if (state !== undefined) {
        const inputs = { ...options.inputs, state: gone };
        await assert.rejects(runTrainingTask(task, { ...options, inputs, carried }), BlobMissingError);
        assert.equal(carried.take(state), null, 'it was dropped');
      }
      return runTrainingTask(task, { ...options, carried });
    });
  });
});
