import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { liveTensors } from '../../../src/trainer/runtime/index.js';
import { withBlobs } from '../support/run-plan.js';
import type { SpecChanges } from '../support/specs.js';
import { contentsOf, METHODS, runTraining, tinySpec } from '../support/training-tasks.js';

// docs/method.md, "What passes keep", in whole jobs: wide networks with dropout, K-FAC and phases of the joined network.

type Method = NonNullable<SpecChanges['method']>;

/** Blobs of the states and messages of every task, by their contents. */
async function trained(
  method: Method,
  blobs: BlobStore,
  changes: SpecChanges = {},
): Promise<Record<string, unknown>> {
  const spec = tinySpec({
    model: { family: 'wide-resnet', depth: 16, width: 1, dropout: 0.2 },
    epochs: 2,
    ...changes,
    method: { stages: method.type === 'backprop' ? 1 : 2, end_to_end_share: 0.5, ...method },
  });
  const before = liveTensors();
  const successes = await runTraining(spec, blobs);
  assert.equal(liveTensors(), before);
  const entries = [...successes].map(async ([key, success]: [string, TaskSuccess]) => [
    key,
    await contentsOf(success, blobs),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

for (const type of METHODS) {
  test(`${type}: a job whose passes compute features again stores bitwise the same states and messages`, async () => {
    await withBlobs(async (blobs) => {
      const method: Method =
        type === 'backprop' || type === 'stored' ? { type, end_to_end_share: null } : { type };
      const again = await trained({ ...method, memory: 'recompute' }, blobs);
      assert.deepEqual(again, await trained(method, blobs));
      const rounded = await trained({ ...method, memory: 'int8' }, blobs);
      assert.notDeepEqual(rounded, again);
    });
  });
}

test('K-FAC makes the same factors from features that are computed again', async () => {
  await withBlobs(async (blobs) => {
    const changes: SpecChanges = {
      optimizer: { type: 'kfac', factor_interval: 2 },
      model: { depth: 20, width: 2 },
    };
    const method: Method = { type: 'augmented-lagrangian' };
    const again = await trained({ ...method, memory: 'recompute' }, blobs, changes);
    assert.deepEqual(again, await trained(method, blobs, changes));
  });
});
